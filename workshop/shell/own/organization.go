package own

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
)

func (c *command) organization() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "organization [NAME]",
		Short: "Make an organisation in the Quay that QUAY names, with the token of QUAY_TOKEN",
		Args:  cobra.MaximumNArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return c.makeOrganization(cmd.Context(), args, dryRun) },
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "look only")
	return cmd
}

func (c *command) makeOrganization(ctx context.Context, args []string, dryRun bool) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	host, err := quay.HostOf(c.call.Getenv("QUAY"))
	if err != nil {
		return err
	}
	client, err := quay.New(ctx, quay.Options{
		Registry: clients.Registry(), Host: host, Token: actions.NewSecret(c.call.Getenv("QUAY_TOKEN")), Transport: clients.Transport,
	})
	if err != nil {
		return err
	}
	result, err := client.SetUpOrganization(ctx, quay.NameOf(args, c.call.Getenv("QUAY_ORGANIZATION")), dryRun)
	if err != nil {
		return err
	}
	c.call.Keep(result)
	return c.print(result, result.Text)
}
