package verification

import (
	"fmt"
	"slices"
	"strings"
)

// Consumer is a program that looks at signatures, and what it will find of those that are stored.
type Consumer struct {
	Name string
	// Sees is what it finds, in a few words; Why says where it looks, and what it passes over.
	Sees, Why string
	// Finds is true when it finds at least one signature that verified, whoever made it.
	Finds bool
}

// stock is what is stored beside one image.
type stock struct {
	tagged, taggedGood    int // layers of the .sig tag
	bundled, bundledGood  int // bundles that say it is signed
	attested, attestedTag int // bundles and layers of the .att tag that say something else
	attestedGood          int // bundles of those: cosign's verify takes one for a signature
	tag                   bool
}

func (n *Node) stock() stock {
	var s stock
	for _, group := range n.Children {
		if group.Kind != NodeGroup {
			continue
		}
		if group.Title == GroupSignatures && group.Err == nil {
			s.tag = true
		}
		for _, child := range group.Children {
			good := child.Signature != nil && child.Signature.Verified
			switch {
			case group.Title == GroupSignatures:
				s.tagged++
				s.taggedGood += one(good)
			case group.Title == GroupAttestations:
				s.attestedTag++
			case group.Title == GroupReferrers && child.Kind == NodeSignature && child.Signature.isBundle():
				s.bundled++
				s.bundledGood += one(good)
			case group.Title == GroupReferrers && child.Kind == NodeAttestation:
				s.attested++
				s.attestedGood += one(good)
			}
		}
	}
	return s
}

func one(so bool) int {
	if so {
		return 1
	}
	return 0
}

// Consumers says what programs will find of what is stored beside an image. It is worked out from the tree: from what is
// stored where, and for an index also beside its images. Whether a policy of theirs is content with who signed is not said.
func (n *Node) Consumers() []Consumer {
	s := n.stock()
	return []Consumer{n.cosign2(s), n.cosign3(s), n.podman(s), quayBadge(s), policies(s)}
}

// ConsumersText is Consumers as text, a program a line and why below it. It ends with a line end.
func ConsumersText(n *Node) string {
	var b strings.Builder
	for _, c := range n.Consumers() {
		mark := "x "
		if c.Finds {
			mark = "ok"
		}
		fmt.Fprintf(&b, "%s %-22s %s\n   %s\n", mark, c.Name, c.Sees, c.Why)
	}
	return b.String()
}

// cosign2 is cosign 2.6: where there is any Sigstore bundle, its verify looks at nothing else (cmd/cosign/cli/verify).
func (n *Node) cosign2(s stock) Consumer {
	c := Consumer{Name: "cosign v2 verify", Finds: s.taggedGood > 0}
	switch bundles := s.bundled + s.attested; {
	case bundles > 0 && s.tagged > 0:
		c.Finds = s.bundledGood+s.attestedGood > 0
		c.Sees = fmt.Sprintf("%s, and not the %s in the tag", counted(bundles, "bundle"), counted(s.tagged, "signature"))
		c.Why = "2.6 looks at bundles alone where there is one, attestations included, and takes one for a signature; its JSON names neither subject nor issuer of a bundle"
	case bundles > 0:
		c.Finds = s.bundledGood+s.attestedGood > 0
		c.Sees = counted(bundles, "bundle")
		c.Why = "2.6 reads bundles; versions before 2.5 look at the .sig tag alone and find nothing"
	case s.tagged > 0:
		c.Sees = counted(s.tagged, "signature")
		c.Why = "it reads the layers of the .sig tag"
	default:
		c.Sees, c.Why = "nothing", "there is neither a .sig tag nor a bundle"
	}
	return c
}

// cosign3 is cosign 3.1: where there is any Sigstore bundle, good or bad, it looks at nothing else.
func (n *Node) cosign3(s stock) Consumer {
	c := Consumer{Name: "cosign v3 verify", Finds: s.taggedGood > 0}
	switch bundles := s.bundled + s.attested; {
	case bundles > 0 && s.tagged > 0:
		c.Finds = s.bundledGood+s.attestedGood > 0
		c.Sees = fmt.Sprintf("%s, and not the %s in the tag", counted(bundles, "bundle"), counted(s.tagged, "signature"))
		c.Why = "it looks at bundles alone where there is one, attestations included, which it takes for signatures, also when none of them verifies"
	case bundles > 0:
		c.Finds = s.bundledGood+s.attestedGood > 0
		c.Sees = counted(bundles, "bundle")
		c.Why = "it reads bundles that refer to the image, or stand at the fallback tag"
	case s.tagged > 0:
		c.Sees = fmt.Sprintf("%s in the tag", counted(s.tagged, "signature"))
		c.Why = "there is no bundle, so that it goes back to the .sig tag"
	default:
		c.Sees, c.Why = "nothing", "there is neither a bundle nor a .sig tag"
	}
	return c
}

// podman is containers/image with use-sigstore-attachments: the .sig tag, of the image that is pulled and not of its index.
func (n *Node) podman(s stock) Consumer {
	c := Consumer{Name: "podman, skopeo, CRI-O", Finds: s.taggedGood > 0}
	if _, ok := n.Coverage(); ok {
		with, all := 0, 0
		for _, child := range n.Children {
			if child.Kind != NodeImage || child.Platform == "unknown/unknown" {
				continue
			}
			all++
			with += one(child.stock().taggedGood > 0)
		}
		c.Finds = with == all
		c.Sees = fmt.Sprintf("signatures of %d of %d platforms", with, all)
		c.Why = "a pull checks the digest of the platform's own image, by its .sig tag: sign with --recursive"
		return c
	}
	c.Sees = "nothing"
	if s.tagged > 0 {
		c.Sees = counted(s.tagged, "signature")
	}
	c.Why = "they read the .sig tag where registries.d says use-sigstore-attachments: true"
	if s.bundled > 0 {
		c.Why += "; bundles they do not know"
	}
	return c
}

// quayBadge is drawn by name alone (Quay's web/src/libs/cosign.ts).
func quayBadge(s stock) Consumer {
	c := Consumer{Name: "Quay's badge", Sees: "no badge", Why: "it looks for a tag named sha256-<digest>.sig, which bundles do not have"}
	if s.tag {
		c.Sees, c.Finds = "signed", s.taggedGood > 0
		c.Why = "there is a tag of that name; the badge looks at the name alone, not at who signed"
		if s.taggedGood == 0 {
			c.Why = "there is a tag of that name, though nothing in it verifies: the badge looks at the name alone"
		}
	}
	return c
}

func policies(s stock) Consumer {
	c := Consumer{Name: "policy controllers", Finds: s.taggedGood > 0, Sees: "nothing"}
	var sees []string
	if s.tagged > 0 {
		sees = append(sees, counted(s.tagged, "signature"))
	}
	if s.attestedTag > 0 {
		sees = append(sees, counted(s.attestedTag, "attestation"))
	}
	if len(sees) > 0 {
		c.Sees = strings.Join(sees, ", ")
	}
	c.Why = "Sigstore's policy-controller and Kyverno read the .sig and .att tags"
	if s.bundled+s.attested > 0 {
		c.Why += "; bundles only where the policy says so (signatureFormat: bundle, type: SigstoreBundle)"
	}
	return c
}

func sortedKeys(m map[string]string) []string {
	found := make([]string, 0, len(m))
	for k := range m {
		found = append(found, k)
	}
	slices.Sort(found)
	return found
}
