package verification_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"log"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"pgregory.net/rapid"
)

// annotationKeys are what cosign reads beside a signature.
var annotationKeys = []string{
	static.SignatureAnnotationKey, static.CertificateAnnotationKey, static.ChainAnnotationKey,
	static.BundleAnnotationKey, static.RFC3161TimestampAnnotationKey,
}

// TestMutations changes what is stored in random ways and verifies under random policies: the verdict stays cosign's.
func TestMutations(t *testing.T) {
	w := newWorld(t)
	donors := []layer{stamped(w), stamped(w), w.sign(withSubject(bob)), w.sign(spec{KeyPair: true}), unlogged(w), foreign(w)}
	cases, good := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		layers := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) layer { return mutated(r, donors) }), 1, 12).Draw(r, "layers")
		// The helpers end the outer test.
		w.attach(layers...)
		p := drawPolicy(r)
		report, err := w.verifier.Verify(context.Background(), w.tag(), p)
		if err != nil {
			r.Fatal(err)
		}
		verdicts := w.reference(p)
		for _, s := range explained(t, report).Signatures {
			cases++
			if s.Verified {
				good++
			}
			if theirs := verdicts[s.Position]; s.Verified != (theirs == nil) {
				r.Fatalf("signature %d: verified %t (%v), cosign says %v", s.Position, s.Verified, s.Reason, theirs)
			}
			if s.Defect != nil {
				r.Fatalf("signature %d: %v\n%s", s.Position, s.Defect, matrix(s))
			}
			if s.Verified == (s.Reason != nil) {
				r.Fatalf("signature %d: verified %t, reason %v", s.Position, s.Verified, s.Reason)
			}
		}
	})
	t.Logf("%d signatures, %d of them good", cases, good)
	if good < cases/20 {
		t.Errorf("%d cases, %d of them good: too few to prove anything", cases, good)
	}
}

// drawPolicy is a policy, some of them wrong.
func drawPolicy(r *rapid.T) policy {
	return policy{
		Subject: rapid.SampledFrom([]string{alice, bob}).Draw(r, "subject"), Issuer: issuer,
		SubjectRegexp:       rapid.SampledFrom([]string{"", "", ".*", "^bob@"}).Draw(r, "subject regexp"),
		IgnoreLog:           rapid.Bool().Draw(r, "ignore log"),
		IgnoreSCT:           rapid.Bool().Draw(r, "ignore SCT"),
		SkipClaims:          rapid.Bool().Draw(r, "skip claims"),
		UseSignedTimestamps: rapid.Bool().Draw(r, "use stamps"),
		Offline:             rapid.Bool().Draw(r, "offline"),
	}
}

// mutated is a signature with nothing, a part of another, or a byte changed.
func mutated(r *rapid.T, donors []layer) layer {
	l := rapid.SampledFrom(donors).Draw(r, "signature")
	for range rapid.IntRange(0, 2).Draw(r, "changes") {
		key := rapid.SampledFrom(annotationKeys).Draw(r, "annotation")
		switch rapid.IntRange(0, 4).Draw(r, "change") {
		case 0:
			l = l.With(key, rapid.SampledFrom(donors).Draw(r, "donor").Annotations[key])
		case 1:
			l = l.With(key, "")
		case 2:
			l = l.With(key, rapid.SampledFrom([]string{"{}", "null", "[]", "x", `{"Payload":{"body":1}}`, `{"Payload":{"body":"e30="}}`}).Draw(r, "junk"))
		case 3:
			text := []byte(l.Annotations[key])
			if len(text) > 0 {
				text[rapid.IntRange(0, len(text)-1).Draw(r, "place")] ^= 1 << rapid.IntRange(0, 6).Draw(r, "bit")
				l = l.With(key, string(text))
			}
		case 4:
			l = layer{Payload: append([]byte(" "), l.Payload...), Annotations: l.Annotations}
		}
	}
	// A manifest is JSON, so that only text comes through it.
	for key, text := range l.Annotations {
		if !validUTF8(text) {
			l = l.With(key, base64.StdEncoding.EncodeToString([]byte(text)))
		}
	}
	return l
}

func validUTF8(s string) bool { return string(bytes.ToValidUTF8([]byte(s), nil)) == s }

// TestQuiet checks that nothing is logged over a broken time stamp, where cosign logs and then ends the process.
func TestQuiet(t *testing.T) {
	w := newWorld(t)
	w.attach(stamped(w).With(static.RFC3161TimestampAnnotationKey, `{"SignedRFC3161Timestamp":"AAAA"}`))
	var said bytes.Buffer
	out := log.Writer()
	log.SetOutput(&said)
	defer log.SetOutput(out)
	report := w.verify(change(byAlicePolicy, func(p *policy) { p.UseSignedTimestamps = true }))
	if len(report.Verified()) != 0 || said.Len() != 0 {
		t.Errorf("verified %d, logged %q", len(report.Verified()), said.String())
	}
}
