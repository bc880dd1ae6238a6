package verification_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

func (w *world) bundle(spec spec) *protobundle.Bundle {
	w.t.Helper()
	b, err := w.d.Bundle(w.image, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) refer(b *protobundle.Bundle) {
	w.t.Helper()
	if err := verificationtest.ReferBundle(context.Background(), w.image, b, verificationtest.SignPredicate); err != nil {
		w.t.Fatal(err)
	}
}

// bundleCase is one bundle under one policy.
type bundleCase struct {
	name   string
	policy policy
	bundle func(w *world) *protobundle.Bundle
	want   actions.Code
}

func goodBundle(w *world) *protobundle.Bundle { return w.bundle(byAlice) }

var bundleCases = []bundleCase{
	{name: "valid", policy: byAlicePolicy, bundle: goodBundle},
	{name: "other subject", policy: change(byAlicePolicy, func(p *policy) { p.Subject = bob }), bundle: goodBundle, want: actions.CodeSubject},
	{
		name: "extension that cannot be read", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.Extensions = map[string]string{"1.3.6.1.4.1.57264.1.9": "no DER"} }))
		}, want: actions.CodeFormat,
	},
	{name: "other issuer", policy: change(byAlicePolicy, func(p *policy) { p.Issuer = "https://x" }), bundle: goodBundle, want: actions.CodeIssuer},
	{name: "regular expressions", policy: policy{SubjectRegexp: "alice", IssuerRegexp: `example\.com`}, bundle: goodBundle},
	{
		name: "exact value beside the regular expression", policy: policy{Subject: bob, SubjectRegexp: "alice", IssuerRegexp: "."}, bundle: goodBundle,
		want: actions.CodeSubject,
	},
	{
		name: "issuer in the new extension only", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.OnlyNewIssuer = true }))
		},
	},
	{
		name: "statement about another image", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			b, err := w.d.Bundle(w.image.Context().Digest("sha256:0000000000000000000000000000000000000000000000000000000000000000"), byAlice)
			if err != nil {
				w.t.Fatal(err)
			}
			return b
		}, want: actions.CodeClaims,
	},
	{
		name: "statement changed", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			b := goodBundle(w)
			b.GetDsseEnvelope().Payload = append(b.GetDsseEnvelope().Payload, ' ')
			return b
		}, want: actions.CodeSignature,
	},
	{
		name: "entry of another bundle", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			b := goodBundle(w)
			b.VerificationMaterial.TlogEntries = goodBundle(w).VerificationMaterial.TlogEntries
			return b
		}, want: actions.CodeLogEntry,
	},
	{
		name: "promise changed", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			b := goodBundle(w)
			b.VerificationMaterial.TlogEntries[0].InclusionPromise.SignedEntryTimestamp[9] ^= 1
			return b
		}, want: actions.CodeLogEntry,
	},
	{
		name: "no entry", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.NoLog = true }))
		}, want: actions.CodeLogEntry,
	},
	{
		name: "no entry, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.NoLog = true }))
		},
	},
	{
		name: "no SCT", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.NoSCT = true }))
		}, want: actions.CodeSCT,
	},
	{
		name: "forged SCT", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.ForgedSCT = true }))
		}, want: actions.CodeSCT,
	},
	{
		name: "long ago, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.At = longAgo }))
		}, want: actions.CodeTime,
	},
	{
		name: "long ago, log ignored, stamp in use", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.UseSignedTimestamps = true, true }),
		bundle: func(w *world) *protobundle.Bundle {
			return w.bundle(change(byAlice, func(s *spec) { s.At, s.Stamp = longAgo, true }))
		},
	},
	{
		name: "stamp in use, none there", policy: change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }), bundle: goodBundle,
		want: actions.CodeTimestamp,
	},
	{
		name: "key pair without a key", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle { return w.bundle(spec{KeyPair: true}) }, want: actions.CodeNoCertificate,
	},
	{
		name: "other deployment", policy: byAlicePolicy,
		bundle: func(w *world) *protobundle.Bundle {
			b, err := verificationtest.MustNew().Bundle(w.image, byAlice)
			if err != nil {
				w.t.Fatal(err)
			}
			return b
		}, want: actions.CodeLogEntry,
	},
	{
		name: "other deployment, log ignored", policy: change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true }),
		bundle: func(w *world) *protobundle.Bundle {
			b, err := verificationtest.MustNew().Bundle(w.image, byAlice)
			if err != nil {
				w.t.Fatal(err)
			}
			return b
		}, want: actions.CodeChain,
	},
}

// TestOneBundle checks that the verdict is that of cosign's own entry point for bundles, and the reason the true one.
func TestOneBundle(t *testing.T) {
	for _, c := range bundleCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.refer(c.bundle(w))
			report := w.verify(c.policy)
			if len(report.Signatures) != 1 {
				t.Fatalf("%d signatures", len(report.Signatures))
			}
			s := report.Signatures[0]
			ref, err := name.ParseReference(w.tag())
			if err != nil {
				t.Fatal(err)
			}
			co := w.checkOpts(c.policy)
			co.NewBundleFormat = true
			_, _, theirs := cosign.VerifyImageAttestations(context.Background(), ref, co)
			if s.Verified != (theirs == nil) {
				t.Fatalf("verified %t (%v), cosign says %v", s.Verified, s.Reason, theirs)
			}
			var code actions.Code
			if s.Reason != nil {
				code = s.Reason.Code
			}
			if code != c.want {
				t.Errorf("code %q, want %q (%v)", code, c.want, s.Reason)
			}
			if s.Storage != verification.StoredAsReferrer || s.PredicateType != verificationtest.SignPredicate {
				t.Errorf("row: %+v", s)
			}
		})
	}
}

// TestBothStorages checks that a bundle does not hide the signatures of the tag, with and without the referrers API.
func TestBothStorages(t *testing.T) {
	for _, api := range []bool{true, false} {
		w := newWorld(t, gcrregistry.WithReferrersSupport(api))
		w.attach(w.sign(withSubject(bob)))
		w.refer(goodBundle(w))
		w.refer(w.bundle(change(byAlice, func(s *spec) { s.NoLog = true })))
		if _, err := verificationtest.Refer(context.Background(), w.image, "application/spdx+json", []byte("{}"), nil); err != nil {
			t.Fatal(err)
		}
		report := w.verify(policy{SubjectRegexp: ".", IssuerRegexp: "."})
		if n := len(report.Signatures); n != 3 {
			t.Fatalf("referrers API %t: %d signatures, want 3", api, n)
		}
		first, second, last := report.Signatures[0], report.Signatures[1], report.Signatures[2]
		if first.Subject != bob || !first.Verified || first.Storage != verification.StoredInTag || *first.LogIndex != 0 {
			t.Errorf("referrers API %t: first row %+v", api, first)
		}
		if second.Subject != alice || !second.Verified || second.Storage != verification.StoredAsReferrer || *second.LogIndex != 1 || second.Issuer != issuer {
			t.Errorf("referrers API %t: second row %+v", api, second)
		}
		if last.LogIndex != nil || last.Verified {
			t.Errorf("referrers API %t: last row %+v", api, last)
		}
	}
}

// TestBundleAnnotations checks what cosign 2 leaves unchecked and 3 does not.
func TestBundleAnnotations(t *testing.T) {
	w := newWorld(t)
	w.refer(w.bundle(change(byAlice, func(s *spec) { s.Annotations = map[string]any{"tier": "gold"} })))
	for _, c := range []struct {
		want string
		ok   bool
	}{{"gold", true}, {"lead", false}} {
		report := w.verify(change(byAlicePolicy, func(p *policy) { p.Annotations = map[string]string{"tier": c.want} }))
		if s := report.Signatures[0]; s.Verified != c.ok {
			t.Errorf("tier=%s: verified %t, reason %v", c.want, s.Verified, s.Reason)
		} else if !c.ok && !errors.Is(s.Reason, &actions.Error{Code: actions.CodeClaims}) {
			t.Errorf("tier=%s: %v", c.want, s.Reason)
		}
	}
}

// TestBundleKey checks a bundle made with a key pair.
func TestBundleKey(t *testing.T) {
	key, file := keyPair(t)
	_, other := keyPair(t)
	w := newWorld(t)
	w.refer(w.bundle(spec{KeyPair: true, Key: key}))
	if s := w.verify(policy{KeyReference: file}).Signatures[0]; !s.Verified || s.Subject != "" {
		t.Errorf("right key: %v", s.Reason)
	}
	if s := w.verify(policy{KeyReference: other}).Signatures[0]; s.Verified {
		t.Error("wrong key: verified")
	}
}
