package verification_test

import (
	"testing"

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
