package signatures

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// The columns of the table.
const (
	colIndex = iota
	colKind
	colSubject
	colIssuer
	colTimeShort
	colTime
	colStored
	colChecks
	colVerdict
)

// columns are those of a list in which there is more than signatures of one image, or not, with what the kinds of the rows take.
func columns(mixed bool, list []verification.Signature) []widget.Column {
	kind, least := 150, 4
	if mixed {
		kind = 0
	}
	for i := range list {
		if list[i].Platform != "" { // which it is, is what one looks for in an index
			least = max(least, min(widget.Width(Kind(&list[i])), len("sig arm64/v8")))
		}
	}
	return []widget.Column{
		colIndex:     {Title: "logIndex", Min: 8, Right: true},
		colKind:      {Title: "Kind", Min: least, Max: 18, Weak: true, From: kind},
		colSubject:   {Title: "Subject", Min: 12},
		colIssuer:    {Title: "Issuer", Min: 10, KeepEnd: true, Weak: true},
		colTimeShort: {Title: "UTC", Min: 11, From: 72, Until: 110},
		colTime:      {Title: "Signed (UTC)", Min: 19, From: 110},
		colStored:    {Title: "Stored", Min: 8, From: 130},
		colChecks:    {Title: "Checks", Min: 6, From: 92},
		colVerdict:   {Title: "Verdict", Min: 8},
	}
}

// withoutChecks are the columns where nobody makes the checks.
func withoutChecks() []widget.Column {
	out := columns(false, nil)
	out[colChecks].From = math.MaxInt
	return out
}

// rows makes signatures the source of a table.
type rows struct{ signatures []verification.Signature }

// Len implements widget.Source.
func (r rows) Len() int { return len(r.signatures) }

// Cell implements widget.Source.
func (r rows) Cell(row, column int) (string, *theme.State) {
	s := &r.signatures[row]
	switch column {
	case colIndex:
		return Index(s), nil
	case colKind:
		return Kind(s), nil
	case colSubject:
		return Subject(s), nil
	case colIssuer:
		return issuer(s), nil
	case colTimeShort:
		return when(s, "01-02 15:04"), nil
	case colTime:
		return when(s, "2006-01-02 15:04:05"), nil
	case colStored:
		return string(s.Storage), nil
	case colChecks:
		return checksOf(s), nil
	case colVerdict:
		state := Verdict(s)
		switch state {
		case theme.OK:
			return "ok", &state
		case theme.Skipped:
			return "-- unsigned", &state
		default:
		}
		return state.Glyph() + " " + state.Word(), &state
	}
	return "", nil
}

// checksOf counts the checks of a signature that was explained.
func checksOf(s *verification.Signature) string {
	if len(s.Checks) == 0 {
		return ""
	}
	passed, made := s.Passed()
	return fmt.Sprintf("%d/%d", passed, made)
}

// Less implements widget.Source.
func (r rows) Less(column, i, j int) bool {
	a, b := &r.signatures[i], &r.signatures[j]
	switch column {
	case colIndex:
		return a.LogIndex != nil && b.LogIndex != nil && *a.LogIndex < *b.LogIndex
	case colTime, colTimeShort:
		return signedAt(a).Before(signedAt(b))
	case colVerdict:
		return a.Verified && !b.Verified
	case colChecks:
		ok, made := a.Passed()
		other, of := b.Passed()
		return cmp.Or(cmp.Compare(made-ok, of-other), cmp.Compare(ok, other)) < 0 // those with the fewest that are not ok first
	}
	left, _ := r.Cell(i, column)
	right, _ := r.Cell(j, column)
	return cmp.Less(strings.ToLower(left), strings.ToLower(right))
}

// None implements widget.Source.
func (r rows) None(column, row int) bool {
	s := &r.signatures[row]
	switch column {
	case colIndex:
		return s.LogIndex == nil
	case colIssuer:
		return s.Issuer == ""
	case colTime, colTimeShort:
		return signedAt(s).IsZero()
	case colChecks:
		return len(s.Checks) == 0
	}
	return false
}

// Matches implements widget.Source.
func (r rows) Matches(row int, filter string) bool {
	s := &r.signatures[row]
	verdict, _ := r.Cell(row, colVerdict)
	for _, text := range []string{
		Index(s), Kind(s), Subject(s), issuer(s), verdict, string(s.Storage), when(s, time.RFC3339), s.PredicateType, s.Platform,
	} {
		if strings.Contains(strings.ToLower(text), filter) {
			return true
		}
	}
	return false
}

// Verdict returns the state that stands for the verdict on a signature. What nobody signed did not fail: there was nothing
// to verify.
func Verdict(s *verification.Signature) theme.State {
	switch {
	case s.Verified:
		return theme.OK
	case s.Kind == verification.KindSBOM && s.Reason != nil && s.Reason.Code == actions.CodeNotSigned:
		return theme.Skipped
	}
	return theme.Failed
}

// Kind returns in a few letters what a row is, and the platform of the image that it is attached to where that is one of
// an index: of Linux only the processor.
func Kind(s *verification.Signature) string {
	kind := "sig"
	switch s.Kind {
	case verification.KindAttestation:
		kind = "att"
	case verification.KindSBOM:
		kind = "sbom"
	case verification.KindSignature:
	}
	if s.Platform != "" {
		kind += " " + widget.Clean(strings.TrimPrefix(s.Platform, "linux/"))
	}
	return kind
}

// Index returns the log index as text, "-" where there is no log entry.
func Index(s *verification.Signature) string {
	if s.LogIndex == nil {
		return "-"
	}
	return strconv.FormatInt(*s.LogIndex, 10)
}

// Subject returns who signed, in clean text.
func Subject(s *verification.Signature) string {
	switch {
	case s.Subject != "":
		return widget.Clean(s.Subject)
	case s.Kind == verification.KindSBOM:
		return "(nobody signed it)"
	case s.Certificate == nil:
		return "(a key, no identity)"
	}
	return "-"
}

func issuer(s *verification.Signature) string {
	if s.Issuer == "" {
		return "-"
	}
	return strings.TrimPrefix(widget.Clean(s.Issuer), "https://")
}

// signedAt is the time that the log or a time stamp vouches for, zero when nothing does.
func signedAt(s *verification.Signature) time.Time {
	switch {
	case s.Integrated != nil:
		return s.Integrated.UTC()
	case s.Timestamp != nil:
		return s.Timestamp.UTC()
	}
	return time.Time{}
}

func when(s *verification.Signature, layout string) string {
	at := signedAt(s)
	if at.IsZero() {
		return "-"
	}
	return at.Format(layout)
}
