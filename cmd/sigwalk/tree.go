package main

import (
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (a *app) treeCommand() *cobra.Command {
	var deep, consumers bool
	cmd := &cobra.Command{
		Use:   "tree IMAGE",
		Short: "Print what hangs off an image: signatures, attestations, SBOMs, referrers",
		Long: `Print what hangs off an image: signatures, attestations, SBOMs, referrers. IMAGE is in a registry, or on the disk as
oci:DIR[:TAG] (an OCI layout) or oci-archive:FILE[:TAG] (one in a tar). An index says how many of its platforms are signed,
a bill of materials how many packages it lists. -o dot is for Graphviz: sigwalk tree -o dot IMAGE | dot -Tsvg.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			spendMemory()
			image, err := imageAt(args[0])
			if err != nil {
				return err
			}
			p, err := a.openFor(cmd.Context(), image)
			if err != nil {
				return err
			}
			defer p.close()
			verifier, err := p.verifier(actions.Discard)
			if err != nil {
				return err
			}
			node, err := verifier.Tree(cmd.Context(), image)
			if err != nil {
				return err
			}
			if deep {
				if err := verifier.Deepen(cmd.Context(), image, node); err != nil {
					return err
				}
			}
			switch a.flags.output {
			case "json":
				a.printJSON(node)
				return nil
			case "dot":
				a.say("%s", verification.TreeDOT(node))
				return nil
			}
			a.say("%s", verification.TreeText(node))
			if consumers {
				a.say("\n%s", verification.ConsumersText(node))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&deep, "deep", false, "look also for what refers to referrers, up to 8 levels")
	cmd.Flags().BoolVar(&consumers, "consumers", false, "say what cosign v2 and v3, podman, Quay's badge and policy controllers will find; JSON always does")
	return printing(cmd, "text", "json", "dot")
}
