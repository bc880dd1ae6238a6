package verification

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/sigwalk/sigwalk/actions"
)

// Attestations collects and verifies what is said about an image, as Verify does with its signatures: the layers of the tag
// sha256-<hex>.att, and the Sigstore bundles that refer to the image. cosign 2.6.5 looks at the bundles alone where there is
// one; here neither hides the other.
//
// That somebody may say something is the policy's; what is said, and whether it is good news, is not judged.
func (v *Verifier) Attestations(ctx context.Context, image string, policy Policy) (*Report, error) {
	if err := policy.Validate(); err != nil {
		return nil, err
	}
	return v.look(ctx, image, policy, KindAttestation, nil)
}

// OfType returns those that verified and make a statement of a type, in the order of their storage. kind is one of cosign's
// names, such as slsaprovenance1, or a URI. Where there are none of it, the error says what was there.
func (r *Report) OfType(kind string) ([]Signature, error) {
	uri, ok := options.PredicateTypeMap[kind]
	if !ok {
		uri = kind
	}
	var found []Signature
	var others []string
	for _, s := range r.stored() {
		if s.PredicateType == uri {
			found = append(found, s)
		} else {
			others = append(others, s.PredicateType)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	there := slices.Clone(others)
	slices.Sort(there)
	return nil, &actions.Error{
		Code: actions.CodeNoMatch, What: "none of the attestations matched the predicate type: " + kind + ", found: " + strings.Join(others, ","),
		Why:  "what verified says something else",
		Next: "ask for one of these with --type: " + strings.Join(slices.Compact(there), ", "),
	}
}

// Envelope returns the signed envelope (DSSE) of an attestation, as JSON: as it is stored in a tag, or taken out of its bundle.
func (s *Signature) Envelope() ([]byte, error) {
	if !s.isBundle() {
		return s.Payload, nil
	}
	content, ok := s.parsed.GetContent().(*protobundle.Bundle_DsseEnvelope)
	if !ok {
		return nil, errors.New("the bundle holds no envelope")
	}
	// As cosign prints it, which is not quite how protobuf writes JSON.
	return json.Marshal(content.DsseEnvelope)
}

// CosignAttestations returns what `cosign verify-attestation` 2.6.5 writes for attestations that verified, behind the lines of
// CosignHeader: who signed to standard error, the envelopes to standard output. Of who signed a bundle it says nothing.
func CosignAttestations(attestations []Signature) (stderr, stdout []string, err error) {
	for i := range attestations {
		s := &attestations[i]
		if s.Certificate != nil && !s.isBundle() {
			stderr = append(stderr, whoSigned(s)...)
		}
		envelope, err := s.Envelope()
		if err != nil {
			return nil, nil, err
		}
		stdout = append(stdout, string(envelope))
	}
	return stderr, stdout, nil
}

// whoSigned are cosign's lines about a certificate.
func whoSigned(s *Signature) []string {
	lines := []string{"Certificate subject: " + s.Subject}
	if s.Issuer != "" {
		lines = append(lines, "Certificate issuer URL: "+s.Issuer)
	}
	for _, w := range workflow(&cosign.CertExtensions{Cert: s.Certificate}) {
		lines = append(lines, w.title+": "+w.value)
	}
	return lines
}
