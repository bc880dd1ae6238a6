package main

import (
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (a *app) treeCommand() *cobra.Command {
	return printing(&cobra.Command{
		Use:   "tree IMAGE",
		Short: "Print what hangs off an image: signatures, attestations, SBOMs, referrers",
		Long: `Print what hangs off an image: signatures, attestations, SBOMs, referrers. IMAGE is in a registry, or on the disk as
oci:DIR[:TAG] (an OCI layout) or oci-archive:FILE[:TAG] (one in a tar).`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.openFor(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer p.close()
			verifier, err := p.verifier(actions.Discard)
			if err != nil {
				return err
			}
			node, err := verifier.Tree(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.flags.output == "json" {
				a.printJSON(node)
				return nil
			}
			a.say("%s", verification.TreeText(node))
			return nil
		},
	}, "text", "json")
}
