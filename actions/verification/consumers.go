package verification

import (
	"fmt"
	"strings"
)

// Consumer is a program that looks at signatures, and what it will find of those that are stored.
type Consumer struct {
	Name string
	// Sees is what it finds, in a few words; Why says where it looks, and what it passes over.
	Sees, Why string
	// Finds is true when it finds at least one signature that verified, whoever made it.
	Finds bool
	// WithKey is true when it finds at least one by a key pair, which counts for who names the right public key. Nobody named
	// one here.
	WithKey bool
}

// Consumers says what programs will find of what is stored beside an image. It is worked out from the tree: from what is
// stored where, and for an index also beside its images. Whether a policy of theirs is content with who signed is not said.
func (n *Node) Consumers() []Consumer {
	s := n.stock()
	found := []Consumer{
		s.cosign("cosign v2 verify", "2.6 reads bundles; versions before 2.5 look at the .sig tag alone and find nothing"),
		s.cosign("cosign v3 verify", "it reads bundles that refer to the image, or stand at the fallback tag"),
		n.podman(s), s.quayBadge(), s.policies(),
	}
	if s.unasked != nil {
		for i := range found {
			if !found[i].Finds {
				found[i].Sees, found[i].Why = "not known", "what is stored could not be read: "+oneLine(s.unasked.Error())
			}
		}
	}
	return found
}

// ConsumersText is Consumers as text, a program a line and why below it. It ends with a line end.
func ConsumersText(n *Node) string {
	var b strings.Builder
	for _, c := range n.Consumers() {
		mark := "x "
		switch {
		case c.Finds:
			mark = "ok"
		case c.WithKey:
			mark = "--"
		}
		fmt.Fprintf(&b, "%s %-22s %s\n   %s\n", mark, c.Name, c.Sees, c.Why)
	}
	return b.String()
}

// cosign is cosign 2.6 and 3.1. Where there is any Sigstore bundle, good or bad, their verify looks at nothing else
// (cmd/cosign/cli/verify of both).
func (s stock) cosign(name, bundles string) Consumer {
	c := Consumer{Name: name, Sees: "nothing", Why: "there is neither a .sig tag nor a bundle"}
	looked := s.tag
	switch {
	case s.bundles.all > 0 && s.tag.all > 0:
		looked = s.bundles
		c.Sees = fmt.Sprintf("%s; not the %s in the tag", s.bundles.of("bundle"), counted(s.tag.all, "signature"))
		c.Why = "where there is a bundle it looks at nothing else, also when none verifies; an attestation in one it takes for a signature"
	case s.bundles.all > 0:
		looked = s.bundles
		c.Sees, c.Why = s.bundles.of("bundle"), bundles
	case s.tag.all > 0:
		c.Sees, c.Why = s.tag.of("signature"), "there is no bundle, so that it reads the layers of the .sig tag"
	}
	c.Finds, c.WithKey = looked.good > 0, looked.logged > 0
	switch {
	case c.WithKey:
		c.Why += "; a signature by a key pair counts for --key with its public key"
	case looked.keyed > 0:
		c.Why += "; a signature by a key pair without a log entry that holds takes --insecure-ignore-tlog beside --key"
	}
	return c
}

// quayBadge is drawn by name alone (Quay's web/src/libs/cosign.ts).
func (s stock) quayBadge() Consumer {
	c := Consumer{Name: "Quay's badge", Sees: "no badge", Why: "it looks for a tag named sha256-<digest>.sig, which bundles do not have"}
	switch {
	case s.elsewhere:
		c.Why = "it looks for a tag named sha256-<digest>.sig in the image's own repository"
	case s.tagged && s.tag.good+s.tag.keyed > 0:
		c.Sees, c.Why = "signed", "there is a tag of that name; the badge looks at the name alone, not at who signed"
		c.Finds, c.WithKey = s.tag.good > 0, s.tag.keyed > 0
	case s.tagged:
		c.Sees, c.Why = "signed", "there is a tag of that name, though nothing in it verifies: the badge looks at the name alone"
	}
	return c
}

// policies are admission controllers. They run on a cluster, which knows no COSIGN_REPOSITORY.
func (s stock) policies() Consumer {
	c := Consumer{Name: "policy controllers", Sees: "nothing"}
	if s.elsewhere {
		c.Why = "the signatures are in another repository, which a policy has to name (source in policy-controller, repository in Kyverno)"
		return c
	}
	c.Finds, c.WithKey = s.tag.good > 0, s.tag.keyed > 0
	var sees []string
	if s.tag.all > 0 {
		sees = append(sees, s.tag.of("signature"))
	}
	if s.attestations.all > 0 {
		sees = append(sees, counted(s.attestations.all, "attestation"))
	}
	if s.bundles.all > 0 {
		sees = append(sees, s.bundles.of("bundle")+", where a policy asks for it")
	}
	if len(sees) > 0 {
		c.Sees = strings.Join(sees, ", ")
	}
	c.Why = "Sigstore's policy-controller and Kyverno read the .sig and .att tags"
	if s.bundles.all > 0 {
		c.Why += "; bundles policy-controller reads with signatureFormat: bundle, by someone and not by a key pair, and as attestations: " +
			"a signature in one is of the predicateType https://sigstore.dev/cosign/sign/v1; Kyverno with type: SigstoreBundle"
	}
	return c
}

func one(so bool) int {
	if so {
		return 1
	}
	return 0
}
