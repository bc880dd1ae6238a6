package export

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// content is what a report for people says, in the same order in every form.
type content struct {
	Image, Digest string
	Policy        []string
	Verdict       string // one sentence
	Verified      bool
	At            string // when it was looked
	Rows          []row
}

// row is one signature or attachment.
type row struct {
	Index, Kind, Subject, Issuer, Signed, Stored, Verdict string

	Who                string // the subject, or why there is none
	Verified, Unsigned bool
	Sentence           string
	Reason, Next       string
	Defect             string
	Checks             []verification.Check
	Extensions         []verification.Extension
}

const clock = "2006-01-02 15:04:05Z"

func contentOf(report *verification.Report, now time.Time) content {
	c := content{
		Image: plain(report.Image), Digest: plain(report.Digest.DigestStr()), Policy: policy(report.Policy),
		At: now.UTC().Format(clock),
	}
	verified := len(report.Verified())
	c.Verified = verified > 0
	c.Verdict = fmt.Sprintf("%d of %d signatures verified", verified, len(report.Signatures))
	if len(report.Signatures) == 0 {
		c.Verdict = "there is no signature"
	}
	rows := report.Rows()
	for i := range rows {
		c.Rows = append(c.Rows, rowOf(&rows[i]))
	}
	return c
}

func rowOf(s *verification.Signature) row {
	r := row{
		Index: index(s), Kind: string(s.Kind), Subject: plain(s.Subject), Who: who(s), Issuer: plain(s.Issuer), Stored: string(s.Storage),
		Verified: s.Verified, Unsigned: s.Kind == verification.KindSBOM, Sentence: plain(s.Sentence()),
		Checks: s.Checks, Extensions: verification.Extensions(s.Certificate),
	}
	if r.Kind == "" {
		r.Kind = string(verification.KindSignature)
	}
	if s.Platform != "" {
		r.Kind += " " + plain(s.Platform)
	}
	if at := s.SignedAt(); at != nil {
		r.Signed = at.UTC().Format(clock)
	}
	switch {
	case s.Verified:
		r.Verdict = "ok"
	case r.Unsigned:
		r.Verdict = "-- unsigned"
	default:
		r.Verdict = "x failed"
	}
	if s.Reason != nil {
		r.Reason, r.Next = plain(s.Reason.Error()), plain(s.Reason.Next)
	}
	if s.Defect != nil {
		r.Defect = plain(s.Defect.What + ": " + s.Defect.Why)
	}
	return r
}

// policy says whose signature counted, one part a line.
func policy(p verification.Policy) []string {
	var lines []string
	who := func(name, exact, pattern string) {
		switch {
		case pattern != "":
			lines = append(lines, name+" matches "+plain(pattern))
		case exact != "":
			lines = append(lines, name+" is "+plain(exact))
		}
	}
	who("subject", p.Subject, p.SubjectRegexp)
	who("issuer", p.Issuer, p.IssuerRegexp)
	if p.KeyReference != "" {
		lines = append(lines, "made with the key "+plain(p.KeyReference))
	}
	if len(lines) == 0 {
		lines = append(lines, "anybody's signature is shown: this says who signed, not whom to trust")
	}
	var skipped []string
	for _, s := range []struct {
		set  bool
		flag string
	}{
		{p.IgnoreLog, "--insecure-ignore-tlog"}, {p.IgnoreSCT, "--insecure-ignore-sct"}, {p.SkipClaims, "--check-claims=false"},
	} {
		if s.set {
			skipped = append(skipped, s.flag)
		}
	}
	if len(skipped) > 0 {
		lines = append(lines, "checks left out: "+strings.Join(skipped, ", "))
	}
	return lines
}
