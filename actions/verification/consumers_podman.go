package verification

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// pulled are the signatures of a .sig tag as containers/image counts them, the library of podman, skopeo and CRI-O, in a policy
// of type sigstoreSigned.
type pulled struct {
	good, keyed int
	renamed     int // good or by a key, and for another repository: the image was copied
	nameless    int // good, and by an identity that is no e-mail address
}

func (p *pulled) add(s *Signature, repository string) {
	switch {
	case s == nil:
	case s.byKey() && s.names(repository):
		p.keyed++
	case !s.Verified && !s.lacksOnlySCT():
		if s.byKey() {
			p.renamed++
		}
	case !s.names(repository):
		p.renamed++
	case s.Certificate == nil || len(s.Certificate.EmailAddresses) == 0:
		p.nameless++
	default:
		p.good++
	}
}

// names reports whether the payload is for a repository, which cosign does not ask. Every one will do for an image on the disk.
func (s *Signature) names(repository string) bool {
	signed, err := name.ParseReference(s.claim().Identity.DockerReference)
	return err == nil && (repository == "" || signed.Context().Name() == repository)
}

// lacksOnlySCT reports whether nothing is missing but the promise of the certificate log, which containers/image leaves out.
func (s *Signature) lacksOnlySCT() bool {
	return len(s.fails) == 1 && s.fails[0] == CheckSCT
}

// podman is what containers/image finds with use-sigstore-attachments: the .sig tag beside the image that is pulled, which of
// an index is that of a platform.
func (n *Node) podman(s stock) Consumer {
	c := Consumer{Name: "podman, skopeo, CRI-O"}
	const reads = "the .sig tag where registries.d says use-sigstore-attachments: true; policy.json needs signedIdentity: matchRepository, for cosign signs no tag"
	if coverage, ok := n.Coverage(); ok {
		all, good, keyed := 0, 0, 0
		for _, child := range n.Children {
			if child.Kind == NodeImage && child.Platform != "unknown/unknown" {
				of := child.stock()
				all++
				good += one(of.found().good > 0)
				keyed += one(of.found().keyed > 0)
			}
		}
		c.Finds, c.WithKey = good == all, keyed == all
		c.Sees = fmt.Sprintf("signatures of %d of %d platforms", good, all)
		if keyed > 0 {
			c.Sees += fmt.Sprintf(", by a key pair of %d", keyed)
		}
		if coverage.Unknown > 0 {
			c.Sees += fmt.Sprintf(" (%d not read yet)", coverage.Unknown)
		}
		c.Why = "a pull asks for the platform's own signature (cosign sign --recursive), and not for that of the index; they read " + reads
		return c
	}
	p := s.found()
	c.Finds, c.WithKey = p.good > 0, p.keyed > 0
	c.Sees = "nothing"
	if all := p.good + p.keyed; all > 0 {
		c.Sees = pile{all: all, good: p.good, keyed: p.keyed}.of("signature")
	}
	why := []string{"they read " + reads}
	if s.bundles.all > 0 {
		why = append(why, "bundles they do not know")
	}
	if p.renamed > 0 {
		why = append(why, counted(p.renamed, "signature")+" for another repository: the image was copied, which takes remapIdentity")
	}
	if p.nameless > 0 {
		why = append(why, counted(p.nameless, "signature")+" by an identity that is no e-mail address, and subjectEmail names no other")
	}
	if s.elsewhere {
		why = append(why, "another repository (COSIGN_REPOSITORY) they do not ask")
	}
	c.Why = strings.Join(why, "; ")
	return c
}

// found are those that a pull finds, which looks nowhere but beside the image.
func (s stock) found() pulled {
	if s.elsewhere {
		return pulled{}
	}
	return s.pulled
}
