package cosign

import (
	"fmt"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/verification"
)

func (s *session) tree() *cobra.Command {
	o := &options.TreeOptions{}
	cmd := &cobra.Command{
		Use:   "tree",
		Short: "Show what hangs off an image: signatures, attestations, SBOMs",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "experimental-oci11", "registry-referrers-mode"); err != nil {
				return err
			}
			referrers := o.ExperimentalOCI11 ||
				o.RegistryExperimental.RegistryReferrersMode == options.RegistryReferrersModeOCI11
			return s.doTree(cmd, args[0], referrers)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doTree(cmd *cobra.Command, image string, referrers bool) error {
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	ctx, cancel := s.timeout(cmd)
	defer cancel()
	node, err := verification.New(clients.Verification()).Tree(ctx, image)
	if err != nil {
		return s.late(ctx, err)
	}
	s.call.Keep(node)
	_, err = fmt.Fprint(s.stdout, verification.CosignTree(node, referrers))
	for _, group := range node.Children {
		if group.Err != nil {
			s.warn("%s of %s cannot be read: %v", group.Title, image, group.Err)
		}
		if group.Title == verification.GroupReferrers && !referrers && len(group.Children) > 0 {
			s.info("%d more by OCI 1.1 referrers; cosign shows them with --experimental-oci11", len(group.Children))
		}
	}
	return err
}
