package verification

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekortiles "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"
)

// What cosign 3.1.3 refuses in a bundle and the packages of 2.6.5 let pass.
var (
	errMessageDigest = errors.New("artifact digest does not match message digest")
	errRecordDigest  = errors.New("transparency log entry does not record the payload")
)

// checkBound holds the digest that a bundle names against the artifact, and what its log entries record against what it
// signs. cosign 2.6.5 compares signature and key of an entry alone, so that an entry may say of a good signature that it is
// over something else; this is what 3.1.3 does.
func (j *judgement) checkBound(s *Signature) error {
	content, err := s.bundle.SignatureContent()
	if err != nil {
		return err
	}
	message := content.MessageSignatureContent()
	if message != nil && j.content != nil {
		sum, known := j.sums[messageAlgorithms[message.DigestAlgorithm()]]
		if !known || sum != hex.EncodeToString(message.Digest()) {
			return errMessageDigest
		}
	}
	if j.policy.IgnoreLog {
		return nil
	}
	entries, err := s.bundle.TlogEntries()
	if err != nil {
		return err
	}
	logs := j.material.RekorLogs()
	for _, entry := range entries {
		if recordsContent(entry, content, message) {
			continue
		}
		if _, known := logs[hex.EncodeToString([]byte(entry.LogKeyID()))]; !known {
			continue // such an entry counts for nothing
		}
		if !entry.HasInclusionPromise() || tlog.VerifySET(entry, logs) == nil {
			return errRecordDigest
		}
	}
	return nil
}

// recorded is what the kinds of entries that belong to bundles keep of the payload in the first generation of the log.
type recorded struct {
	Kind string `json:"kind"`
	Spec struct {
		Data struct {
			Hash hexSum `json:"hash"`
		} `json:"data"` // hashedrekord
		PayloadHash hexSum `json:"payloadHash"` // dsse
		Content     struct {
			PayloadHash hexSum `json:"payloadHash"`
		} `json:"content"` // intoto
	} `json:"spec"`
}

type hexSum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// is compares without a look at the case of the letters.
func (h hexSum) is(sum []byte) bool {
	raw, err := hex.DecodeString(h.Value)
	return err == nil && len(raw) > 0 && bytes.Equal(raw, sum)
}

// recordsContent is true for an entry that records what the bundle signs: the digest of the message, or that of the payload
// of the envelope.
func recordsContent(entry *tlog.Entry, content verify.SignatureContent, message verify.MessageSignatureContent) bool {
	var envelope *bundle.Envelope
	var payload []byte
	if message == nil {
		var ok bool
		if envelope, ok = content.(*bundle.Envelope); !ok {
			return false
		}
		var err error
		if payload, err = base64.StdEncoding.DecodeString(envelope.Payload); err != nil {
			return false
		}
	}
	body := entry.TransparencyLogEntry().GetCanonicalizedBody()
	var tiled rekortiles.Entry
	if protojson.Unmarshal(body, &tiled) == nil && tiled.GetSpec() != nil {
		return tileRecords(&tiled, envelope, payload, message)
	}
	var r recorded
	if json.Unmarshal(body, &r) != nil {
		return false
	}
	if message != nil {
		hash := r.Spec.Data.Hash
		return r.Kind == "hashedrekord" && hash.Algorithm == messageAlgorithms[message.DigestAlgorithm()] && hash.is(message.Digest())
	}
	sum := sha256.Sum256(payload)
	return r.Kind == "dsse" && r.Spec.PayloadHash.is(sum[:]) || r.Kind == "intoto" && r.Spec.Content.PayloadHash.is(sum[:])
}

// tileRecords is recordsContent for the second generation of the log, which keeps of an envelope the digest of what was
// signed.
func tileRecords(entry *rekortiles.Entry, envelope *bundle.Envelope, payload []byte, message verify.MessageSignatureContent) bool {
	data := entry.GetSpec().GetHashedRekordV002().GetData()
	if message != nil {
		return bytes.Equal(data.GetDigest(), message.Digest())
	}
	return isSum(data, dsse.PAE(envelope.PayloadType, payload))
}

// isSum is true when content has the digest.
func isSum(digest *protocommon.HashOutput, content []byte) bool {
	algorithm, known := map[protocommon.HashAlgorithm]crypto.Hash{
		protocommon.HashAlgorithm_SHA2_256: crypto.SHA256, protocommon.HashAlgorithm_SHA2_384: crypto.SHA384,
		protocommon.HashAlgorithm_SHA2_512: crypto.SHA512,
	}[digest.GetAlgorithm()]
	if !known {
		return false
	}
	h := algorithm.New()
	h.Write(content)
	return bytes.Equal(h.Sum(nil), digest.GetDigest())
}
