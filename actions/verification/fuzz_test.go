package verification

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
)

// FuzzReadBundle feeds the bytes of a foreign bundle to what reads them: a row with a reason, never a panic.
func FuzzReadBundle(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AAAA"},"tlogEntries":[{"logIndex":"0","logId":{"keyId":"AAAA"},"kindVersion":{"kind":"dsse","version":"0.0.1"},"canonicalizedBody":"e30="}]},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]}}`))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"x"}},"messageSignature":{}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := &Signature{Storage: StoredAsReferrer}
		s.readBundle(content)
		if (s.bundle == nil) != (s.broken != nil) {
			t.Errorf("bundle %v, broken %v", s.bundle, s.broken)
		}
		s.stampTime()
		_ = s.json()
	})
}

// FuzzReadLegacy feeds foreign annotations to what reads them.
func FuzzReadLegacy(f *testing.F) {
	f.Add("AAAA", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "", `{"Payload":{"body":"e30=","logIndex":0}}`, `{"SignedRFC3161Timestamp":"MAA="}`)
	f.Add("", "", "x", "null", "[]")
	f.Fuzz(func(t *testing.T, signature, certificate, chain, entry, stamp string) {
		s := &Signature{Storage: StoredInTag}
		s.readLegacy(v1.Descriptor{Annotations: map[string]string{
			static.SignatureAnnotationKey: signature, static.CertificateAnnotationKey: certificate, static.ChainAnnotationKey: chain,
			static.BundleAnnotationKey: entry, static.RFC3161TimestampAnnotationKey: stamp,
		}}, fetched{content: []byte("{}")})
		if (s.legacy == nil) != (s.broken != nil) {
			t.Errorf("signature %v, broken %v", s.legacy, s.broken)
		}
		s.stampTime()
		_ = s.json()
	})
}

// FuzzStampedAt feeds foreign time stamps to what looks for the time in them.
func FuzzStampedAt(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x30, 0x01, 0x00})
	f.Fuzz(func(_ *testing.T, response []byte) { stampedAt(response) })
}
