package verification

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Sentence says in one sentence who signed, who vouched for that, when, and until when it can be proven. What did not
// verify is told as a claim.
func (s *Signature) Sentence() string {
	if s.Kind == KindSBOM {
		return "a document that nobody signed"
	}
	if s.nobody() {
		return "nothing in it says who signed"
	}
	var b strings.Builder
	if s.Verified {
		b.WriteString("signed by ")
	} else {
		b.WriteString("claims to be signed by ")
	}
	if s.Certificate == nil {
		b.WriteString("the holder of a key pair")
	} else {
		b.WriteString(quoted(s.Subject) + ", vouched for by " + quoted(s.Issuer))
	}
	if at := s.SignedAt(); at != nil {
		b.WriteString(", at " + clock(*at))
	}
	switch {
	case !s.Verified:
	case s.Until != nil:
		b.WriteString("; provable until " + clock(*s.Until))
	case s.Certificate != nil:
		b.WriteString("; provable for as long as the trust root keeps these keys")
	}
	return b.String()
}

// nobody is true for a bundle with neither a certificate nor a hint at a key, which breaks the rules of its format.
func (s *Signature) nobody() bool {
	return s.parsed != nil && s.parsed.GetVerificationMaterial().GetContent() == nil
}

// SignedAt is when the log or, where that keeps no time, a timestamp authority saw the signature; nil when neither did.
// Whether that is proven is the check CheckTime.
func (s *Signature) SignedAt() *time.Time {
	if s.Integrated != nil {
		return s.Integrated
	}
	return s.Timestamp
}

// Word is the state as it is written everywhere: with a glyph, so that colour is never all that tells.
func (s CheckState) Word() string {
	switch s {
	case CheckOK:
		return "ok"
	case CheckFailed:
		return "x failed"
	case CheckSkipped:
		return "-- skipped"
	case CheckNotApplicable:
		return ".. n/a"
	}
	return string(s)
}

// MatricesText is the text of several matrices, with an empty line between them.
func MatricesText(signatures []Signature) string {
	texts := make([]string, len(signatures))
	for i := range signatures {
		texts[i] = MatrixText(&signatures[i])
	}
	return strings.Join(texts, "\n")
}

// MatrixText is the matrix of one signature as text for `sigwalk verify --explain`: a sentence, the verdict, and each
// check with its two sides, why it matters where it is not ok, and what to do. It holds no colour and ends with a line end.
func MatrixText(s *Signature) string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(oneLine(fmt.Sprintf(format, args...)) + "\n") }
	line("%s", s.heading())
	line("  %s", s.Sentence())
	good, made := s.Passed()
	if s.Verified {
		line("  verdict: verified; %d of %d checks ok", good, made)
	} else {
		line("  verdict: not verified; %d of %d checks ok", good, made)
	}
	if s.Defect != nil {
		line("  DEFECT: %s: %s", s.Defect.What, s.Defect.Why)
	}
	for _, c := range s.Checks {
		text := fmt.Sprintf("  %-10s  %-11s  %s", c.State.Word(), c.ID, c.What)
		if c.Ours && c.State != CheckNotApplicable {
			text += " (a check of sigwalk's own; the verdict is made without it)"
		}
		line("%s", text)
		if c.State == CheckNotApplicable {
			continue
		}
		c.side(line, "expected", c.Expected)
		c.side(line, "found", c.Found)
		if c.State == CheckOK {
			continue
		}
		line("                why it matters: %s", c.ID.Matters())
		if c.Next != "" {
			line("                next: %s", c.Next)
		}
		line("                more: sigwalk explain %s", c.Code)
	}
	return b.String()
}

func (c Check) side(line func(string, ...any), title string, v Value) {
	switch {
	case v.Text == "":
	case v.Source == "":
		line("                %-8s  %s", title, v.Text)
	default:
		line("                %-8s  %s  <- %s", title, v.Text, tagDigest.ReplaceAllString(v.Source, "sha256-$1..."))
	}
}

// tagDigest is the digest in the name of a tag, which stands in nearly every source and says nothing new.
var tagDigest = regexp.MustCompile(`sha256-([0-9a-f]{8})[0-9a-f]{56}`)

// heading says which signature it is: by its place in the log, and by where it is stored.
func (s *Signature) heading() string {
	text := string(s.Kind)
	if text == "" {
		text = string(KindSignature)
	}
	if s.LogIndex != nil {
		text += fmt.Sprintf(" at log index %d", *s.LogIndex)
		if s.Entry != nil && s.Entry.Proof != nil && s.Entry.Proof.Index != *s.LogIndex {
			text += fmt.Sprintf(" (%d in its shard)", s.Entry.Proof.Index)
		}
	} else {
		text += " without a log entry"
	}
	switch s.Storage {
	case StoredInTag:
		text += fmt.Sprintf(", layer %d of %s", s.Position, s.Manifest)
	case StoredAsReferrer:
		text += ", referrer " + s.Manifest.String()
	case StoredInFile:
		text += ", " + s.mediaType
	}
	return text
}
