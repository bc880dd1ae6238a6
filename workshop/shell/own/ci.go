package own

import (
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/ci"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func (c *command) ci() *cobra.Command {
	cmd := &cobra.Command{Use: "ci", Short: "Write a pipeline that signs, or find the traps in one"}
	cmd.AddCommand(c.pipeline(ci.GitHub, ci.GitHubIssuer), c.pipeline(ci.GitLab, ci.GitLabIssuer), c.lint())
	return cmd
}

func (c *command) pipeline(system, issuer string) *cobra.Command {
	settings := ci.Settings{Issuer: issuer, Cosign: ci.CosignVersion}
	cmd := &cobra.Command{
		Use:   system,
		Short: "Write a pipeline that builds, signs and verifies at the deployment in force",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			clients, err := c.call.Connect(c.call.Observer)
			if err != nil {
				return err
			}
			defer clients.Close()
			settings.Endpoints = clients.Endpoints
			if settings.Audience == "" {
				audience, remark, err := ci.Audience(cmd.Context(), &http.Client{Transport: clients.Transport}, settings)
				if err != nil {
					return err
				}
				settings.Audience = audience
				if remark != "" {
					_, _ = io.WriteString(c.call.Stderr, "sigwalk: "+remark+"\n")
				}
			}
			text, err := ci.Write(system, settings)
			if err == nil {
				_, err = io.WriteString(c.call.Stdout, text)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&settings.Image, "image", "", "repository to push to, without a tag")
	cmd.Flags().StringVar(&settings.Audience, "audience", "", "for whom the token must be; without it, Fulcio is asked")
	return cmd
}

func (c *command) lint() *cobra.Command {
	var options ci.Options
	cmd := &cobra.Command{
		Use:   "lint FILE",
		Short: "Find the traps in a pipeline that signs; exit code 1 when there are any",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			in := c.call.Stdin
			if args[0] != "-" {
				file, err := c.call.Files.Open(c.call.Dir, args[0])
				if err != nil {
					return &actions.Error{Code: actions.CodeUsage, What: args[0] + " cannot be read", Err: err, Next: "name a file of the lesson's directory"}
				}
				defer func() { _ = file.Close() }()
				in = file
			}
			found, err := ci.Lint(in, options)
			if err != nil {
				return err
			}
			text := func() string { return ci.Text(args[0], found) }
			if err := c.print(found, text); err != nil {
				return err
			}
			if len(found) > 0 {
				return builtin.Exit(1)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&options.Audience, "audience", "", "the client that Fulcio's configuration names for the CI system")
	return cmd
}
