package cosign

import (
	"fmt"
	"strings"

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
	_, err = fmt.Fprint(s.stdout, treeText(node, referrers))
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

// treeText writes the tree of the image itself as cosign does, in an order that is always the same. cosign does not look
// into the images of an index.
func treeText(root *verification.Node, referrers bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "📦 Supply Chain Security Related artifacts for an image: %s\n", root.Title)
	empty := true
	for _, group := range root.Children {
		if group.Kind != verification.NodeGroup || len(group.Children) == 0 {
			continue
		}
		switch group.Title {
		case verification.GroupSignatures:
			fmt.Fprintf(&b, "└── 🔐 Signatures for an image tag: %s\n", group.Reference)
		case verification.GroupSBOMs:
			fmt.Fprintf(&b, "└── 📦 SBOMs for an image tag: %s\n", group.Reference)
		case verification.GroupAttestations:
			fmt.Fprintf(&b, "└── 💾 Attestations for an image tag: %s\n", group.Reference)
		default:
			if !referrers {
				continue
			}
			for _, r := range group.Children {
				fmt.Fprintf(&b, "└── 🔗 %s artifacts via OCI referrer: %s\n", r.Title, r.Reference)
				cherries(&b, r.Children)
			}
			empty = false
			continue
		}
		empty = false
		cherries(&b, group.Children)
	}
	if empty {
		fmt.Fprintf(&b, "No Supply Chain Security Related Artifacts found for image %s,\n start creating one with simply running$ cosign sign <img>", root.Title)
	}
	return b.String()
}

func cherries(b *strings.Builder, nodes []*verification.Node) {
	for i, node := range nodes {
		branch := "├──"
		if i == len(nodes)-1 {
			branch = "└──"
		}
		fmt.Fprintf(b, "   %s 🍒 %s\n", branch, node.Digest)
	}
}
