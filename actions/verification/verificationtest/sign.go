package verificationtest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/digitorus/timestamp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/rekor/pkg/types"
	"github.com/sigstore/rekor/pkg/types/hashedrekord"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1" // registers the entry
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/payload"
)

// Spec says what a signature is to be like. The zero Spec is a good one by nobody; most fields leave something out.
type Spec struct {
	Subject string // an email address, or a URI
	Issuer  string
	// At is when the certificate is issued; now when zero.
	At time.Time
	// Logged is when the log takes the entry; a minute after At when zero.
	Logged time.Time
	// Key signs instead of a fresh one. With KeyPair there is no certificate. An Ed25519 key signs a payload itself, as cosign does; the
	// entry for it is written by hand, because Rekor's own code takes none: it would verify a signature over the digest.
	Key     crypto.Signer
	KeyPair bool

	Annotations map[string]any
	// Extensions are further extensions of the certificate: OID to raw value.
	Extensions map[string]string
	// OnlyNewIssuer leaves out the deprecated extension for the issuer.
	OnlyNewIssuer bool

	NoSCT bool
	// ForgedSCT puts a promise into the certificate that is made in the name of the certificate log, and not by its key.
	ForgedSCT bool
	NoLog     bool
	Stamp     bool // add an RFC 3161 time stamp
	// PayloadType is what the envelope of a statement says that it holds; an in-toto statement when empty.
	PayloadType string
	// Crowd is how many subjects a statement has beside the image.
	Crowd int
	// Tiles puts the entry of a bundle into a log of the second generation.
	Tiles bool
	// Withdrawn makes the entry of a statement there of the kind dsse 0.0.2, which was withdrawn.
	Withdrawn bool
	// Elsewhere makes the log record the digest of something else beside the signature of a bundle. An entry of the first
	// generation over a message cannot lie about it: the log verifies the signature again.
	Elsewhere bool
}

// Layer is one signature as a layer of the tag sha256-<hex>.sig: what is signed, and cosign's annotations.
type Layer struct {
	Payload     []byte
	Annotations map[string]string
}

// Sign signs the digest of image as `cosign sign` does.
func (d *Deployment) Sign(image name.Digest, spec Spec) (Layer, error) {
	claim, err := json.Marshal(payload.Cosign{Image: image, Annotations: spec.Annotations})
	if err != nil {
		return Layer{}, err
	}
	return d.SignPayload(claim, spec)
}

// SignPayload signs any payload.
func (d *Deployment) SignPayload(content []byte, spec Spec) (Layer, error) {
	s, err := d.signer(spec)
	if err != nil {
		return Layer{}, err
	}
	signature, err := sign(s.key, content)
	if err != nil {
		return Layer{}, err
	}
	return d.layer(content, signature, s, func() (*cbundle.RekorBundle, error) {
		if _, plain := s.key.(ed25519.PrivateKey); plain {
			return d.Promise(handwritten(content, signature, s.pem), d.index.Add(1), s.spec.Logged)
		}
		return d.record(content, signature, s.pem, s.spec.Logged)
	})
}

// Attestation signs a statement about image with an empty predicate as `cosign attest` does: the signature is inside the
// payload, which is an envelope.
func (d *Deployment) Attestation(image name.Digest, predicateType string, spec Spec) (Layer, error) {
	statement, err := statementAbout(image, predicateType, spec)
	if err != nil {
		return Layer{}, err
	}
	s, err := d.signer(spec)
	if err != nil {
		return Layer{}, err
	}
	signature, err := sign(s.key, dsse.PAE(s.payloadType(), statement))
	if err != nil {
		return Layer{}, err
	}
	envelope, err := envelopeOf(statement, signature, s)
	if err != nil {
		return Layer{}, err
	}
	layer, err := d.layer(envelope, nil, s, func() (*cbundle.RekorBundle, error) {
		body, err := envelopeBody(envelope, s)
		if err != nil {
			return nil, err
		}
		return d.Promise(body, d.index.Add(1), s.spec.Logged)
	})
	layer.Annotations["predicateType"] = predicateType
	return layer, err
}

// layer puts a signature beside its payload; an attestation has none beside it, but inside.
func (d *Deployment) layer(content, signature []byte, s *signer, entry func() (*cbundle.RekorBundle, error)) (Layer, error) {
	layer := Layer{Payload: content, Annotations: map[string]string{
		static.SignatureAnnotationKey: base64.StdEncoding.EncodeToString(signature),
	}}
	if s.cert != nil {
		chain, err := cryptoutils.MarshalCertificatesToPEM([]*x509.Certificate{d.intermediate, d.root})
		if err != nil {
			return Layer{}, err
		}
		layer.Annotations[static.CertificateAnnotationKey] = string(s.pem)
		layer.Annotations[static.ChainAnnotationKey] = string(chain)
	}
	if !s.spec.NoLog {
		logged, err := entry()
		if err != nil {
			return Layer{}, err
		}
		if err := layer.annotate(static.BundleAnnotationKey, logged); err != nil {
			return Layer{}, err
		}
	}
	if s.spec.Stamp {
		stamped := signature
		if len(stamped) == 0 {
			stamped = content
		}
		stamp, err := d.stamp(stamped, s.spec.Logged)
		if err != nil {
			return Layer{}, err
		}
		if err := layer.annotate(static.RFC3161TimestampAnnotationKey, cbundle.TimestampToRFC3161Timestamp(stamp)); err != nil {
			return Layer{}, err
		}
	}
	return layer, nil
}

func (l *Layer) annotate(key string, value any) error {
	text, err := json.Marshal(value)
	l.Annotations[key] = string(text)
	return err
}

// Entry returns the log entry of the layer; nil when it has none.
func (l Layer) Entry() (*cbundle.RekorBundle, error) {
	text, ok := l.Annotations[static.BundleAnnotationKey]
	if !ok {
		return nil, nil
	}
	var entry cbundle.RekorBundle
	return &entry, json.Unmarshal([]byte(text), &entry)
}

// With returns a copy with one annotation changed, or removed when value is empty.
func (l Layer) With(key, value string) Layer {
	changed := Layer{Payload: l.Payload, Annotations: map[string]string{}}
	for k, v := range l.Annotations {
		changed.Annotations[k] = v
	}
	if value == "" {
		delete(changed.Annotations, key)
	} else {
		changed.Annotations[key] = value
	}
	return changed
}

// signer is a key and what vouches for it.
type signer struct {
	spec Spec
	key  crypto.Signer
	cert *x509.Certificate // nil with a key pair
	pem  []byte            // certificate or public key
}

func (s *signer) payloadType() string {
	if s.spec.PayloadType != "" {
		return s.spec.PayloadType
	}
	return inTotoType
}

func (d *Deployment) signer(spec Spec) (*signer, error) {
	if spec.At.IsZero() {
		spec.At = time.Now()
	}
	if spec.Logged.IsZero() {
		spec.Logged = spec.At.Add(time.Minute)
	}
	s := &signer{spec: spec, key: spec.Key}
	var err error
	if s.key == nil {
		if s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, err
		}
	}
	if spec.KeyPair {
		s.pem, err = cryptoutils.MarshalPublicKeyToPEM(s.key.Public())
		return s, err
	}
	if s.cert, err = d.certificate(spec, s.key.Public()); err != nil {
		return nil, err
	}
	s.pem, err = cryptoutils.MarshalCertificateToPEM(s.cert)
	return s, err
}

// record puts a hashedrekord entry into the log.
func (d *Deployment) record(content, signature, verifier []byte, at time.Time) (*cbundle.RekorBundle, error) {
	sum := sha256.Sum256(content)
	body, err := entryBody(hashedrekord.KIND, types.ArtifactProperties{
		ArtifactHash:   "sha256:" + hex.EncodeToString(sum[:]),
		SignatureBytes: signature,
		PublicKeyBytes: [][]byte{verifier},
		PKIFormat:      "x509",
	})
	if err != nil {
		return nil, err
	}
	return d.Promise(body, d.index.Add(1), at)
}

// handwritten is the body of a hashedrekord entry that nobody has verified.
func handwritten(content, signature, verifier []byte) []byte {
	sum := sha256.Sum256(content)
	return fmt.Appendf(nil, `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"%x"}},"signature":{"content":"%s","publicKey":{"content":"%s"}}}}`,
		sum, base64.StdEncoding.EncodeToString(signature), base64.StdEncoding.EncodeToString(verifier))
}

// entryBody is the canonical body of an entry.
func entryBody(kind string, properties types.ArtifactProperties) ([]byte, error) {
	ctx := context.Background()
	proposed, err := types.NewProposedEntry(ctx, kind, "0.0.1", properties)
	if err != nil {
		return nil, fmt.Errorf("propose a log entry: %w", err)
	}
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		return nil, err
	}
	return types.CanonicalizeEntry(ctx, entry)
}

// Promise signs that the log holds body at index since at (a signed entry timestamp).
func (d *Deployment) Promise(body []byte, index int64, at time.Time) (*cbundle.RekorBundle, error) {
	entry := &cbundle.RekorBundle{Payload: cbundle.RekorPayload{
		Body: base64.StdEncoding.EncodeToString(body), IntegratedTime: at.Unix(), LogIndex: index, LogID: d.LogID(),
	}}
	plain, err := json.Marshal(entry.Payload)
	if err != nil {
		return nil, err
	}
	canonical, err := jsoncanonicalizer.Transform(plain)
	if err != nil {
		return nil, err
	}
	entry.SignedEntryTimestamp, err = sign(d.log, canonical)
	return entry, err
}

// stamp is an RFC 3161 response over signature.
func (d *Deployment) stamp(signature []byte, at time.Time) ([]byte, error) {
	sum := sha256.Sum256(signature)
	stamp := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: at,
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
	}
	return stamp.CreateResponseWithOpts(d.tsaLeaf, d.tsa, crypto.SHA256)
}
