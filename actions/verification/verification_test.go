package verification_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions"
)

func TestVerifyShowsEverySignature(t *testing.T) {
	w := newWorld(t)
	w.attach(
		w.sign(byAlice),
		w.sign(withSubject(bob)),
		w.sign(byAlice),
	)
	report := w.verify(byAlicePolicy)
	if err := report.Verdict(); err != nil {
		t.Fatalf("verdict: %v", err)
	}
	if len(report.Signatures) != 3 || len(report.Verified()) != 2 {
		t.Fatalf("%d signatures, %d verified; want 3 and 2", len(report.Signatures), len(report.Verified()))
	}
	for i, s := range report.Signatures {
		if s.LogIndex == nil || *s.LogIndex != int64(i) {
			t.Errorf("row %d has log index %v", i, s.LogIndex)
		}
		if s.LogID != w.d.LogID() || s.Integrated == nil || s.Certificate == nil || s.Issuer != issuer {
			t.Errorf("row %d is not filled in: %+v", i, s)
		}
	}
	other := report.Signatures[1]
	if other.Subject != bob || other.Verified || other.Reason == nil || other.Reason.Code != actions.CodeSubject {
		t.Fatalf("bob's row: %+v", other)
	}
	if want := "expected subject alice@example.com, found bob@example.com"; other.Reason.Why != want {
		t.Errorf("why: %q, want %q", other.Reason.Why, want)
	}
}

// TestListAsksNobodyWho checks that a list has the verdict on all but the identity, and is the same each time.
func TestListAsksNobodyWho(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(withSubject(bob)), w.sign(byAlice), flipped(w), unlogged(w))
	w.refer(goodBundle(w))
	report, err := w.verifier.List(t.Context(), w.tag())
	if err != nil {
		t.Fatal(err)
	}
	var verified []string
	for _, s := range report.Verified() {
		verified = append(verified, s.Subject)
	}
	if want := []string{bob, alice, alice}; !slices.Equal(verified, want) {
		t.Errorf("verified %q, want %q", verified, want)
	}
	first, err := json.Marshal(explained(t, report))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		report, err := w.verifier.List(t.Context(), w.tag())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(explained(t, report)); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("%v\n%s\n%s", err, first, again)
		}
	}
}

// TestEmptyEntryHasNoIndex checks that the 0 of an entry that is none does not pass for the first place in the log.
func TestEmptyEntryHasNoIndex(t *testing.T) {
	w := newWorld(t)
	w.attach(good(w).With(static.BundleAnnotationKey, "null"))
	if s := w.verify(byAlicePolicy).Signatures[0]; s.LogIndex != nil || s.Verified {
		t.Errorf("%+v", s)
	}
}
