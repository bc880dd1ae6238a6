package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
)

func (a *app) organizationCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "organization [NAME]",
		Short: "Make an organisation in a Quay, which images are pushed to",
		Long: `Make an organisation in the Quay that --registry (QUAY) names. One that is there already is left as it is. Without NAME
it is that of QUAY_ORGANIZATION, or ` + quay.WorkshopOrganization + `.

QUAY_TOKEN is an OAuth token of an application of Quay that may make organisations; a password is none. There is no flag for
it: every program of the machine sees the arguments of all others.`,
		Example: `  sigwalk organization --dry-run
  sigwalk organization demo --registry quay.example.com -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.organization(cmd.Context(), args, dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "look only")
	return printing(cmd, "text", "json")
}

func (a *app) organization(ctx context.Context, args []string, dryRun bool) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return err
	}
	host, err := quay.HostOf(p.value("QUAY"))
	if err != nil {
		return err
	}
	client, err := quay.New(ctx, quay.Options{
		Registry: registry.New(registry.Options{Homes: p.homes, Transport: transport}),
		Host:     host, Token: actions.NewSecret(p.value("QUAY_TOKEN")), Transport: transport,
	})
	if err != nil {
		return err
	}
	result, err := client.SetUpOrganization(ctx, quay.NameOf(args, p.value("QUAY_ORGANIZATION")), dryRun)
	switch {
	case err != nil:
		return err
	case a.flags.output == "json":
		a.printJSON(result)
	default:
		a.say("%s", result.Text())
	}
	return nil
}
