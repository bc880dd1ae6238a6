package own

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
)

func (c *command) technicalUser() *cobra.Command {
	spec, dryRun := technicaluser.Workshop(), false
	cmd := &cobra.Command{
		Use:   "technical-user",
		Short: "Make the user by whose name a pipeline signs, at the identity provider",
		Long: `At a Keycloak, KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD name an administrator. A user who is made gets the
password of OIDC_PASSWORD. What is there already is left as it is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.setUp(cmd.Context(), spec, dryRun) },
	}
	flags := cmd.Flags()
	flags.StringVar(&spec.Username, "username", spec.Username, "name of the user")
	flags.StringVar(&spec.Email, "email", spec.Email, "address of the user, which certificates will name")
	flags.StringVar(&spec.Group, "group", spec.Group, "name of the group that the user is in")
	flags.BoolVar(&dryRun, "dry-run", false, "look only")
	return cmd
}

func (c *command) setUp(ctx context.Context, spec technicaluser.Spec, dryRun bool) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	directory, err := technicaluser.Open(ctx, technicaluser.OpenOptions{
		Issuer: clients.Endpoints.OIDCIssuer, Getenv: c.call.Getenv, Transport: clients.Transport,
	})
	if err != nil {
		return err
	}
	spec.Client = cmp.Or(clients.Endpoints.OIDCClientID, technicaluser.DefaultClient)
	spec.Password = actions.NewSecret(c.call.Getenv("OIDC_PASSWORD"))
	report, err := technicaluser.SetUp(ctx, directory, spec, dryRun, c.call.Observer, c.call.Clock)
	if err != nil {
		return err
	}
	c.call.Keep(report)
	return c.print(report, report.Text)
}
