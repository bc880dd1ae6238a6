package verification

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
)

// TestDisagreement breaks one of the two: where verdict and checks differ, that is said, whichever is wrong. No signature is
// known for which they differ, so that the outcomes are given here.
func TestDisagreement(t *testing.T) {
	bad, skippedCheck := failed(actions.CodeSCT, "x", "y"), skipped(actions.CodeSkippedSCT, "x", "y")
	for _, c := range []struct {
		name     string
		verified bool
		checks   []Check
		why      string // in the defect; empty for none
	}{
		{"both say yes", true, []Check{passed("x"), notApplicable("x"), skippedCheck}, ""},
		{"both say no", false, []Check{passed("x"), bad}, ""},
		{"a check of ours failed", true, []Check{passed("x"), bad.ours()}, ""},
		{"cosign alone says yes", true, []Check{bad, passed("x")}, "cosign accepts"},
		{"cosign alone says no", false, []Check{passed("x"), bad.ours()}, "cosign refuses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Signature{Verified: c.verified, Checks: c.checks, Defect: &actions.Error{Code: "old"}}
			s.agree()
			switch {
			case c.why == "" && s.Defect != nil:
				t.Errorf("a defect: %v", s.Defect)
			case c.why != "" && (s.Defect == nil || s.Defect.Code != actions.CodeDisagreement || !strings.Contains(s.Defect.Why, c.why)):
				t.Errorf("the defect is %v", s.Defect)
			}
		})
	}
}

// TestGuarded: a check whose parts do not fit together has failed, and no other with it.
func TestGuarded(t *testing.T) {
	c := guarded(CheckSCT, func() Check { panic("no key") })
	if c.ID != CheckSCT || c.State != CheckFailed || c.Code != actions.CodeFormat || !strings.Contains(c.What, "no key") || c.Next == "" {
		t.Errorf("%+v", c)
	}
}
