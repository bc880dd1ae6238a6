package recovery

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/tle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
)

// The kinds of entry that cosign makes (rekor's pkg/types).
const (
	kindHashedRekord = "hashedrekord"
	kindDSSE         = "dsse"
	kindInToto       = "intoto"
)

// entry is a log entry as far as this package reads it.
type entry struct {
	uuid      string
	anon      models.LogEntryAnon
	kind      string
	hash      string // "sha256:...", of what was signed
	signature []byte
	keyPEM    []byte            // certificate or public key, as the log keeps it
	cert      *x509.Certificate // nil for a key pair
	key       crypto.PublicKey
}

// body is what an entry of any kind that cosign makes may hold.
type body struct {
	Kind string `json:"kind"`
	Spec struct {
		Data struct {
			Hash hashValue `json:"hash"`
		} `json:"data"`
		Signature struct {
			Content   []byte `json:"content"`
			PublicKey struct {
				Content []byte `json:"content"`
			} `json:"publicKey"`
		} `json:"signature"`
		PayloadHash hashValue `json:"payloadHash"` // dsse
		Signatures  []struct {
			Signature string `json:"signature"`
			Verifier  []byte `json:"verifier"`
		} `json:"signatures"`
		PublicKey json.RawMessage `json:"publicKey"` // intoto 0.0.1: base64
		Content   struct {        // intoto
			PayloadHash hashValue `json:"payloadHash"`
			Envelope    struct {
				Signatures []struct {
					PublicKey []byte `json:"publicKey"`
				} `json:"signatures"`
			} `json:"envelope"`
		} `json:"content"`
	} `json:"spec"`
}

type hashValue struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

func (h hashValue) String() string {
	if h.Value == "" {
		return ""
	}
	return h.Algorithm + ":" + h.Value
}

// parseEntry reads an entry. It fails where the parts that every entry has are not there.
func parseEntry(uuid string, anon models.LogEntryAnon) (*entry, error) {
	encoded, ok := anon.Body.(string)
	if !ok || anon.LogIndex == nil || anon.LogID == nil || anon.IntegratedTime == nil {
		return nil, errors.New("the log's answer is not complete")
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("the body of the entry: %w", err)
	}
	e := &entry{uuid: uuid, anon: anon}
	return e, e.readBody(raw)
}

// readBody reads what the log keeps of a signature.
func (e *entry) readBody(raw []byte) error {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return fmt.Errorf("the body of the entry: %w", err)
	}
	e.kind = b.Kind
	switch b.Kind {
	case kindHashedRekord:
		e.hash, e.signature, e.keyPEM = b.Spec.Data.Hash.String(), b.Spec.Signature.Content, b.Spec.Signature.PublicKey.Content
	case kindDSSE:
		e.hash = b.Spec.PayloadHash.String()
		if len(b.Spec.Signatures) > 0 {
			e.keyPEM = b.Spec.Signatures[0].Verifier
		}
	case kindInToto:
		e.hash = b.Spec.Content.PayloadHash.String()
		if signatures := b.Spec.Content.Envelope.Signatures; len(signatures) > 0 {
			e.keyPEM = signatures[0].PublicKey
		} else {
			_ = json.Unmarshal(b.Spec.PublicKey, &e.keyPEM) // of 0.0.1; without it the entry is anonymous
		}
	}
	e.readKey()
	return nil
}

// readKey reads certificate or public key, as far as they can be read.
func (e *entry) readKey() {
	block, _ := pem.Decode(e.keyPEM)
	if block == nil {
		return
	}
	if block.Type == string(cryptoutils.CertificatePEMType) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			e.cert, e.key = cert, cert.PublicKey
		}
		return
	}
	if key, err := cryptoutils.UnmarshalPEMToPublicKey(e.keyPEM); err == nil {
		e.key = key
	}
}

// describe is the entry as it is shown, before it is known whether the registry has it.
func (e *entry) describe() *Signature {
	index, at := *e.anon.LogIndex, time.Unix(*e.anon.IntegratedTime, 0).UTC()
	s := &Signature{
		Sources: []Source{FromLog}, Kind: e.kind, UUID: e.uuid, LogIndex: &index, LogID: *e.anon.LogID, Integrated: &at,
		Payload: e.hash, signature: base64.StdEncoding.EncodeToString(e.signature),
	}
	s.vouched(e.cert, e.key)
	if e.cert == nil {
		s.public = e.key
	}
	return s
}

// vouched fills in who signed: the identity in the certificate, or else the key.
func (s *Signature) vouched(cert *x509.Certificate, key crypto.PublicKey) {
	if cert != nil {
		if summary, err := certificate.SummarizeCertificate(cert); err == nil {
			s.Subject, s.Issuer = summary.SubjectAlternativeName, summary.Issuer
		}
		return
	}
	if der, err := x509.MarshalPKIXPublicKey(key); err == nil {
		sum := sha256.Sum256(der)
		s.Key = hex.EncodeToString(sum[:])
	}
}

// check verifies what the log says of the entry: its promise (the signed entry timestamp), its proof of inclusion, and the
// checkpoint that the proof leads to, all with a log key of the trust root.
func (e *entry) check(trusted *root.TrustedRoot) error {
	refused := func(what string, err error) error {
		return &actions.Error{
			Code: actions.CodeLogEntry, What: fmt.Sprintf("log entry %d cannot be believed", *e.anon.LogIndex),
			Why:  what + ": " + err.Error(),
			Next: "run cosign initialize: the trust root may be of another deployment than this log; else tell whoever runs the log",
			Err:  err,
		}
	}
	if e.anon.Verification == nil || e.anon.Verification.InclusionProof == nil {
		return refused("the log gave no proof of inclusion", errors.New("the answer holds none"))
	}
	if err := e.anon.Validate(strfmt.Default); err != nil {
		return refused("its parts do not fit together", err)
	}
	converted, err := tle.GenerateTransparencyLogEntry(e.anon)
	if err != nil {
		return refused("its parts do not fit together", err)
	}
	parsed, err := tlog.ParseTransparencyLogEntry(converted)
	if err != nil {
		return refused("its parts do not fit together", err)
	}
	if err := tlog.VerifySET(parsed, trusted.RekorLogs()); err != nil {
		return refused("the log's promise (SET) does not verify", err)
	}
	verifier, err := signature.LoadVerifier(trusted.RekorLogs()[*e.anon.LogID].PublicKey, crypto.SHA256)
	if err != nil {
		return refused("the log's key cannot be used", err)
	}
	if err := tlog.VerifyInclusion(parsed, verifier); err != nil {
		return refused("the proof of inclusion does not verify", err)
	}
	return nil
}

// chainOf returns the certificates above cert in the trust root, in PEM, as Fulcio sends them and cosign stores them: from
// the one that issued it up to the root, without a line end behind the last.
func chainOf(cert *x509.Certificate, trusted *root.TrustedRoot) ([]byte, error) {
	for _, authority := range trusted.FulcioCertificateAuthorities() {
		chains, err := authority.Verify(cert, cert.NotBefore)
		if err != nil || len(chains) == 0 {
			continue
		}
		var out bytes.Buffer
		for _, above := range chains[0][1:] {
			encoded, err := cryptoutils.MarshalCertificateToPEM(above)
			if err != nil {
				return nil, err
			}
			out.Write(encoded)
		}
		return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
	}
	return nil, &actions.Error{
		Code: actions.CodeChain, What: "the certificate is from no authority in the trust root",
		Why:  "it names " + cert.Issuer.String() + " as its issuer",
		Next: "run cosign initialize for the deployment that signed",
	}
}
