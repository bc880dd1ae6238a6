package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

func (a *app) tokenCommand() *cobra.Command {
	return printing(&cobra.Command{
		Use:   "token [FILE]",
		Short: "Read an identity token, and foretell whether Fulcio takes it and whom the certificate will name",
		Long: `Read an identity token: its header, what its claims mean, its times in words, and whether Fulcio will take it. Where
it will not, the first thing to change is named, and where. Nothing of the token leaves this machine, and it is never
printed; Fulcio is asked what it trusts, and an issuer that it trusts for its keys.

The token is that of FILE (- for standard input), else the one that cosign would find: SIGSTORE_ID_TOKEN, or what the CI
system offers. There is no flag for it: every program of the machine sees the arguments of all others. Exit code 1 when
Fulcio will refuse it.`,
		Example: `  sigwalk token
  curl -s ... | jq -r .access_token | sigwalk token -
  sigwalk token -o json token.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageNext(seeHelp(cmd), "%s reads one FILE, and got %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.inspectToken(cmd.Context(), args) },
	}, "text", "json")
}

func (a *app) inspectToken(ctx context.Context, args []string) error {
	var raw actions.Secret
	var err error
	if len(args) == 1 {
		if raw, err = a.readToken(args[0]); err != nil {
			return err
		}
	}
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		raw, _, err = ambient.Token(ctx, ambient.Options{Getenv: p.value, Machine: p.machine(), Transport: transport}, "")
		if err == nil && raw.IsZero() {
			err = noTokenToRead()
		}
		if err != nil {
			return err
		}
	}
	token, err := identity.Parse(raw)
	if err != nil {
		return err
	}
	report, err := inspect.Inspect(ctx, token, inspect.Options{Fulcio: p.env.Endpoints().Fulcio, Transport: transport})
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(report)
	} else {
		a.say("%s", report.Text())
	}
	if report.Verdict == inspect.Refused {
		return exit(1)
	}
	return nil
}

func noTokenToRead() error {
	return &actions.Error{
		Code: actions.CodeNoToken, What: "there is no identity token to read",
		Why:  "no file was named, SIGSTORE_ID_TOKEN is not set, and no CI system offers one here",
		Next: "export SIGSTORE_ID_TOKEN, name the file that holds the token, or give - and the token on standard input",
	}
}

// readToken reads a token from a file, or from standard input where path is -.
func (a *app) readToken(path string) (actions.Secret, error) {
	in := a.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil && strings.HasPrefix(path, "eyJ") && strings.Contains(path, ".") {
			return actions.Secret{}, usageNext(
				"export it as SIGSTORE_ID_TOKEN, or give - and the token on standard input; get a new one, for this one was shown to every program of the machine",
				"a token was given where the name of a file is wanted",
			)
		}
		if err != nil {
			return actions.Secret{}, usage("%s cannot be read: %v", path, errors.Unwrap(err))
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, inspect.LongestToken+1))
	switch {
	case err != nil:
		return actions.Secret{}, usage("%s cannot be read: %v", path, err)
	case len(text) > inspect.LongestToken:
		return actions.Secret{}, &actions.Error{
			Code: actions.CodeTokenMalformed, What: path + " cannot be an identity token", Why: "it is far too long for one",
			Next: "name the file that holds the token and nothing else",
		}
	}
	return actions.NewSecret(string(text)), nil
}
