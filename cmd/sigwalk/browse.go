package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui"
	"github.com/sigwalk/sigwalk/tui/browse"
	recoveryscreen "github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/tui/tree"
)

func (a *app) browseCommand() *cobra.Command {
	watch := watchFlags{}
	cmd := &cobra.Command{
		Use:   "browse IMAGE",
		Short: "Look at the signatures and the tree of any image",
		Long: `Look at the signatures of any image as a table, and at what hangs off it as a tree. Everybody's signatures are
shown, whoever made them; those that do not verify say why. IMAGE is in a registry, or on the disk as oci:DIR[:TAG] (an
OCI layout) or oci-archive:FILE[:TAG] (one in a tar).`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !a.onTerminal() {
				return &actions.Error{
					Code: actions.CodeUsage,
					What: "browse needs a terminal",
					Why:  "input or output is not one",
					Next: "print instead: sigwalk verify " + args[0] + ", or sigwalk tree " + args[0],
				}
			}
			if err := watch.check("text", false); err != nil {
				return err
			}
			p, err := a.openFor(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer p.close()
			verifier, err := p.verifier(actions.Discard)
			if err != nil {
				return err
			}
			terminal, err := a.terminal(p.dir)
			if err != nil {
				return err
			}
			if terminal.Dir, err = os.Getwd(); err != nil {
				terminal.Dir = "" // nowhere to export to
			}
			var lost *recoveryscreen.Options
			var page func(context.Context) (string, error)
			if !layout.IsReference(args[0]) {
				screen := p.recoverScreen(recovery.Request{Image: args[0]})
				lost = &screen
				page = func(ctx context.Context) (string, error) { return p.page(ctx, args[0]) }
			}
			return tui.Browse(cmd.Context(), terminal, browse.Options{
				Image: args[0],
				Report: func(ctx context.Context, policy verification.Policy) (*verification.Report, error) {
					return verifier.Everything(ctx, args[0], policy)
				},
				Tree: func(ctx context.Context) (*verification.Node, error) { return verifier.Root(ctx, args[0]) },
				Branches: tree.Options{
					Grow: func(ctx context.Context, node *verification.Node) (*verification.Node, error) {
						return verifier.Grow(ctx, args[0], node)
					},
					Manifest: func(ctx context.Context, reference string) ([]byte, error) {
						return verifier.Manifest(ctx, args[0], reference)
					},
				},
				Prove: verifier.Prove, Recover: lost, Page: page,
				Watch: watch.on, Interval: watch.interval,
			})
		},
	}
	watch.register(cmd.Flags())
	return cmd
}
