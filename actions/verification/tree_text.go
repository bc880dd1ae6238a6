package verification

import (
	"fmt"
	"strings"
)

// CosignTree returns the text that `cosign tree` 2.6.5 writes to standard output, its groups in our fixed order where
// cosign's changes from run to run. With referrers it is that of --experimental-oci11.
func CosignTree(root *Node, referrers bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "📦 Supply Chain Security Related artifacts for an image: %s\n", root.Reference)
	found := false
	for _, group := range root.Children {
		heading := map[string]string{
			GroupSignatures:   "🔐 Signatures for an image tag",
			GroupAttestations: "💾 Attestations for an image tag",
			GroupSBOMs:        "📦 SBOMs for an image tag",
		}[group.Title]
		switch {
		case group.Kind != NodeGroup || len(group.Children) == 0:
		case heading != "":
			found = true
			fmt.Fprintf(&b, "└── %s: %s\n", heading, group.Reference)
			writeCherries(&b, group.Children)
		case referrers:
			for _, child := range group.Children {
				if child.MediaType == "" || child.Err != nil {
					continue
				}
				found = true
				fmt.Fprintf(&b, "└── 🔗 %s artifacts via OCI referrer: %s\n", child.MediaType, child.Reference)
				writeCherries(&b, child.Children)
			}
		}
	}
	if !found {
		// Without a line end and with two words grown together, as cosign has it.
		fmt.Fprintf(&b, "No Supply Chain Security Related Artifacts found for image %s,\n start creating one with simply running$ cosign sign <img>", root.Reference)
	}
	return b.String()
}

func writeCherries(b *strings.Builder, nodes []*Node) {
	for i, node := range nodes {
		branch := "├──"
		if i == len(nodes)-1 {
			branch = "└──"
		}
		fmt.Fprintf(b, "   %s 🍒 %s\n", branch, node.Digest)
	}
}
