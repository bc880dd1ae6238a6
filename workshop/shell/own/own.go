// Package own is the command sigwalk of the workshop shell: what sigwalk does beside the tools that it stands in for, by
// the name that it has in a real terminal.
package own

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Command is the built-in.
type Command struct{}

// Name implements builtin.Builtin.
func (Command) Name() string { return "sigwalk" }

// Summary implements builtin.Builtin.
func (Command) Summary() string {
	return "organization, technical-user, token, tags, tree, ci, verify, explain, recover, pack, trust, sandbox tamper, sandbox race"
}

// Run implements builtin.Builtin.
func (Command) Run(ctx context.Context, call *builtin.Call) error {
	c := &command{call: call}
	root := &cobra.Command{
		Use: "sigwalk", Short: "What sigwalk does beside the other tools, as built into the workshop shell",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetArgs(call.Args)
	root.SetIn(call.Stdin)
	root.SetOut(call.Stdout)
	root.SetErr(call.Stderr)
	root.PersistentFlags().StringVarP(&c.output, "output", "o", "text", "form of the result: text or json")
	root.AddCommand(c.token(), c.organization(), c.technicalUser(), c.tags(), c.tree(), c.ci(), c.recover(), c.pack(), c.verify(), c.explain(), c.trust(), c.sandbox())
	err := root.ExecuteContext(ctx)
	var exit builtin.Exit
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return exit
	}
	call.Failed(err)
	_, _ = io.WriteString(call.Stderr, builtin.Describe("sigwalk: ", err))
	return builtin.Exit(builtin.Code(err))
}

// command is one call.
type command struct {
	call   *builtin.Call
	output string
}

func (c *command) token() *cobra.Command {
	return &cobra.Command{
		Use:   "token [FILE]",
		Short: "Read an identity token, and foretell whether Fulcio takes it and whom the certificate will name",
		Long: `The token is that of FILE (- for standard input), else of SIGSTORE_ID_TOKEN or the CI system, as cosign finds it.
It is never printed. Exit code 1 when Fulcio will refuse it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.inspect(cmd.Context(), args) },
	}
}

func (c *command) inspect(ctx context.Context, args []string) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	raw, err := c.readToken(ctx, clients, args)
	if err != nil {
		return err
	}
	token, err := identity.Parse(raw)
	if err != nil {
		return err
	}
	report, err := inspect.Inspect(ctx, token, inspect.Options{
		Fulcio: clients.Endpoints.Fulcio, Transport: clients.Transport, Clock: c.call.Clock,
	})
	if err != nil {
		return err
	}
	c.call.Keep(report)
	if err := c.print(report, report.Text); err != nil {
		return err
	}
	if report.Verdict == inspect.Refused {
		return builtin.Exit(1)
	}
	return nil
}

// print writes a result in the form that was asked for.
func (c *command) print(value any, text func() string) error {
	switch c.output {
	case "text":
		_, err := io.WriteString(c.call.Stdout, text())
		return err
	case "json":
		out := json.NewEncoder(c.call.Stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(value)
	}
	return builtin.Usage("--output %s: choose text or json", c.output)
}

// readToken is the token of the file, of standard input, or of the place as cosign would find it.
func (c *command) readToken(ctx context.Context, clients *builtin.Clients, args []string) (actions.Secret, error) {
	if len(args) == 0 {
		place, err := clients.Ambient()
		if err != nil {
			return actions.Secret{}, err
		}
		token, _, err := ambient.Token(ctx, place, "")
		if err == nil && token.IsZero() {
			err = &actions.Error{
				Code: actions.CodeNoToken, What: "there is no identity token to read",
				Why:  "no file was named, SIGSTORE_ID_TOKEN is not set, and no CI system offers one here",
				Next: "source ./get-access-token.sh, which sets it, name the file that holds the token, or give - and the token on standard input",
			}
		}
		return token, err
	}
	if args[0] == "-" {
		text, err := io.ReadAll(io.LimitReader(c.call.Stdin, inspect.LongestToken))
		return actions.NewSecret(string(text)), err
	}
	text, err := c.call.Files.ReadFile(c.call.Dir, args[0])
	return actions.NewSecret(string(text)), err
}
