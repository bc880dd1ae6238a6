package signing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	cattestation "github.com/sigstore/cosign/v2/pkg/cosign/attestation"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"

	"github.com/sigwalk/sigwalk/actions"
)

// Attestation is what is said about an image.
type Attestation struct {
	// Type is one of cosign's names (custom, slsaprovenance, slsaprovenance02, slsaprovenance1, link, spdx, spdxjson,
	// cyclonedx, vuln, openvex) or the URI of a predicate type.
	Type string
	// Predicate is what is said, in the form of the type: JSON but for custom and spdx, which take any text.
	Predicate []byte
	// EntryType is the kind of the log entry; empty for EntryDSSE.
	EntryType LogEntryType
}

// predicateType is the URI of the type.
func (a *Attestation) predicateType() (string, error) {
	uri, err := options.ParsePredicateType(a.Type)
	if err != nil {
		return "", &actions.Error{
			Code: actions.CodeUsage, What: err.Error(),
			Why:  "it is neither one of cosign's names nor a URI",
			Next: "give --type one of custom, slsaprovenance, slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex, or a URI",
		}
	}
	return uri, nil
}

// statement says it of a digest, as cosign does (an in-toto statement v0.1).
func (a *Attestation) statement(digest name.Digest, now func() time.Time) ([]byte, error) {
	hash, err := v1.NewHash(digest.DigestStr())
	if err != nil {
		return nil, err
	}
	statement, err := cattestation.GenerateStatement(cattestation.GenerateOpts{
		Predicate: bytes.NewReader(a.Predicate), Type: a.Type, Digest: hash.Hex, Repo: digest.Repository.String(), Time: now,
	})
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: fmt.Sprintf("the predicate is not of the type %s", a.Type),
			Why:  err.Error(),
			Next: "correct the file, or give the --type that it has",
			Err:  err,
		}
	}
	return json.Marshal(statement)
}

// attested is an attestation at the tag sha256-<hex>.att.
type attested struct {
	signedStatement
	says *Attestation
	now  func() time.Time
}

func (a *attested) compose(subject subject) error {
	var err error
	a.payload, err = a.says.statement(subject.digest, a.now)
	return err
}

func (a *attested) tag(digest name.Digest) (name.Tag, error) { return tagOf(digest, attestationSuffix) }

func (*attested) known() []byte { return nil }

// stamped is the whole envelope, which is what cosign's verification of this form wants.
func (a *attested) stamped() []byte { return a.envelope }

func (a *attested) parcel(w *work) (*parcel, error) {
	predicateType, err := a.says.predicateType()
	if err != nil {
		return nil, err
	}
	options := append([]static.Option{
		static.WithLayerMediaType(ctypes.DssePayloadType),
		static.WithAnnotations(map[string]string{"predicateType": predicateType}),
	}, w.evidence()...)
	signed, err := static.NewAttestation(a.envelope, options...)
	if err != nil {
		return nil, err
	}
	ours, err := layerOf(signed)
	return &parcel{layer: ours, blob: a.envelope}, err
}
