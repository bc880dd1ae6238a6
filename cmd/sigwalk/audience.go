package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
)

func (a *app) audienceMapperCommand() *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "audience-mapper",
		Short: "Have a Keycloak write the client into its access tokens, which Fulcio wants, after showing the change",
		Long: `See whether access tokens of the client are for that client. Keycloak's are not until the client has an audience
mapper, and Fulcio refuses them; identity tokens are not concerned. Where it is missing, the change is shown, and made only
after a yes. KEYCLOAK_ADMIN_USER (admin if it is not set) and KEYCLOAK_ADMIN_PASSWORD name an administrator of the realm
master; on a cluster they are found where your account may read them.`,
		Example: `  sigwalk audience-mapper --dry-run
  sigwalk audience-mapper --on cluster`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.audienceMapper(cmd.Context(), yes, dryRun) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "make the change without asking")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "look only")
	return cmd
}

func (a *app) audienceMapper(ctx context.Context, yes, dryRun bool) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return err
	}
	directory, err := technicaluser.Open(ctx, technicaluser.OpenOptions{Issuer: p.env.Endpoints().OIDCIssuer, Getenv: p.value, Transport: transport})
	if err != nil {
		return err
	}
	client := p.client()
	provider, ok := directory.(technicaluser.Audiences)
	if !ok {
		a.say("%s: its access tokens are for the client that asks; there is nothing to change\n", directory.Where())
		return nil
	}
	has, err := provider.HasAudience(ctx, client)
	switch {
	case err != nil:
		return err
	case has:
		a.say("%s: access tokens of the client %s are for it; there is nothing to change\n", directory.Where(), client)
		return nil
	}
	a.say("%s", provider.AudienceChange(client))
	if dryRun {
		a.say("nothing was changed: this was a dry run\n")
		return nil
	}
	if !yes {
		answer, err := newTerminalObserver(a.in, a.err).Ask(ctx, actions.Question{ID: "audience-mapper", YesNo: true, Prompt: "Make this change? [y/N]"})
		if actions.CodeOf(err) == actions.CodeNobodyToAsk {
			return &actions.Error{
				Code: actions.CodeNobodyToAsk, What: "nothing was changed", Why: "nobody is there to agree to it", Next: "run it on a terminal, or with --yes",
			}
		}
		if err != nil {
			return err
		}
		if !answer.Yes {
			return &actions.Error{Code: actions.CodeDeclined, What: "nothing was changed", Why: "you said no"}
		}
	}
	if err := provider.AddAudience(ctx, client); err != nil {
		return err
	}
	a.say("made\n")
	return nil
}

// client is the OpenID Connect client in force.
func (p *place) client() string {
	return cmp.Or(p.env.Endpoints().OIDCClientID, technicaluser.DefaultClient)
}
