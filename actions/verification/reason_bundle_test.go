package verification_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func entryIn(b *protobundle.Bundle) *protorekor.TransparencyLogEntry {
	return b.GetVerificationMaterial().GetTlogEntries()[0]
}

// named gives the signature of a statement the identifier of its key, or another.
func named(t testing.TB, b *protobundle.Bundle, other string) *protobundle.Bundle {
	t.Helper()
	cert, err := x509.ParseCertificate(b.GetVerificationMaterial().GetCertificate().GetRawBytes())
	if err != nil {
		t.Fatal(err)
	}
	id, err := dsse.SHA256KeyID(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if other != "" {
		id = other
	}
	b.GetDsseEnvelope().GetSignatures()[0].Keyid = id
	return b
}

// strangersStamp is a time stamp over a signature by an authority of its own.
func strangersStamp(t testing.TB, signature []byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(4711), Subject: pkix.Name{CommonName: "a stranger"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(signature)
	stamp, err := (&timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(), Policy: []int{1, 2}, SerialNumber: big.NewInt(1), Certificates: []*x509.Certificate{cert},
	}).CreateResponseWithOpts(cert, key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return stamp
}

// TestBundleReasons: why a bundle is refused is said in words of our own, with what was found, and without the inside of the libraries.
func TestBundleReasons(t *testing.T) {
	stamps := change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true })
	stampedSpec := change(byAlice, func(s *spec) { s.Stamp = true })
	for _, c := range []struct {
		name   string
		bundle func(w *world) *protobundle.Bundle
		policy policy
		code   actions.Code // "" when it verifies
		says   []string     // in the reason and what to do
	}{
		{
			name: "a keyid of the key", policy: byAlicePolicy,
			bundle: func(w *world) *protobundle.Bundle { return named(w.t, w.stated(byAlice), "") },
		},
		{
			name: "a keyid of another key", policy: byAlicePolicy, code: actions.CodeSignature,
			bundle: func(w *world) *protobundle.Bundle { return named(w.t, w.stated(byAlice), "deadbeef") },
			says:   []string{"says that another key made the signature", `expected the keyid "SHA256:`, `found "deadbeef"`},
		},
		{
			name: "no digest", policy: byAlicePolicy, code: actions.CodeClaims, says: []string{"does not say what it signs", "messageDigest is missing"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				b.GetMessageSignature().MessageDigest = nil
				return b
			},
		},
		{
			name: "an empty digest", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.UseSignedTimestamps = true, true }), code: actions.CodeClaims,
			says: []string{"the digest in the bundle is not that of the artifact", "names no digest that is known"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				b.GetMessageSignature().MessageDigest = &protocommon.HashOutput{}
				return b
			},
		},
		{
			name: "a key pair and no --key", policy: byAlicePolicy, code: actions.CodeNoCertificate, says: []string{`which the bundle calls "`, "--key FILE"},
			bundle: func(w *world) *protobundle.Bundle {
				key, _ := keyPair(w.t)
				b := w.message(spec{KeyPair: true, Key: key})
				b.GetVerificationMaterial().GetPublicKey().Hint = "a key of ours"
				return b
			},
		},
		{
			name: "no promise", policy: byAlicePolicy, code: actions.CodeTime, says: []string{"nothing proves when", "a proof alone", "sign again with a log or an authority"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionPromise = nil
				return b
			},
		},
		{
			name: "no promise, and a time stamp", policy: byAlicePolicy, code: actions.CodeTime, says: []string{"nothing proves when", "add --use-signed-timestamps"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				entryIn(b).InclusionPromise = nil
				return b
			},
		},
		{
			name: "no time stamp, asked for", policy: stamps, code: actions.CodeTimestamp, says: []string{"carries no RFC 3161 time stamp", "leave out --use-signed-timestamps"},
			bundle: func(w *world) *protobundle.Bundle { return w.message(byAlice) },
		},
		{
			name: "no time stamp, second generation", policy: byAlicePolicy, code: actions.CodeTimestamp, says: []string{"nothing proves when", "its log keeps no time"},
			bundle: func(w *world) *protobundle.Bundle {
				return w.message(change(tiledSpec, func(s *spec) { s.Stamp = false }))
			},
		},
		{
			name: "time stamp of another signature", policy: stamps, code: actions.CodeTimestamp, says: []string{"made over another signature", "changed after signing"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				b.VerificationMaterial.TimestampVerificationData = w.message(stampedSpec).VerificationMaterial.TimestampVerificationData
				return b
			},
		},
		{
			name: "time stamp of a stranger", policy: stamps, code: actions.CodeTimestamp, says: []string{"by an authority that the trust root does not know", "it knows "},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps[0].SignedTimestamp = strangersStamp(w.t, b.GetMessageSignature().GetSignature())
				return b
			},
		},
		{
			name: "time stamp of a stranger with the same name", policy: stamps, code: actions.CodeTimestamp,
			says: []string{"by no authority of the trust root", "or another authority of the same name"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				b.VerificationMaterial.TimestampVerificationData = newWorld(w.t).message(stampedSpec).VerificationMaterial.TimestampVerificationData
				return b
			},
		},
		{
			name: "time stamp that is none", policy: stamps, code: actions.CodeTimestamp, says: []string{"cannot be read"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps[0].SignedTimestamp = []byte("hello")
				return b
			},
		},
		{
			name: "too many time stamps", policy: stamps, code: actions.CodeTimestamp, says: []string{"more time stamps than are looked at", "it has 33"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(stampedSpec)
				data := b.VerificationMaterial.TimestampVerificationData
				for range 32 {
					data.Rfc3161Timestamps = append(data.Rfc3161Timestamps, data.Rfc3161Timestamps[0])
				}
				return b
			},
		},
		{
			name: "another index in the proof", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"for the index 900 in a tree of", "has none of that index"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionProof.LogIndex = 900
				return b
			},
		},
		{
			name: "a hash too many", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"1 hashes", "of that size needs 0"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionProof.Hashes = append(entryIn(b).InclusionProof.Hashes, make([]byte, 32))
				return b
			},
		},
		{
			name: "another root hash", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"does not lead from the entry to the root hash"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionProof.RootHash[0] ^= 1
				return b
			},
		},
		{
			name: "a checkpoint of another tree", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"is about another tree: expected the root hash"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionProof.Checkpoint = entryIn(w.message(byAlice)).InclusionProof.Checkpoint
				return b
			},
		},
		{
			name: "a checkpoint that was changed", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"is not signed by the key that the trust root has of the log"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionProof.Checkpoint.Envelope = "x" + entryIn(b).InclusionProof.Checkpoint.Envelope
				return b
			},
		},
		{
			name: "a checkpoint that was changed, second generation", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"is not what rekor.test signed"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(tiledSpec)
				entryIn(b).InclusionProof.Checkpoint.Envelope = "x" + entryIn(b).InclusionProof.Checkpoint.Envelope
				return b
			},
		},
		{
			name: "a checkpoint by another, second generation", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"carries no signature by the log"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(tiledSpec)
				checkpoint := entryIn(b).InclusionProof.Checkpoint
				checkpoint.Envelope = strings.Replace(checkpoint.Envelope, "— rekor.test ", "— other.test ", 1)
				return b
			},
		},
		{
			name: "a checkpoint that is none", policy: byAlicePolicy, code: actions.CodeLogEntry, says: []string{"no signed note"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.message(byAlice)
				entryIn(b).InclusionProof.Checkpoint.Envelope = "hello"
				return b
			},
		},
		{
			name: "a statement that was changed", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.UseSignedTimestamps = true, true }), code: actions.CodeSignature,
			says: []string{"the key that should have made it did not sign this payload"},
			bundle: func(w *world) *protobundle.Bundle {
				b := w.stated(stampedSpec)
				b.GetDsseEnvelope().Payload = append(b.GetDsseEnvelope().GetPayload(), ' ')
				return b
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			b := c.bundle(w)
			report, err := w.verifyFile(b, artifactBytes, true, c.policy)
			if err != nil {
				t.Fatal(err)
			}
			s := report.Signature
			if s.Defect != nil {
				t.Errorf("%v\n%s", s.Defect, matrix(s))
			}
			if theirs := w.cosignBundle(b, artifactBytes, true, c.policy); (theirs == nil) != s.Verified {
				t.Errorf("verified %t, cosign says %v", s.Verified, theirs)
			}
			if c.code == "" {
				if s.Reason != nil {
					t.Errorf("%v", s.Reason)
				}
				return
			}
			if s.Reason == nil || s.Reason.Code != c.code {
				t.Fatalf("%+v, want %s", s.Reason, c.code)
			}
			text := s.Reason.Error() + "; " + s.Reason.Next
			for _, part := range c.says {
				if !strings.Contains(text, part) {
					t.Errorf("it does not say %q: %s", part, text)
				}
			}
			for _, part := range []string{"%!", "threshold", "failed to verify", "validation error", "asn1:", "calculated root"} {
				if strings.Contains(text, part) {
					t.Errorf("it says %q: %s", part, text)
				}
			}
		})
	}
}

// TestUnreadableExtension: a certificate with an extension that cannot be read is refused whoever may have signed, and the check of the format says so.
func TestUnreadableExtension(t *testing.T) {
	w := newWorld(t)
	content, err := protojson.Marshal(w.message(change(byAlice, func(s *spec) { s.Extensions = map[string]string{"1.3.6.1.4.1.57264.1.9": "hello"} })))
	if err != nil {
		t.Fatal(err)
	}
	report, err := w.verifier.ShowBundle(t.Context(), verification.BundleRequest{Name: "x.json", Content: content, Open: opened(artifactBytes)})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Signature
	if s.Verified || s.Reason.Code != actions.CodeFormat || s.Defect != nil {
		t.Errorf("verified %t: %v %v", s.Verified, s.Reason, s.Defect)
	}
	if c := s.Check(verification.CheckFormat); c.State != verification.CheckFailed || !strings.Contains(c.What, "certificate in the bundle cannot be read") {
		t.Errorf("%+v", c)
	}
}

// TestAnotherArtifact: a good bundle of another artifact is not said to be changed.
func TestAnotherArtifact(t *testing.T) {
	w := newWorld(t)
	for _, whole := range []bool{true, false} {
		report, err := w.verifyFile(w.message(byAlice), []byte("another"), whole, byAlicePolicy)
		if err != nil {
			t.Fatal(err)
		}
		if c := report.Signature.Check(verification.CheckSignature); c.State != verification.CheckFailed || c.Next != "see the check claims" {
			t.Errorf("by the whole artifact %t: %+v", whole, c)
		}
	}
}
