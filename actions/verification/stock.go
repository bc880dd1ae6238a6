package verification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
)

// stock is what is stored beside one image, told apart by where programs look.
type stock struct {
	tag          pile // layers of the .sig tag
	bundles      pile // bundles that refer to the image: cosign's verify takes an attestation for a signature, too
	attestations pile // layers of the .att tag
	pulled       pulled

	// tagged is set where there is a tag of that name, whatever it holds, and elsewhere where it is in another repository than
	// the image (COSIGN_REPOSITORY).
	tagged, elsewhere bool
	// unasked is why it is not known what is stored.
	unasked error
}

// pile are signatures of one place.
type pile struct {
	all   int // with those that do not verify
	good  int // those that verify without a key, whoever made them
	keyed int // those by a key pair, which nothing but its public key can judge
	// logged are those of them whose log entry is there and holds.
	logged int
}

// of counts a pile in words.
func (p pile) of(what string) string {
	text := counted(p.all, what)
	switch {
	case p.good+p.keyed == 0:
		text += ", and none verifies"
	case p.keyed == 0:
	case p.keyed == p.all:
		text += " by a key pair"
	default:
		text += fmt.Sprintf(" (%d by a key pair)", p.keyed)
	}
	return text
}

func (p *pile) add(s *Signature) {
	p.all++
	switch {
	case s == nil:
	case s.Verified:
		p.good++
	case s.byKey():
		p.keyed++
		p.logged += one(s.LogIndex != nil && !slices.Contains(s.fails, CheckSET) && !slices.Contains(s.fails, CheckLogPayload))
	}
}

// byKey reports whether it is a signature over this image that only a public key can judge.
func (s *Signature) byKey() bool {
	if s.Certificate != nil || s.broken != nil {
		return false
	}
	if s.isBundle() || s.Kind == KindAttestation {
		return true
	}
	return s.claim().Image.DockerManifestDigest == s.Image.String()
}

// blame keeps which of cosign's checks fail, of a signature of which its verdict does not say enough: by a key pair, which it
// cannot judge without the key, and without the promise of the certificate log, which others do not ask for.
func (s *Signature) blame(ctx context.Context) {
	lacking := s.Reason != nil && s.Reason.Code == actions.CodeSCT
	if s.Verified || s.LogIndex == nil || s.Certificate != nil && !lacking {
		return
	}
	explained := *s
	explained.Explain(ctx) // it asks nobody: the entry is there
	for _, c := range explained.Checks {
		if c.State == CheckFailed && !c.Ours {
			s.fails = append(s.fails, c.ID)
		}
	}
}

// claim is what a signature in a tag says that it is for; empty where it cannot be read.
func (s *Signature) claim() payload.Critical {
	var claim payload.SimpleContainerImage
	if json.Unmarshal(s.Payload, &claim) != nil {
		return payload.Critical{}
	}
	return claim.Critical
}

// stock counts what hangs off an image.
func (n *Node) stock() stock {
	s := stock{unasked: n.Err}
	repository := n.repository()
	for _, group := range n.Children {
		if group.Kind != NodeGroup {
			continue
		}
		if group.Err != nil && !occupied(group) {
			s.unasked = errors.Join(s.unasked, group.Err)
		}
		for _, child := range group.Children {
			switch {
			case group.Title == GroupSignatures:
				s.tag.add(child.Signature)
				s.pulled.add(child.Signature, repository)
			case group.Title == GroupAttestations:
				s.attestations.add(child.Signature)
			case group.Title != GroupReferrers:
			case child.Kind == NodeAttestation, child.Kind == NodeSignature && child.Signature.isBundle():
				s.bundles.add(child.Signature)
			}
		}
		if group.Title == GroupSignatures && (group.Err == nil || occupied(group)) {
			s.tagged = true
			s.elsewhere = differ(repository, repositoryOf(group.Reference))
		}
	}
	return s
}

// occupied reports whether a tag is there, though what it holds cannot be taken for signatures.
func occupied(group *Node) bool {
	code := actions.CodeOf(group.Err)
	return code == actions.CodeNotAnImage || code == actions.CodeManifestTooLarge
}

// repository is where the image is; empty for one on the disk.
func (n *Node) repository() string {
	if layout.IsReference(n.Title) {
		return ""
	}
	return repositoryOf(n.Reference)
}

func repositoryOf(reference string) string {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return ""
	}
	return ref.Context().Name()
}

// differ reports whether two repositories are known and not the same.
func differ(one, other string) bool { return one != "" && other != "" && one != other }
