package verification_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

type (
	spec   = verificationtest.Spec
	layer  = verificationtest.Layer
	policy = verification.Policy
)

func withSubject(subject string) spec {
	s := byAlice
	s.Subject = subject
	return s
}

// change returns a copy of what most tests use with a difference.
func change[T any](v T, with func(*T)) T {
	with(&v)
	return v
}

// tamper changes the log entry of a layer.
func tamper(w *world, l layer, with func(*cbundle.RekorBundle)) layer {
	w.t.Helper()
	entry, err := l.Entry()
	if err != nil || entry == nil {
		w.t.Fatalf("log entry: %v %v", entry, err)
	}
	with(entry)
	text, err := json.Marshal(entry)
	if err != nil {
		w.t.Fatal(err)
	}
	return l.With(static.BundleAnnotationKey, string(text))
}

// keyPair makes a key and the file with its public half.
func keyPair(t testing.TB) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := cryptoutils.MarshalPublicKeyToPEM(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cosign.pub")
	if err := os.WriteFile(path, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return key, path
}

// Keys of other kinds than Fulcio's clients make.
var (
	p384, _       = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, edwards, _ = ed25519.GenerateKey(rand.Reader)
)

const hour = time.Hour

var longAgo = time.Now().Add(-2 * time.Hour)

// signatureCase is one signature under one policy, and the code of the reason that is wanted; "" when it verifies.
type signatureCase struct {
	name   string
	policy policy
	layer  func(w *world) layer
	want   actions.Code
	// why is part of the explanation.
	why string
}

func good(w *world) layer { return w.sign(byAlice) }

// cases are what one signature can be like.
var cases = []signatureCase{
	{name: "valid", policy: byAlicePolicy, layer: good},
	{
		name: "other subject", policy: change(byAlicePolicy, func(p *policy) { p.Subject = bob }), layer: good,
		want: actions.CodeSubject, why: "expected subject bob@example.com, found alice@example.com",
	},
	{
		name: "other issuer", policy: change(byAlicePolicy, func(p *policy) { p.Issuer = "https://other.example.com" }), layer: good,
		want: actions.CodeIssuer, why: "expected issuer https://other.example.com, found " + issuer,
	},
	{
		name: "other subject and issuer", policy: policy{Subject: bob, Issuer: "https://other.example.com"}, layer: good,
		want: actions.CodeSubject, why: "expected issuer https://other.example.com, found " + issuer,
	},
	{
		name: "subject in other case", policy: change(byAlicePolicy, func(p *policy) { p.Subject = "Alice@example.com" }), layer: good,
		want: actions.CodeSubject,
	},
	{name: "regular expressions", policy: policy{SubjectRegexp: `.*@example\.com$`, IssuerRegexp: `^https://idp\.`}, layer: good},
	{
		name: "regular expression is not anchored", policy: change(byAlicePolicy, func(p *policy) { p.Issuer, p.IssuerRegexp = "", `\.example\.com/` }),
		layer: func(w *world) layer {
			return w.sign(spec{Subject: alice, Issuer: "https://evil.test/x.example.com/"})
		},
	},
	{name: "regular expression beats the exact value", policy: policy{Subject: bob, SubjectRegexp: "alice", Issuer: "x", IssuerRegexp: "idp"}, layer: good},
	{
		name: "regular expression does not match", policy: change(byAlicePolicy, func(p *policy) { p.SubjectRegexp = "^bob" }), layer: good,
		want: actions.CodeSubject, why: "expected subject matching /^bob/, found " + alice,
	},
	{
		name: "workflow as subject", policy: policy{Subject: "https://github.com/org/app/.github/workflows/ci.yml@refs/heads/main", Issuer: issuer},
		layer: func(w *world) layer {
			return w.sign(withSubject("https://github.com/org/app/.github/workflows/ci.yml@refs/heads/main"))
		},
	},
	{
		name: "no subject in the certificate", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(withSubject("")) },
		want: actions.CodeSubject, why: "found none",
	},
	{
		name: "issuer in the new extension only", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return w.sign(change(byAlice, func(s *spec) { s.OnlyNewIssuer = true }))
		}, want: actions.CodeIssuer, why: "1.3.6.1.4.1.57264.1.8",
	},

	{name: "P-384", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.Key = p384 })) }},
	{
		name: "Ed25519", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.Key = edwards })) },
		want: actions.CodeLogEntry,
	},

	{name: "payload changed", policy: byAlicePolicy, layer: flipped, want: actions.CodeSignature, why: "found one with SHA-256"},
	{
		name: "payload changed, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }), layer: flipped,
		want: actions.CodeSignature,
	},
	{
		name: "signature of another payload", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		layer: func(w *world) layer {
			other, err := w.d.SignPayload([]byte("{}"), byAlice)
			if err != nil {
				w.t.Fatal(err)
			}
			l := good(w)
			l.Payload = other.Payload
			return l
		}, want: actions.CodeSignature,
	},
	{
		name: "certificate of another signature", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return good(w).With(static.CertificateAnnotationKey, good(w).Annotations[static.CertificateAnnotationKey])
		}, want: actions.CodeLogEntry, why: "another certificate or key",
	},
	{
		name: "certificate of another signature, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		layer: func(w *world) layer {
			return good(w).With(static.CertificateAnnotationKey, good(w).Annotations[static.CertificateAnnotationKey])
		}, want: actions.CodeSignature,
	},
	{
		name: "signature is no base64", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		layer: func(w *world) layer { return good(w).With(static.SignatureAnnotationKey, "%%") }, want: actions.CodeSignature,
	},
	{
		name: "no signature", policy: byAlicePolicy, layer: func(w *world) layer { return good(w).With(static.SignatureAnnotationKey, "") },
		want: actions.CodeSignature, why: "is missing",
	},
	{
		name: "certificate is no PEM", policy: byAlicePolicy, layer: func(w *world) layer { return good(w).With(static.CertificateAnnotationKey, "nonsense") },
		want: actions.CodeChain,
	},
	{
		name: "certificate is a key", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return good(w).With(static.CertificateAnnotationKey, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
		}, want: actions.CodeChain,
	},
	{
		name: "chain is no PEM", policy: byAlicePolicy, layer: func(w *world) layer { return good(w).With(static.ChainAnnotationKey, "nonsense") },
		want: actions.CodeChain,
	},
	{name: "no chain", policy: byAlicePolicy, layer: func(w *world) layer { return good(w).With(static.ChainAnnotationKey, "") }},

	{
		name: "entry of another signature", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return good(w).With(static.BundleAnnotationKey, good(w).Annotations[static.BundleAnnotationKey])
		}, want: actions.CodeLogEntry, why: "records other bytes",
	},
	{name: "no entry", policy: byAlicePolicy, layer: unlogged, want: actions.CodeLogEntry},
	{name: "no entry, offline", policy: change(byAlicePolicy, func(p *policy) { p.Offline = true }), layer: unlogged, want: actions.CodeLogEntry},
	{name: "no entry, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }), layer: unlogged},
	{
		name: "entry is no JSON", policy: byAlicePolicy, layer: func(w *world) layer { return good(w).With(static.BundleAnnotationKey, "{") },
		want: actions.CodeLogEntry,
	},
	{
		name: "entry is empty", policy: byAlicePolicy, layer: func(w *world) layer { return good(w).With(static.BundleAnnotationKey, "{}") },
		want: actions.CodeLogEntry,
	},
	{
		name: "entry's body is a number", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return tamper(w, good(w), func(b *cbundle.RekorBundle) { b.Payload.Body = 7 })
		}, want: actions.CodeLogEntry,
	},
	{
		name: "entry's body is no base64", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return tamper(w, good(w), func(b *cbundle.RekorBundle) { b.Payload.Body = "%" })
		}, want: actions.CodeLogEntry, why: "",
	},
	{
		name: "promise changed", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return tamper(w, good(w), func(b *cbundle.RekorBundle) { b.SignedEntryTimestamp[10] ^= 1 })
		}, want: actions.CodeLogEntry, why: "are not those that the log signed",
	},
	{
		name: "index changed", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return tamper(w, good(w), func(b *cbundle.RekorBundle) { b.Payload.LogIndex += 5 })
		}, want: actions.CodeLogEntry, why: "are not those that the log signed",
	},
	{
		name: "time changed", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return tamper(w, good(w), func(b *cbundle.RekorBundle) { b.Payload.IntegratedTime++ })
		}, want: actions.CodeLogEntry,
	},
	{
		name: "unknown log", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return tamper(w, good(w), func(b *cbundle.RekorBundle) { b.Payload.LogID = "00" + b.Payload.LogID[2:] })
		}, want: actions.CodeLogEntry, why: "expected one of the logs",
	},
	{name: "other deployment", policy: byAlicePolicy, layer: foreign, want: actions.CodeLogEntry, why: "expected one of the logs"},
	{
		name: "other deployment, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }), layer: foreign,
		want: actions.CodeChain, why: `CN=intermediate`,
	},

	{
		name: "no SCT", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.NoSCT = true })) },
		want: actions.CodeSCT,
	},
	{
		name: "forged SCT", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.ForgedSCT = true })) },
		want: actions.CodeSCT,
	},
	{
		name: "no SCT, SCT ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreSCT = true }),
		layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.NoSCT = true })) },
	},

	{name: "claim about another image", policy: byAlicePolicy, layer: elsewhere, want: actions.CodeClaims, why: "found sha256:00"},
	{name: "claim about another image, claims ignored", policy: change(byAlicePolicy, func(p *policy) { p.SkipClaims = true }), layer: elsewhere},
	{name: "payload is no claim", policy: byAlicePolicy, layer: func(w *world) layer { return w.signPayload("plain text") }, want: actions.CodeClaims},
	{name: "payload is half a claim", policy: byAlicePolicy, layer: func(w *world) layer { return w.signPayload(`{"critical":`) }, want: actions.CodeClaims},
	{name: "annotation", policy: change(byAlicePolicy, func(p *policy) { p.Annotations = map[string]string{"tier": "gold"} }), layer: annotated},
	{
		name: "other annotation", policy: change(byAlicePolicy, func(p *policy) { p.Annotations = map[string]string{"tier": "lead"} }), layer: annotated,
		want: actions.CodeClaims, why: "expected tier=lead, found gold",
	},
	{
		name: "no annotation", policy: change(byAlicePolicy, func(p *policy) { p.Annotations = map[string]string{"size": "m"} }), layer: annotated,
		want: actions.CodeClaims, why: "expected size=m, found no size",
	},

	{
		name: "annotation that is a number", policy: change(byAlicePolicy, func(p *policy) { p.Annotations = map[string]string{"n": "1"} }), layer: annotated,
		want: actions.CodeClaims, why: "expected n=1",
	},

	{name: "long ago", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.At = longAgo })) }},
	{
		name: "long ago, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.At = longAgo })) },
		want:  actions.CodeTime, why: "held against the present",
	},
	{
		name: "long ago, log ignored, stamp in use", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.UseSignedTimestamps = true, true }),
		layer: func(w *world) layer {
			return w.sign(change(byAlice, func(s *spec) { s.At, s.Stamp = longAgo, true }))
		},
	},
	{
		name: "long ago, log ignored, no stamp", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.UseSignedTimestamps = true, true }),
		layer: func(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.At = longAgo })) }, want: actions.CodeTime,
	},
	{
		name: "logged too late", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return w.sign(change(byAlice, func(s *spec) { s.At, s.Logged = longAgo, longAgo.Add(time.Hour) }))
		}, want: actions.CodeTime, why: "expected a time at which the certificate was valid",
	},
	{
		name: "logged too early", policy: byAlicePolicy,
		layer: func(w *world) layer {
			return w.sign(change(byAlice, func(s *spec) { s.At, s.Logged = longAgo, longAgo.Add(-time.Hour) }))
		}, want: actions.CodeTime,
	},
	{name: "stamp in use, none there", policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }), layer: good},
	{name: "stamp", policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }), layer: stamped},
	{
		name: "stamp of another signature", policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }),
		layer: func(w *world) layer {
			return stamped(w).With(static.RFC3161TimestampAnnotationKey, stamped(w).Annotations[static.RFC3161TimestampAnnotationKey])
		}, want: actions.CodeTimestamp,
	},
	{
		name: "stamp is nonsense", policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }),
		layer: func(w *world) layer {
			return stamped(w).With(static.RFC3161TimestampAnnotationKey, `{"SignedRFC3161Timestamp":"AAAA"}`)
		}, want: actions.CodeTimestamp,
	},
	{
		name: "stamp is no JSON", policy: byAlicePolicy,
		layer: func(w *world) layer { return stamped(w).With(static.RFC3161TimestampAnnotationKey, "{") }, want: actions.CodeTimestamp,
	},

	{
		name: "key pair without a key", policy: byAlicePolicy, layer: func(w *world) layer { return w.sign(spec{KeyPair: true}) },
		want: actions.CodeNoCertificate,
	},
}

func flipped(w *world) layer {
	l := good(w)
	l.Payload = append([]byte(nil), l.Payload...)
	l.Payload[len(l.Payload)/2] ^= 1
	return l
}

func unlogged(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.NoLog = true })) }

func stamped(w *world) layer { return w.sign(change(byAlice, func(s *spec) { s.Stamp = true })) }

func annotated(w *world) layer {
	return w.sign(change(byAlice, func(s *spec) { s.Annotations = map[string]any{"tier": "gold", "n": 1} }))
}

func foreign(w *world) layer {
	l, err := verificationtest.MustNew().Sign(w.image, byAlice)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func elsewhere(w *world) layer {
	other := w.image.Context().Digest("sha256:0000000000000000000000000000000000000000000000000000000000000000")
	l, err := w.d.Sign(other, byAlice)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) signPayload(text string) layer {
	l, err := w.d.SignPayload([]byte(text), byAlice)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}
