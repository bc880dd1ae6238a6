package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
	"github.com/sigstore/sigstore/pkg/signature"
	sigdsse "github.com/sigstore/sigstore/pkg/signature/dsse"

	"github.com/sigwalk/sigwalk/actions"
)

// LogEntryType is the type of the transparency log's entry for a statement.
type LogEntryType string

// The types. Rekor keeps of either the digests alone, and the signature.
const (
	EntryDSSE   LogEntryType = "dsse"   // cosign's default; verifiers want it for bundles
	EntryInToto LogEntryType = "intoto" // the older one
)

// notInBundle refuses what cosign 2 writes and neither it nor cosign 3 verifies.
func notInBundle() error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "a bundle cannot have a log entry of the type intoto",
		Why:  "verifiers of bundles take such an entry in a later version only than the one that is written",
		Next: "leave --rekor-entry-type out, or --new-bundle-format",
	}
}

// signedStatement is an in-toto statement in a signed envelope (DSSE).
type signedStatement struct {
	payload   []byte // the statement
	envelope  []byte // JSON
	signature []byte
	entryType LogEntryType
}

func (s *signedStatement) sign(signer signature.Signer) error {
	var err error
	if s.envelope, err = sigdsse.WrapSigner(signer, ctypes.IntotoPayloadType).SignMessage(bytes.NewReader(s.payload)); err != nil {
		return err
	}
	var parsed dsse.Envelope
	if err := json.Unmarshal(s.envelope, &parsed); err != nil {
		return err
	}
	if len(parsed.Signatures) != 1 {
		return errors.New("the envelope holds no signature")
	}
	s.signature, err = base64.StdEncoding.DecodeString(parsed.Signatures[0].Sig)
	return err
}

func (s *signedStatement) signed() (payload []byte, mediaType string) {
	return s.payload, ctypes.IntotoPayloadType
}

func (s *signedStatement) proposal(public []byte) any {
	type object = map[string]any
	spec := object{"proposedContent": object{"envelope": string(s.envelope), "verifiers": [][]byte{public}}}
	if s.entryType == EntryInToto {
		spec = object{"content": object{"envelope": string(s.envelope)}, "publicKey": public}
	}
	return object{"apiVersion": "0.0.1", "kind": s.entryType, "spec": spec}
}

// confirms checks an entry against the digests that the log keeps.
func (s *signedStatement) confirms(body, public []byte) error {
	type digest struct {
		Value string `json:"value"`
	}
	var said struct {
		Kind LogEntryType `json:"kind"`
		Spec struct {
			// Of a dsse entry.
			PayloadHash digest `json:"payloadHash"`
			Signatures  []struct {
				Signature []byte `json:"signature"`
				Verifier  []byte `json:"verifier"`
			} `json:"signatures"`
			// Of an intoto entry.
			Content struct {
				PayloadHash digest `json:"payloadHash"`
				Hash        digest `json:"hash"`
			} `json:"content"`
			PublicKey []byte `json:"publicKey"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return err
	}
	payload, envelope := sha256.Sum256(s.payload), sha256.Sum256(s.envelope)
	spec, right := said.Spec, false
	switch said.Kind {
	case EntryDSSE:
		right = spec.PayloadHash.Value == hex.EncodeToString(payload[:]) && len(spec.Signatures) == 1 &&
			bytes.Equal(spec.Signatures[0].Signature, s.signature) && samePEM(spec.Signatures[0].Verifier, public)
	case EntryInToto:
		right = spec.Content.PayloadHash.Value == hex.EncodeToString(payload[:]) &&
			spec.Content.Hash.Value == hex.EncodeToString(envelope[:]) && samePEM(spec.PublicKey, public)
	}
	if !right || said.Kind != s.entryType {
		return errors.New("the entry is about another statement")
	}
	return nil
}
