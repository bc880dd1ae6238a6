package verification_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestMalformed: a bundle that breaks a rule of its format is refused, as by cosign, with the rule as the reason; and what is in it is
// checked and shown nevertheless.
func TestMalformed(t *testing.T) {
	old := func(w *world) *protobundle.Bundle { return w.d.AsV1(w.message(byAlice)) }
	young := func(w *world) *protobundle.Bundle { return w.message(byAlice) }
	for _, c := range []struct {
		name   string
		bundle func(w *world) *protobundle.Bundle
		change func(b *protobundle.Bundle)
		what   string
		why    string
		more   states // beside the format
	}{
		{
			name: "no media type", bundle: young, change: func(b *protobundle.Bundle) { b.MediaType = "" },
			what: "does not say of which version", why: "mediaType is missing",
		},
		{
			name: "a media type of nothing", bundle: young, change: func(b *protobundle.Bundle) { b.MediaType = "text/" + strings.Repeat("x", 1000) },
			what: "no version that is known", why: `found the mediaType "text/xxx`,
		},
		{
			name: "a newer version", bundle: young, change: func(b *protobundle.Bundle) { b.MediaType = "application/vnd.dev.sigstore.bundle.v0.4+json" },
			what: "no version that is known", why: "bundle.v0.4+json",
		},
		{
			name: "no checkpoint", bundle: young, change: func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries[0].InclusionProof.Checkpoint = nil },
			what: "lacks the checkpoint", why: "older clients", more: states{verification.CheckProof: verification.CheckFailed},
		},
		{
			name: "an empty checkpoint", bundle: young, change: func(b *protobundle.Bundle) {
				b.VerificationMaterial.TlogEntries[0].InclusionProof.Checkpoint.Envelope = ""
			},
			what: "lacks the checkpoint", why: "older clients", more: states{verification.CheckProof: verification.CheckFailed},
		},
		{
			name: "no proof", bundle: young, change: func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries[0].InclusionProof = nil },
			what: "lacks the inclusion proof", why: "after 0.1", more: states{verification.CheckProof: verification.CheckSkipped},
		},
		{
			name: "no promise in version 0.1", bundle: old, change: func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries[0].InclusionPromise = nil },
			what: "lacks the log's promise", why: "version 0.1",
			more: states{verification.CheckSET: verification.CheckFailed, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckSkipped},
		},
		{
			name: "a chain in version 0.3", bundle: young, change: func(b *protobundle.Bundle) {
				b.VerificationMaterial.Content = &protobundle.VerificationMaterial_X509CertificateChain{X509CertificateChain: &protocommon.X509CertificateChain{
					Certificates: []*protocommon.X509Certificate{b.GetVerificationMaterial().GetCertificate()},
				}}
			}, what: "a chain of certificates", why: "signer's certificate alone",
		},
		{
			name: "an entry without its log", bundle: young, change: func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries[0].LogId = nil },
			what: "lacks a part", why: "tlogEntries[0] has no logId",
			more: states{verification.CheckSET: verification.CheckFailed, verification.CheckProof: verification.CheckFailed, verification.CheckTime: verification.CheckSkipped},
		},
		{
			name: "an entry with nothing", bundle: old, change: func(b *protobundle.Bundle) {
				entry := b.VerificationMaterial.TlogEntries[0]
				entry.CanonicalizedBody, entry.KindVersion = nil, nil
			}, what: "lacks a part", why: "no canonicalizedBody, no kindVersion",
			more: states{
				verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckSkipped,
				verification.CheckSET: verification.CheckFailed, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckSkipped,
			},
		},
		{
			name: "an index below 0", bundle: old, change: func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries[0].LogIndex = -1 },
			what: "lacks a part", why: "the logIndex -1",
			more: states{verification.CheckSET: verification.CheckFailed, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckSkipped},
		},
		{
			name: "an entry that is none", bundle: old, change: func(b *protobundle.Bundle) { b.VerificationMaterial.TlogEntries[0].CanonicalizedBody = []byte("hello") },
			what: "log entry in the bundle cannot be read", why: "canonicalizedBody is no entry of a transparency log",
			more: states{
				verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckSkipped,
				verification.CheckSET: verification.CheckFailed, verification.CheckProof: verification.CheckSkipped, verification.CheckTime: verification.CheckSkipped,
			},
		},
		{
			name: "no signature", bundle: young, change: func(b *protobundle.Bundle) { b.Content = nil },
			what: "carries no signature", why: "neither a messageSignature nor a dsseEnvelope",
			more: states{
				verification.CheckClaims: verification.CheckFailed, verification.CheckSignature: verification.CheckFailed,
				verification.CheckLogEntry: verification.CheckFailed, verification.CheckLogPayload: verification.CheckSkipped,
			},
		},
		{
			name: "no signer", bundle: young, change: func(b *protobundle.Bundle) { b.VerificationMaterial.Content = nil },
			what: "nothing of who signed", why: "neither a certificate nor a hint",
			more: states{
				verification.CheckSignature: verification.CheckSkipped, verification.CheckChain: verification.CheckFailed, verification.CheckLogEntry: verification.CheckFailed,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			b := c.bundle(w)
			c.change(b)
			report, err := w.verifyFile(b, artifactBytes, true, byAlicePolicy)
			if err != nil {
				t.Fatal(err)
			}
			reason := report.Signature.Reason
			if report.Signature.Verified || reason == nil || reason.Code != actions.CodeFormat || !strings.Contains(reason.What, c.what) || !strings.Contains(reason.Why, c.why) ||
				reason.Next == "" || len(reason.Why) > 400 {
				t.Errorf("verified %t: %+v", report.Signature.Verified, reason)
			}
			if w.cosignBundle(b, artifactBytes, true, byAlicePolicy) == nil {
				t.Error("cosign accepts it")
			}
			want := states{verification.CheckFormat: verification.CheckFailed}
			for id, state := range c.more {
				want[id] = state
			}
			if b.GetMediaType() != "" && strings.HasSuffix(b.GetMediaType(), "version=0.1") {
				want[verification.CheckProof] = verification.CheckSkipped // version 0.1 is made without one
			}
			checkStates(t, report.Signature, want)
			if said := report.Signature.Sentence(); (said == "nothing in it says who signed") != (c.name == "no signer") {
				t.Errorf("of who signed: %s", said)
			}
			if proof := report.Signature.Check(verification.CheckProof); c.what == "lacks the checkpoint" && !strings.Contains(proof.What, "without the checkpoint") {
				t.Errorf("of the proof: %s", proof.What)
			}
		})
	}
}

// TestUnreadableBundle: JSON that is a bundle, and of which nothing can be shown, is told from what is no bundle. The message has the place, and not the
// whole of what stands there.
func TestUnreadableBundle(t *testing.T) {
	w := newWorld(t)
	content, err := protojson.Marshal(w.message(byAlice))
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, content); err != nil { // protojson puts blanks where it likes
		t.Fatal(err)
	}
	good := compact.String()
	for _, c := range []struct{ name, old, new, what, why string }{
		{"junk in place of base64", `"signature":"`, `"signature":"` + strings.Repeat("!", 5000), "is a Sigstore bundle that cannot be read", "invalid value for bytes field signature"},
		{"null in a list", `"tlogEntries":[`, `"tlogEntries":[null,`, "is a Sigstore bundle that cannot be read", "unexpected token null"},
		{
			"two signers", `"verificationMaterial":{`, `"verificationMaterial":{"publicKey":{"hint":"x"},`, "is a Sigstore bundle that cannot be read",
			"only one of certificate, x509CertificateChain and publicKey may be there",
		},
		{"two signatures", `{"mediaType"`, `{"dsseEnvelope":{},"mediaType"`, "is a Sigstore bundle that cannot be read", "only one of messageSignature and dsseEnvelope may be there"},
		{"a field twice", `{"mediaType"`, `{"mediaType":"x","mediaType"`, "is a Sigstore bundle that cannot be read", `duplicate field "mediaType"`},
		{"cut off", `"messageSignature"`, "", "cannot be read as a Sigstore bundle", "it is no JSON"},
		{"no bundle", good, `{"base64Signature":"x"}`, "cannot be read as a Sigstore bundle", "cosign's older form"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(good, c.old) != 1 {
				t.Fatalf("not once: %s", c.old)
			}
			_, err := w.verifier.VerifyBundle(context.Background(), verification.BundleRequest{
				Name: "x.json", Content: []byte(strings.Replace(good, c.old, c.new, 1)), Open: opened(artifactBytes), Policy: byAlicePolicy,
			})
			if actions.CodeOf(err) != actions.CodeFormat || !strings.Contains(err.Error(), c.what) || !strings.Contains(err.Error(), c.why) || len(err.Error()) > 300 {
				t.Errorf("%v", err)
			}
		})
	}
	unknown, err := w.verifier.VerifyBundle(context.Background(), verification.BundleRequest{
		Name: "x.json", Content: []byte(strings.Replace(good, "{", `{"rawBytes":"AAAA",`, 1)), Open: opened(artifactBytes), Policy: byAlicePolicy,
	})
	if err != nil || !strings.Contains(unknown.Signature.Reason.Error(), `a field that no version has: line 1, column 2: unknown field "rawBytes"`) {
		t.Errorf("%v %+v", err, unknown)
	}
	checkStates(t, unknown.Signature, states{verification.CheckFormat: verification.CheckFailed})
}
