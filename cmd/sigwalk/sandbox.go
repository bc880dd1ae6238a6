package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

func (a *app) sandboxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a whole local Sigstore, for sigwalk and for other tools",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.sandboxUp(), a.sandboxEnv(), a.sandboxStatus(), a.sandboxReset(), a.sandboxTamper())
	return cmd
}

func (a *app) sandboxUp() *cobra.Command {
	var opts sandbox.Options
	var issuer sandbox.Issuer
	var authorities string
	var untilUnused bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the sandbox in the foreground; it prints ready when every server answers",
		Long: `Run the sandbox in the foreground; it prints ready when every server answers.

With --oidc-issuer its Fulcio trusts one more identity provider beside its own, at this start and every later one, until
the sandbox is reset: a token for the client --oidc-client-id with a verified e-mail address gets a certificate, or with
--oidc-type one that says which job of a CI system it is for. People and programs sign in there with the same two flags.`,
		Example: `  sigwalk sandbox up --oidc-issuer https://sso.example.com/realms/demo --oidc-client-id trusted-artifact-signer`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Stay = !untilUnused
			var err error
			if opts.Issuer, err = readIssuer(issuer, authorities); err != nil {
				return err
			}
			return a.runSandbox(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&opts.Bare, "bare", false, "leave out the organisation and the technical user, for a course that makes them")
	flags.BoolVar(&untilUnused, "until-unused", false, "end when the last program that joined has left")
	// These two have another meaning elsewhere: which provider a person signs in at.
	flags.StringVar(&issuer.URL, "oidc-issuer", "", "one more identity provider that Fulcio trusts: its issuer URL")
	flags.StringVar(&issuer.ClientID, "oidc-client-id", "", "the client for which tokens of --oidc-issuer are made")
	flags.StringVar(&issuer.Type, "oidc-type", "", "what a certificate's subject is made of: email (default), github-workflow, gitlab-pipeline, buildkite-job, codefresh-workflow")
	flags.StringVar(&authorities, "oidc-ca", "", "PEM file of the certificate authorities of --oidc-issuer, beside the system's")
	return cmd
}

// readIssuer makes one of the flags; nil when they are not given.
func readIssuer(issuer sandbox.Issuer, authorities string) (*sandbox.Issuer, error) {
	if issuer.URL == "" {
		if issuer.ClientID != "" || issuer.Type != "" || authorities != "" {
			return nil, usage("--oidc-client-id, --oidc-type and --oidc-ca say more of an --oidc-issuer, and there is none")
		}
		return nil, nil
	}
	if issuer.ClientID == "" {
		return nil, usage("--oidc-issuer %s: give its client, too, with --oidc-client-id", issuer.URL)
	}
	if authorities != "" {
		text, err := os.ReadFile(authorities)
		if err != nil {
			return nil, usage("--oidc-ca: %v", err)
		}
		issuer.CA = string(text)
	}
	return &issuer, nil
}

func (a *app) runSandbox(ctx context.Context, opts sandbox.Options) error {
	dir, err := a.dir()
	if err != nil {
		return err
	}
	var keep keeper
	opts.Dir, opts.OnPush = dir, keep.pushed
	box, err := sandbox.Start(ctx, opts)
	if err != nil {
		return err
	}
	guard, err := sandboxGuard(dir, box.Settings())
	if err != nil {
		return errors.Join(err, box.Close())
	}
	keep.start(ctx, guard, func(text string) {
		_, _ = fmt.Fprintln(a.err, text)
		box.Notify(text)
	})
	a.say("%s\n", "ready")
	select {
	case <-ctx.Done():
	case <-box.Done():
	}
	keep.close()
	return box.Close()
}

func (a *app) sandboxEnv() *cobra.Command {
	var cosign string
	cmd := &cobra.Command{
		Use:     "env",
		Short:   "Print the running sandbox as export lines for a shell",
		Example: `  eval "$(sigwalk sandbox env)" && cosign initialize`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cosign != "2" && cosign != "3" {
				return usageNext("choose 2 or 3", "--cosign %s is no version that there are lines for", cosign)
			}
			vars, err := a.sandboxVariables(cmd.Context())
			if err != nil {
				return err
			}
			if cosign == "3" {
				vars = environment.WithoutServiceURLs(vars)
			}
			if a.flags.output == "json" {
				values := map[string]string{}
				for _, v := range vars {
					values[v.Name] = v.Value
				}
				a.printJSON(values)
				return nil
			}
			for _, v := range vars {
				a.say("%s\n", environment.Export(v))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&cosign, "cosign", "2", "for cosign `2|3`; 3 reads the services' addresses from the trust root")
	return printing(cmd, "text", "json")
}

// sandboxVariables are what a foreign tool needs to use the running sandbox; they hold the sandbox's own passwords.
func (a *app) sandboxVariables(ctx context.Context) ([]environment.Variable, error) {
	dir, err := a.dirName()
	if err != nil {
		return nil, err
	}
	status, err := sandbox.StatusOf(ctx, dir)
	if err != nil {
		return nil, notRunning(dir, err)
	}
	vars := append(environment.Sandbox(status.Settings, actions.HomesBelow(dir)), environment.Consent)
	return slices.DeleteFunc(vars, func(v environment.Variable) bool { return !v.Exported }), nil
}

func notRunning(dir string, err error) error {
	if !errors.Is(err, sandbox.ErrNotRunning) {
		return err
	}
	return &actions.Error{
		Code: actions.CodeUnreachable,
		What: "no sandbox runs in " + dir,
		Next: "start one in another terminal: sigwalk sandbox up --dir " + dir,
	}
}

func (a *app) sandboxStatus() *cobra.Command {
	return printing(&cobra.Command{
		Use:   "status",
		Short: "Say whether the sandbox runs, and where its servers are; exit 1 when it does not",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.dirName()
			if err != nil {
				return err
			}
			status, err := sandbox.StatusOf(cmd.Context(), dir)
			running := err == nil
			if err != nil && !errors.Is(err, sandbox.ErrNotRunning) {
				return err
			}
			status.Dir = dir
			a.printSandbox(sandboxState{Running: running, Status: status})
			if !running {
				return exit(1)
			}
			return nil
		},
	}, "text", "json")
}

type sandboxState struct {
	Running bool `json:"running"`
	sandbox.Status
}

// public is s without passwords: a status is for looking at, and `sandbox env` has them for programs.
func (s sandboxState) public() any {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err.Error()
	}
	if settings, ok := fields["settings"].(map[string]any); ok {
		delete(settings, "registryPassword")
		delete(settings, "oidcPassword")
		delete(settings, "identityAPISecret")
	}
	return fields
}

func (a *app) printSandbox(s sandboxState) {
	switch {
	case a.flags.output == "json" && !s.Running:
		a.printJSON(map[string]any{"running": false, "dir": s.Dir})
		return
	case a.flags.output == "json":
		a.printJSON(s.public())
		return
	case !s.Running:
		a.say("not running  %s\n", s.Dir)
		return
	}
	kept := "until the last program that joined has left"
	if s.Stay {
		kept = "until it is stopped"
	}
	for _, row := range [][2]string{
		{"running", s.Dir},
		{"process", strconv.Itoa(s.PID) + ", since " + s.Started.Local().Format(time.DateTime)},
		{"joined by", strconv.Itoa(s.Surfaces) + "; it runs " + kept},
		{"registry", s.Settings.Registry},
		{"source image", s.Settings.SourceImage},
		{"identity provider", s.Settings.OIDCIssuer},
		{"trusted beside it", issuersOf(s.Issuers)},
		{"Fulcio", s.Settings.Fulcio},
		{"Rekor", s.Settings.Rekor},
		{"timestamp authority", s.Settings.Timestamp},
		{"TUF repository", s.Settings.TUFMirror},
		{"log file", s.Settings.LogFile},
	} {
		if row[1] != "" {
			a.say("%-20s %s\n", row[0], row[1])
		}
	}
}

func issuersOf(issuers []sandbox.Issuer) string {
	texts := make([]string, len(issuers))
	for i, issuer := range issuers {
		texts[i] = issuer.URL + " (client " + issuer.ClientID + ")"
	}
	return strings.Join(texts, ", ")
}

func (a *app) sandboxReset() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Throw the sandbox's state away: images, signatures, log and trust root",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.dirName()
			if err != nil {
				return err
			}
			if !yes && !a.confirm("Throw away all images, signatures and log entries of the sandbox in "+dir+"?") {
				return usage("nothing was reset: answer y, or give --yes")
			}
			if err := sandbox.Reset(cmd.Context(), dir); err != nil {
				return err
			}
			a.say("%s\n", "the sandbox in "+dir+" is empty; the next start makes a new one")
			return nil
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// confirm asks a yes-or-no question on the terminal; no answer is a no.
func (a *app) confirm(question string) bool {
	_, _ = fmt.Fprint(a.err, question+" [y/N] ")
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
