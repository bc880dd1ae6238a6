package verification_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// TestPeriods: what a log signed at a time for which the trust root does not believe its key counts for nothing, here as with
// cosign: a promise of the certificate log, and an entry of the transparency log.
func TestPeriods(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		period verificationtest.Period
		holds  bool
	}{
		"in its time":  {verificationtest.Period{From: now.Add(-time.Hour), Until: now.Add(time.Hour)}, true},
		"ended before": {verificationtest.Period{Until: now.Add(-time.Hour)}, false},
		"begins later": {verificationtest.Period{From: now.Add(time.Hour)}, false},
	} {
		for check, set := range map[verification.CheckID]func(*verificationtest.Deployment){
			verification.CheckSCT:   func(d *verificationtest.Deployment) { d.CTLogPeriod = c.period },
			verification.CheckChain: func(d *verificationtest.Deployment) { d.AuthorityPeriod = c.period },
			verification.CheckSET:   func(d *verificationtest.Deployment) { d.LogPeriod = c.period },
		} {
			t.Run(string(check)+" "+name, func(t *testing.T) {
				w := newWorld(t)
				set(w.d)
				trusted := w.d.TrustedRoot()
				w.opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
				w.verifier = verification.New(w.opts)
				w.attach(w.sign(byAlice))
				report := w.verify(byAlicePolicy)
				w.compare(byAlicePolicy, report)
				s := report.Signatures[0]
				if holds := s.Check(check).State == verification.CheckOK; holds != c.holds || s.Verified != c.holds || s.Defect != nil {
					t.Errorf("verified %t (%v), the check says %+v, %v", s.Verified, s.Reason, s.Check(check), s.Defect)
				}
				rows := verification.FootingOf(report, trusted)
				if lacking := verification.Lacking(rows); (lacking == 0) != c.holds || (verification.FootingError(rows) == nil) != c.holds {
					t.Errorf("%d lacking: %+v", lacking, rows)
				}
				if said := verification.FootingText(rows); strings.Contains(said, "x time ") == c.holds || strings.Contains(said, "x lacks") {
					t.Errorf("it says %s", said)
				}
				if check == verification.CheckChain && !c.holds && !strings.Contains(s.Reason.Error(), "does not trust the authority for the time of the certificate: ") {
					t.Errorf("the reason is %v", s.Reason)
				}
				if check == verification.CheckSET && !c.holds && !strings.Contains(s.Reason.Error(), "does not trust the log's key for the time of the entry: entry 0 is of ") {
					t.Errorf("the reason is %v", s.Reason)
				}
			})
		}
	}
}
