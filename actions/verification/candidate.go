package verification

import (
	"context"
	"crypto"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
)

// Candidate is a signature that may be attached to an image: the layer that would hold it and the payload that the layer
// names.
type Candidate struct {
	Layer   v1.Descriptor
	Payload []byte
	// Key vouches for a signature that was made with a key pair, where the policy names no key; nil for one with a
	// certificate. That it verifies says that the holder of this key signed, whoever that is.
	Key crypto.PublicKey
}

// Candidates verifies signatures that are not attached to d yet as if they were, each in its place of the result. Where
// the policy names a key, it counts for those without a certificate alone. A signature without a log entry is held
// against what it carries instead: its time stamp, or nothing but the key when it was made with a key pair.
func (v *Verifier) Candidates(ctx context.Context, d name.Digest, policy Policy, candidates []Candidate) ([]Signature, error) {
	keyed, err := v.checks(ctx, policy)
	if err != nil {
		return nil, err
	}
	named := policy
	named.KeyReference = ""
	certified := *keyed
	certified.SigVerifier, certified.Identities = nil, named.checkOptions().Identities

	signatures := make([]Signature, len(candidates))
	for i, c := range candidates {
		s := &signatures[i]
		*s = Signature{Storage: StoredInTag, Layer: c.Layer.Digest, Position: i, mediaType: string(c.Layer.MediaType)}
		s.readLegacy(c.Layer, fetched{content: c.Payload})
		chosen, co := named, certified
		if s.Certificate == nil {
			chosen, co = policy, *keyed
			if policy.KeyReference == "" && c.Key != nil {
				if co.SigVerifier, err = signature.LoadVerifier(c.Key, crypto.SHA256); err != nil {
					s.unreadable(actions.CodeSignature, "the key of the signature cannot be used", err)
				}
				chosen.KeyReference, co.Identities = "the key in the log entry", nil
			}
		}
		withoutEntry(s, &chosen, &co)
		x, err := examinationOf(d, chosen, &co)
		if err != nil {
			return nil, err
		}
		if err := judge(ctx, signatures[i:i+1], x, &co, nil); err != nil {
			return nil, err
		}
		s.Image = x.digest
	}
	return signatures, nil
}

// withoutEntry drops the question for a log entry from a signature that carries none.
func withoutEntry(s *Signature, policy *Policy, co *cosign.CheckOpts) {
	if s.LogIndex != nil || s.broken != nil {
		return
	}
	stamp, err := s.legacy.RFC3161Timestamp()
	stamped := err == nil && stamp != nil
	if s.Certificate != nil && !stamped {
		return // nothing else says when it was made
	}
	policy.IgnoreLog, policy.UseSignedTimestamps = true, stamped
	co.IgnoreTlog, co.UseSignedTimestamps, co.RekorClient = true, stamped, nil
}
