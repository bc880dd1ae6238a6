package verification_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestVerdictBeginsWithTheNearest has one signature by whom was asked for, vouched for by another, among more by somebody else: the
// error says that first, and what to do about it.
func TestVerdictBeginsWithTheNearest(t *testing.T) {
	other := &actions.Error{Code: actions.CodeSubject, What: "signed by another identity", Next: "ask for them"}
	issuer := &actions.Error{Code: actions.CodeIssuer, What: "vouched for by another issuer", Next: "name the issuer"}
	key := &actions.Error{Code: actions.CodeNoCertificate, What: "no certificate", Next: "give the key"}
	report := &verification.Report{Signatures: []verification.Signature{{Reason: key}, {Reason: other}, {Reason: issuer}, {Reason: other}}}
	var e *actions.Error
	if !errors.As(report.Verdict(), &e) {
		t.Fatalf("no verdict: %v", report.Verdict())
	}
	lines := strings.Split(e.Why, "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "another issuer") || !strings.Contains(lines[1], "another identity (2 signatures)") || e.Next != issuer.Next {
		t.Errorf("why: %s\nnext: %s", e.Why, e.Next)
	}
}
