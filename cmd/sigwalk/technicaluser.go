package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
)

func (a *app) technicalUserCommand() *cobra.Command {
	spec, dryRun := technicaluser.Workshop(), false
	cmd := &cobra.Command{
		Use:   "technical-user",
		Short: "Make the user by whose name a pipeline signs, at the identity provider",
		Long: `Make the user by whose name a pipeline signs, with an e-mail address that counts as verified, in a group for such
users. What is there already is left as it is, passwords above all, and said so; it can be run again at any time.

At a Keycloak, KEYCLOAK_ADMIN_USER (admin if it is not set) and KEYCLOAK_ADMIN_PASSWORD name an administrator of the
realm master. A user who is made gets the password of OIDC_PASSWORD. There are no flags for passwords: every program of
the machine sees the arguments of all others.`,
		Example: `  sigwalk technical-user --dry-run
  sigwalk technical-user --oidc-issuer https://sso.example.com/realms/trusted-artifact-signer -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.technicalUser(cmd.Context(), spec, dryRun) },
	}
	flags := cmd.Flags()
	flags.StringVar(&spec.Username, "username", spec.Username, "`NAME` of the user")
	flags.StringVar(&spec.Email, "email", spec.Email, "`ADDRESS` of the user, which certificates will name")
	flags.StringVar(&spec.Group, "group", spec.Group, "`NAME` of the group that the user is in")
	flags.BoolVar(&dryRun, "dry-run", false, "look only")
	return printing(cmd, "text", "json")
}

func (a *app) technicalUser(ctx context.Context, spec technicaluser.Spec, dryRun bool) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return err
	}
	directory, err := technicaluser.Open(ctx, technicaluser.OpenOptions{
		Issuer: p.env.Endpoints().OIDCIssuer, Getenv: p.value, Transport: transport,
	})
	if err != nil {
		return err
	}
	spec.Client = p.client()
	spec.Password = actions.NewSecret(p.value("OIDC_PASSWORD"))
	report, err := technicaluser.SetUp(ctx, directory, spec, dryRun, actions.Discard, nil)
	switch {
	case a.flags.output == "json":
		a.printJSON(report)
	case len(report.Items) > 0:
		a.say("%s", report.Text())
	}
	return err
}
