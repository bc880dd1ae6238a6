package verification_test

import (
	"context"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestPeriodOfTheCertificateLog: a promise that the certificate log made at a time for which the trust root does not believe its
// key counts for nothing, here as with cosign.
func TestPeriodOfTheCertificateLog(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		from, until time.Time
		holds       bool
	}{
		"in its time":  {now.Add(-time.Hour), now.Add(time.Hour), true},
		"ended before": {time.Time{}, now.Add(-time.Hour), false},
		"begins later": {now.Add(time.Hour), time.Time{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.d.CTLogFrom, w.d.CTLogUntil = c.from, c.until
			trusted := w.d.TrustedRoot()
			w.opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
			w.verifier = verification.New(w.opts)
			w.attach(w.sign(byAlice))
			report := w.verify(byAlicePolicy)
			w.compare(byAlicePolicy, report)
			s := report.Signatures[0]
			if holds := s.Check(verification.CheckSCT).State == verification.CheckOK; holds != c.holds || s.Verified != c.holds || s.Defect != nil {
				t.Errorf("verified %t (%v), the check says %+v, %v", s.Verified, s.Reason, s.Check(verification.CheckSCT), s.Defect)
			}
		})
	}
}
