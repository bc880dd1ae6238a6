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
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/tree"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

func (a *app) browseCommand() *cobra.Command {
	watch := watchFlags{}
	var asked own.PolicyFlags
	var material materialFlags
	var about string
	cmd := &cobra.Command{
		Use:   "browse IMAGE|FILE",
		Short: "Look at the signatures and the tree of any image, or at a Sigstore bundle",
		Long: `Look at the signatures of any image as a table, and at what hangs off it as a tree. Everybody's signatures are
shown, whoever made them; those that do not verify say why. IMAGE is in a registry, or on the disk as oci:DIR[:TAG] (an
OCI layout) or oci-archive:FILE[:TAG] (one in a tar). The flags of verify say whose signature counts to begin with; signatures
by a key pair verify with --key alone.

FILE is a file that is there: a Sigstore bundle that stands alone, or an archive with an image, such as a pack. A bundle is
held against --artifact; without it, against what the bundle says that it is about, and the check claims says so.`,
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
			whose, err := asked.Policy()
			if err != nil {
				return err
			}
			image, file := onDisk(args[0])
			switch {
			case file && watch.on:
				return usage("--watch goes with an image: a bundle in a file has all that it will ever have")
			case file:
				return a.browseBundle(cmd, image, about, whose, material)
			case missing(image):
				return noFile(image)
			case about != "":
				return usage("--artifact goes with a bundle, and %s is no file that is there", args[0])
			}
			p, err := a.openFor(cmd.Context(), image)
			if err != nil {
				return err
			}
			defer p.close()
			if !anybody(whose) {
				if whose.KeyReference == "" {
					p.policyDefaults(cmd.Flags(), &whose)
				}
				if err := whose.Validate(); err != nil {
					return err
				}
			}
			verifier, err := p.verifierWith(actions.Discard, material)
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
			if !layout.IsReference(image) {
				screen := p.recoverScreen(recovery.Request{Image: image})
				lost = &screen
				page = func(ctx context.Context) (string, error) { return p.page(ctx, image) }
			}
			return tui.Browse(cmd.Context(), terminal, browse.Options{
				Image: image, Policy: whose, Entry: signatures.EntryAt(p.value("SIGWALK_REKOR_SEARCH_URL"), p.value("COSIGN_REKOR_URL")),
				Report: func(ctx context.Context, policy verification.Policy) (*verification.Report, error) {
					return verifier.Everything(ctx, image, policy)
				},
				Follow: func(ctx context.Context, policy verification.Policy, tell func(verification.Progress)) (*verification.Report, error) {
					return verifier.Follow(ctx, image, policy, tell)
				},
				Tree: func(ctx context.Context) (*verification.Node, error) { return verifier.Root(ctx, image) },
				Branches: tree.Options{
					Grow: func(ctx context.Context, node *verification.Node) (*verification.Node, error) {
						return verifier.Grow(ctx, image, node)
					},
					Manifest: func(ctx context.Context, reference string) ([]byte, error) {
						return verifier.Manifest(ctx, image, reference)
					},
				},
				Prove: verifier.Prove, Recover: lost, Page: page,
				Watch: watch.on, Interval: watch.interval,
			})
		},
	}
	watch.register(cmd.Flags())
	asked.Register(cmd.Flags())
	material.register(cmd.Flags())
	cmd.Flags().StringVar(&about, "artifact", "", "what a bundle in FILE should be about: a file, or its digest as sha256:HEX")
	return cmd
}

// anybody reports whether a policy names nobody: then everybody's signature counts, whatever the environment says.
func anybody(p verification.Policy) bool {
	return p.KeyReference+p.Certificate+p.Subject+p.SubjectRegexp+p.Issuer+p.IssuerRegexp == ""
}
