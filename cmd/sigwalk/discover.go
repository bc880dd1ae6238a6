package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/discovery"
)

func (a *app) discoverCommand() *cobra.Command {
	within := discovery.DefaultTime
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "Find the Trusted Artifact Signer of a cluster, its identity provider and its registry",
		Long: `Ask the cluster of the kubeconfig, or the one that this runs in, for its Trusted Artifact Signer, and for the registry
and the users that go with it. Each value comes with the object and the field it stands in. What your account may not see
is listed with the right that is missing and the variables that can be set instead.

It only reads, and writes nothing into your files. Secrets are shown as dots.`,
		Example: `  sigwalk env discover
  sigwalk env discover --context workshop --namespace trusted-artifact-signer -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.discover(cmd.Context(), within) },
	}
	cmd.Flags().DurationVar(&within, "within", within, "how long it may take as a whole")
	return printing(cmd, "text", "json")
}

func (a *app) discover(ctx context.Context, within time.Duration) error {
	report, err := a.lookAround(ctx, within)
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(report)
	} else {
		a.say("%s", report.Text())
	}
	if len(report.Deployments) == 0 {
		_, err := report.Choose(a.flags.namespace, a.flags.securesign)
		return err
	}
	return nil
}

// lookAround discovers what is on the cluster.
func (a *app) lookAround(ctx context.Context, within time.Duration) (*discovery.Report, error) {
	c, err := a.cluster(a.given())
	if err != nil {
		return nil, err
	}
	return discovery.Discover(ctx, discovery.Options{Cluster: c, Within: within, Namespace: a.flags.namespace})
}
