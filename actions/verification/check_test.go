package verification_test

import (
	"testing"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// states are the states of checks that a test expects; what it does not name must be ok or not apply.
type states map[verification.CheckID]verification.CheckState

// checkStates compares every check of s with what is expected.
func checkStates(t *testing.T, s verification.Signature, want states) {
	t.Helper()
	for _, id := range verification.Checks() {
		got := s.Check(id)
		expected, named := want[id]
		switch {
		case named && got.State != expected:
			t.Errorf("%s is %s (%s), want %s", id, got.State, got.What, expected)
		case !named && got.State != verification.CheckOK && got.State != verification.CheckNotApplicable:
			t.Errorf("%s is %s: %s", id, got.State, got.What)
		case got.State != verification.CheckOK && got.State != verification.CheckNotApplicable && (got.Code == "" || got.Next == ""):
			t.Errorf("%s is %s without a code or a way out: %+v", id, got.State, got)
		case got.What == "":
			t.Errorf("%s says nothing", id)
		}
	}
	if s.Defect != nil {
		t.Errorf("%v", s.Defect)
	}
}

// TestMatrix shows the whole matrix of a good signature in a tag, and that skipping is not passing.
func TestMatrix(t *testing.T) {
	w := newWorld(t)
	w.attach(stamped(w))
	checkStates(t, w.verify(byAlicePolicy).Signatures[0], states{
		verification.CheckProof:     verification.CheckSkipped, // a tag carries none
		verification.CheckTimestamp: verification.CheckSkipped, // nobody asked
	})
	checkStates(t, w.verify(change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.IgnoreSCT, p.SkipClaims = true, true, true })).Signatures[0], states{
		verification.CheckClaims: verification.CheckSkipped, verification.CheckSCT: verification.CheckSkipped,
		verification.CheckLogEntry: verification.CheckSkipped, verification.CheckLogPayload: verification.CheckSkipped,
		verification.CheckSET: verification.CheckSkipped, verification.CheckProof: verification.CheckSkipped,
		verification.CheckTimestamp: verification.CheckSkipped,
	})
	w.refer(goodBundle(w))
	for _, s := range w.verify(byAlicePolicy).Signatures {
		if s.Storage == verification.StoredAsReferrer {
			checkStates(t, s, states{})
		}
		if !s.BundleVerified {
			t.Errorf("%s: the log entry is not said to be verified", s.Storage)
		}
	}
	for _, s := range w.verify(change(byAlicePolicy, func(p *policy) { p.IgnoreLog = true })).Signatures {
		if s.BundleVerified || !s.Verified {
			t.Errorf("%s: verified %t, and its log entry, at which nobody looked, %t", s.Storage, s.Verified, s.BundleVerified)
		}
	}
}

// TestChecksStandAlone breaks several parts of one signature: each is found, and none hides another.
func TestChecksStandAlone(t *testing.T) {
	w := newWorld(t)
	w.attach(flipped(w))
	checkStates(t, w.verify(policy{Subject: bob, Issuer: "https://other.example.com"}).Signatures[0], states{
		verification.CheckSignature:  verification.CheckFailed,
		verification.CheckClaims:     verification.CheckFailed,
		verification.CheckLogPayload: verification.CheckFailed,
		verification.CheckProof:      verification.CheckSkipped,
		verification.CheckSubject:    verification.CheckFailed,
		verification.CheckIssuer:     verification.CheckFailed,
	})
}
