package verification

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
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

// FuzzReadRecord feeds foreign log bodies, of both generations of Rekor, to what reads them.
func FuzzReadRecord(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{}}`,
		`{"kind":"hashedrekord","apiVersion":"0.0.1","spec":{"data":{"hash":{"algorithm":"sha256","value":"00"}},"signature":{"content":"AAAA","publicKey":{"content":"AAAA"}}}}`,
		`{"kind":"dsse","apiVersion":"0.0.1","spec":{"envelopeHash":{"algorithm":"sha256","value":"00"},"payloadHash":{"algorithm":"sha256","value":"00"},"signatures":[{"signature":"AAAA","verifier":"AAAA"}]}}`,
		`{"kind":"intoto","apiVersion":"0.0.2","spec":{"content":{"envelope":{"payloadType":"x","signatures":[{"publicKey":"AAAA","sig":"AAAA"}]},"hash":{"algorithm":"sha256","value":"00"}}}}`,
		`{"kind":"intoto","apiVersion":"0.0.1","spec":{"content":{"hash":{"algorithm":"sha256","value":"00"}},"publicKey":"AAAA"}}`,
		`{"kind":"rekord","apiVersion":"0.0.1","spec":{"signature":{"format":"x509"},"data":{}}}`,
		`{"kind":"hashedrekord","apiVersion":"0.0.2","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"AAAA"},"signature":{"content":"AAAA","verifier":{"x509Certificate":{"rawBytes":"AAAA"}}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		inFull := func(body []byte) (*record, error) { return readRecord(body, nil) }
		byParts := func(body []byte) (*record, error) { return readRecord(body, func(*record) bool { return true }) }
		for _, read := range []func([]byte) (*record, error){inFull, byParts, readTilesRecord} {
			if r, err := read(body); (r == nil) == (err == nil) {
				t.Errorf("%v, %v", r, err)
			}
		}
		// Whatever the log's own types accept reads the same without a look at the signature.
		if full, err := inFull(body); err == nil {
			if parts, err := byParts(body); err != nil || !reflect.DeepEqual(full, parts) {
				t.Errorf("%+v, %v; in full %+v", parts, err, full)
			}
		}
	})
}

// FuzzCertificateExtension puts foreign bytes into the extensions in which a certificate names its issuer and its logs.
func FuzzCertificateExtension(f *testing.F) {
	layer, err := verificationtest.MustNew().SignPayload([]byte("{}"), verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"})
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode([]byte(layer.Annotations[static.CertificateAnnotationKey]))
	good, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		f.Fatal(err)
	}
	oids := []string{oidIssuerRaw, oidIssuerDER, "1.3.6.1.4.1.57264.1.9", "1.3.6.1.4.1.11129.2.4.2", "2.5.29.17"}
	for _, ext := range good.Extensions {
		f.Add(uint8(0), ext.Value)
		f.Add(uint8(3), ext.Value)
	}
	f.Fuzz(func(t *testing.T, which uint8, value []byte) {
		cert := *good
		oid := oids[int(which)%len(oids)]
		cert.Extensions = slices.Clone(good.Extensions)
		cert.Extensions = slices.DeleteFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.String() == oid })
		var id asn1.ObjectIdentifier
		for _, part := range strings.Split(oid, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				t.Fatal(err)
			}
			id = append(id, n)
		}
		cert.Extensions = append(cert.Extensions, pkix.Extension{Id: id, Value: value})
		s := &Signature{}
		s.describe(&cert)
		if s.Certificate == nil {
			t.Error("it is gone")
		}
		_ = issuerRaw(&cert)
		_ = workflow(&cosign.CertExtensions{Cert: &cert})
		_ = s.json()
	})
}

// TestManyNames: of a certificate for sixty thousand people each may be the one, and a few are written out.
func TestManyNames(t *testing.T) {
	var names []string
	for i := range 60_000 {
		names = append(names, "user"+strconv.Itoa(i)+"@example.com")
	}
	e := &evidence{x: &examination{policy: Policy{Subject: names[59_999]}}, s: &Signature{}}
	c := e.subjectOf(names, func(name string) bool { return name == e.x.policy.Subject })
	if c.State != CheckOK || !strings.HasSuffix(c.Found.Text, ", user15@example.com and 59984 more") {
		t.Errorf("%s: %.1000s", c.State, c.Found.Text)
	}
}

// FuzzEnvelope feeds foreign DSSE envelopes to what reads attestations.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"eyJwcmVkaWNhdGVUeXBlIjoieCIsInN1YmplY3QiOlt7ImRpZ2VzdCI6eyJzaGEyNTYiOiIwMCJ9fV19","signatures":[{"sig":"AAAA"}]}`))
	f.Add([]byte(`{"payload":{}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := &Signature{Storage: StoredInTag, Kind: KindAttestation}
		s.readLegacy(v1.Descriptor{Annotations: map[string]string{static.SignatureAnnotationKey: ""}}, fetched{content: content})
		if (s.legacy == nil) != (s.broken != nil) {
			t.Errorf("signature %v, broken %v", s.legacy, s.broken)
		}
		_ = s.json()
	})
}

// FuzzVerifyBundle judges what became of a good bundle: whatever was changed, verdict and checks agree, and nothing verifies
// whose payload is another.
func FuzzVerifyBundle(f *testing.F) {
	d := verificationtest.MustNew()
	artifact := []byte("an artifact")
	bundle, err := d.Message(artifact, verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com", Stamp: true})
	if err != nil {
		f.Fatal(err)
	}
	content, err := protojson.Marshal(bundle)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content, artifact)
	f.Add(content, []byte("another"))
	trusted := d.TrustedRoot()
	v := New(Options{Material: func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }})
	f.Fuzz(func(t *testing.T, content, about []byte) {
		report, err := v.ShowBundle(t.Context(), BundleRequest{
			Name: "fuzz", Content: content, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(about)), nil },
		})
		if err != nil {
			return
		}
		s := &report.Signature
		s.Explain(t.Context())
		if s.Defect != nil {
			t.Errorf("%v\n%s", s.Defect, MatrixText(s))
		}
		if s.Verified && !bytes.Equal(about, artifact) {
			t.Errorf("%q verified", about)
		}
		if _, err := report.MarshalJSON(); err != nil {
			t.Error(err)
		}
	})
}
