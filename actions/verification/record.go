package verification

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"github.com/go-openapi/runtime"
	"github.com/go-openapi/strfmt"
	rekortiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	dsse "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	hashedrekord "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	intoto1 "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	intoto2 "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	rekord "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1"
	"google.golang.org/protobuf/encoding/protojson"
)

// record is what the body of a log entry says: who signed what, and how.
type record struct {
	kind, version string
	// signature is as the body has it: base64 in the first generation of Rekor.
	signature string
	raw       []byte // the signature itself
	key       []byte // certificate or public key: PEM in the first generation of Rekor, DER in the second
	tiles     bool   // of the second generation
	// hash is what the log keeps of the signed bytes, in hex: of the payload, or of the whole envelope.
	algorithm, hash string
	envelope        bool // hash is over the whole envelope
	payloadHash     string
	signatures      int // how many the entry records; only the first is read
}

var (
	errRecordKind  = errors.New("the entry is of a kind that signatures of images do not use")
	errNoSignature = errors.New("the entry records no signature")
	errIncomplete  = errors.New("the entry lacks a part")
)

// readRecord parses the body of a Rekor v1 entry. The log's own types verify the signature that an entry records, unless
// own says that it is one which is verified anyway; own may be nil.
func readRecord(body []byte, own func(*record) bool) (r *record, err error) {
	defer func() {
		// The types of the log have parts that may be absent and that its own validation does not ask for.
		if recover() != nil {
			r, err = nil, errIncomplete
		}
	}()
	proposed, err := models.UnmarshalProposedEntry(bytes.NewReader(body), runtime.JSONConsumer())
	if err != nil {
		return nil, err
	}
	if own != nil {
		if r, ok := readHashed(proposed); ok && own(r) {
			return r, nil
		}
	}
	entry, err := types.UnmarshalEntry(proposed)
	if err != nil {
		return nil, err
	}
	r = &record{kind: proposed.Kind(), version: entry.APIVersion()}
	switch e := entry.(type) {
	case *hashedrekord.V001Entry:
		r.hashed(&e.HashedRekordObj)
	case *dsse.V001Entry:
		o := e.DSSEObj
		if r.signatures = len(o.Signatures); r.signatures == 0 {
			return nil, errNoSignature
		}
		r.algorithm, r.hash, r.envelope = *o.EnvelopeHash.Algorithm, *o.EnvelopeHash.Value, true
		r.signature, r.key = *o.Signatures[0].Signature, *o.Signatures[0].Verifier
		r.raw, _ = base64.StdEncoding.DecodeString(r.signature)
		if o.PayloadHash != nil && o.PayloadHash.Value != nil {
			r.payloadHash = *o.PayloadHash.Value
		}
	case *intoto2.V002Entry:
		o := e.IntotoObj
		if r.signatures = len(o.Content.Envelope.Signatures); r.signatures == 0 {
			return nil, errNoSignature
		}
		r.algorithm, r.hash, r.envelope = *o.Content.Hash.Algorithm, *o.Content.Hash.Value, true
		r.signature, r.key = o.Content.Envelope.Signatures[0].Sig.String(), *o.Content.Envelope.Signatures[0].PublicKey
		// It is encoded twice.
		r.raw, _ = base64.StdEncoding.DecodeString(string(*o.Content.Envelope.Signatures[0].Sig))
		if h := o.Content.PayloadHash; h != nil && h.Value != nil {
			r.payloadHash = *h.Value
		}
	case *intoto1.V001Entry:
		o := e.IntotoObj
		r.algorithm, r.hash, r.envelope = *o.Content.Hash.Algorithm, *o.Content.Hash.Value, true
		r.key = *o.PublicKey
	case *rekord.V001Entry:
		o := e.RekordObj
		r.algorithm, r.hash = *o.Data.Hash.Algorithm, *o.Data.Hash.Value
		r.signature, r.raw, r.key = o.Signature.Content.String(), *o.Signature.Content, *o.Signature.PublicKey.Content
		r.payloadHash = r.hash
	default:
		return nil, errRecordKind
	}
	return r, nil
}

// hashed fills in r from an entry of the kind that signatures have.
func (r *record) hashed(o *models.HashedrekordV001Schema) {
	r.algorithm, r.hash = *o.Data.Hash.Algorithm, *o.Data.Hash.Value
	r.raw, r.key = o.Signature.Content, o.Signature.PublicKey.Content
	r.signature = o.Signature.Content.String()
	r.payloadHash = r.hash
}

// readHashed reads an entry of that kind whose parts are all there, without a look at the signature in it.
func readHashed(proposed models.ProposedEntry) (r *record, ok bool) {
	p, ok := proposed.(*models.Hashedrekord)
	if !ok || p.APIVersion == nil || *p.APIVersion != hashedrekord.APIVERSION {
		return nil, false
	}
	var o models.HashedrekordV001Schema
	if hashedrekord.DecodeEntry(p.Spec, &o) != nil || o.Validate(strfmt.Default) != nil {
		return nil, false
	}
	r = &record{kind: p.Kind(), version: *p.APIVersion}
	r.hashed(&o)
	return r, true
}

// readTilesRecord parses the body of a Rekor v2 entry.
func readTilesRecord(body []byte) (*record, error) {
	var entry rekortiles.Entry
	if err := protojson.Unmarshal(body, &entry); err != nil {
		return nil, err
	}
	r := &record{kind: entry.GetKind(), version: entry.GetApiVersion(), tiles: true}
	var signed *rekortiles.Signature
	switch spec := entry.GetSpec().GetSpec().(type) {
	case *rekortiles.Spec_HashedRekordV002:
		signed = spec.HashedRekordV002.GetSignature()
		r.hash = hex.EncodeToString(spec.HashedRekordV002.GetData().GetDigest())
		r.algorithm = messageAlgorithms[spec.HashedRekordV002.GetData().GetAlgorithm().String()]
	case *rekortiles.Spec_DsseV002:
		if r.signatures = len(spec.DsseV002.GetSignatures()); r.signatures == 0 {
			return nil, errNoSignature
		}
		signed = spec.DsseV002.GetSignatures()[0]
		r.hash = hex.EncodeToString(spec.DsseV002.GetPayloadHash().GetDigest())
		r.algorithm = messageAlgorithms[spec.DsseV002.GetPayloadHash().GetAlgorithm().String()]
	default:
		return nil, errRecordKind
	}
	r.payloadHash = r.hash
	r.raw = signed.GetContent()
	r.signature = base64.StdEncoding.EncodeToString(r.raw)
	if cert := signed.GetVerifier().GetX509Certificate(); cert != nil {
		r.key = cert.GetRawBytes()
	} else {
		r.key = signed.GetVerifier().GetPublicKey().GetRawBytes()
	}
	return r, nil
}
