package own

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func (c *command) recover() *cobra.Command {
	var req recovery.Request
	var from []string
	var indexes []int64
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "recover IMAGE",
		Short: "Bring back signatures that an image's tag lost, from the transparency log and the registry's history",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Image = args[0]
			for _, name := range from {
				source := recovery.Source(name)
				if source != recovery.FromLog && source != recovery.FromHistory {
					return builtin.Usage("--from %s: there are log and history", name)
				}
				req.From = append(req.From, source)
			}
			return c.bringBack(cmd.Context(), req, indexes, dryRun)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&from, "from", nil, "sources to ask, of log and history; without it every one that is there")
	flags.StringVar(&req.Policy.Subject, "certificate-identity", "", "bring back only what this identity signed")
	flags.StringVar(&req.Policy.Issuer, "certificate-oidc-issuer", "", "the issuer that must have vouched for the identity")
	flags.Int64SliceVar(&indexes, "log-index", nil, "bring back only the entries of these log indexes, as 3,7")
	flags.BoolVarP(&req.Consented, "yes", "y", false, "attach without asking")
	flags.BoolVar(&dryRun, "dry-run", false, "look only")
	return cmd
}

func (c *command) bringBack(ctx context.Context, req recovery.Request, indexes []int64, dryRun bool) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	recoverer := recovery.New(recovery.Options{
		Registry: clients.Registry(), Trust: clients.Trust(), Endpoints: clients.Endpoints, Homes: clients.Homes, Transport: clients.Transport,
		Observer: c.call.Observer, Clock: c.call.Clock, Keys: clients.Keys(),
		QuayToken: actions.NewSecret(c.call.Getenv("QUAY_TOKEN")), QuayHost: c.call.Getenv("QUAY"),
	})
	report, err := recoverer.Look(ctx, req)
	if err != nil {
		return err
	}
	c.call.Keep(report)
	if c.output != "json" {
		if _, err := io.WriteString(c.call.Stdout, report.FoundText()); err != nil {
			return err
		}
	}
	chosen, err := report.At(indexes)
	if err != nil {
		return err
	}
	if !dryRun {
		if err := recoverer.Agree(ctx, req, report, chosen); err != nil {
			return err
		}
		if err := recoverer.Attach(ctx, report, chosen); err != nil {
			return err
		}
	}
	return c.print(report, func() string { return report.DoneText(dryRun) })
}
