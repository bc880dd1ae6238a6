package main

import (
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (a *app) treeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tree IMAGE",
		Short: "Print what hangs off an image: signatures, attestations, SBOMs, referrers",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			form, err := a.form("text", "json")
			if err != nil {
				return err
			}
			p, err := a.open(cmd.Context(), nil)
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
			if form == "json" {
				return a.printJSON(node)
			}
			_, err = a.out.Write([]byte(verification.TreeText(node)))
			return err
		},
	}
}
