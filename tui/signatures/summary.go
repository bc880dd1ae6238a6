package signatures

import (
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Count says how many signatures there are and how they came out.
func Count(r *verification.Report) string {
	ok := 0
	for i := range r.Signatures {
		if r.Signatures[i].Verified {
			ok++
		}
	}
	noun := "signatures"
	if len(r.Signatures) == 1 {
		noun = "signature"
	}
	text := fmt.Sprintf("%d %s: %d ok, %d failed", len(r.Signatures), noun, ok, len(r.Signatures)-ok)
	if len(r.Attached) > 0 {
		text += fmt.Sprintf("; %d attached", len(r.Attached))
	}
	return text
}

// Policy says whose signature counted, on one line.
func Policy(p verification.Policy) string { return strings.Join(policyParts(p), "   ") }

func policyParts(p verification.Policy) []string {
	var parts []string
	who := func(name, exact, pattern string) {
		switch {
		case pattern != "":
			parts = append(parts, name+" ~ "+widget.Clean(pattern))
		case exact != "":
			parts = append(parts, name+" = "+widget.Clean(exact))
		}
	}
	if p.KeyReference != "" {
		parts = append(parts, "key "+widget.Clean(p.KeyReference))
	}
	who("subject", p.Subject, p.SubjectRegexp)
	who("issuer", p.Issuer, p.IssuerRegexp)
	if anyone(p) {
		parts = append(parts, "any subject, any issuer: shows who signed, not whom to trust")
	}
	for _, skipped := range []struct {
		set  bool
		name string
	}{{p.IgnoreLog, "log"}, {p.IgnoreSCT, "SCT"}, {p.SkipClaims, "claims"}} {
		if skipped.set {
			parts = append(parts, "-- "+skipped.name+" skipped")
		}
	}
	return parts
}

// Summary draws a report as a small table of at most limit rows, and why signatures were not verified, in lines of width
// cells.
func Summary(t *theme.Theme, r *verification.Report, width, limit int) []string {
	return append(Table(t, r, width, limit), reasons(t, r, width)...)
}

// Table is Summary without the reasons.
func Table(t *theme.Theme, r *verification.Report, width, limit int) []string {
	out := []string{t.Strong.Render(Count(r))}
	asked := []string{Policy(r.Policy)}
	if widget.Width(asked[0]) > width {
		asked = policyParts(r.Policy)
	}
	for _, part := range asked {
		out = append(out, widget.Paint(t.Faint, widget.Wrap(part, width))...)
	}
	if len(r.Signatures) == 0 {
		return append(out, "No signatures on this digest.")
	}
	shown := rows{r.Signatures[:min(limit, len(r.Signatures))]}
	table := widget.NewTable(t, withoutChecks())
	table.Still = true
	table.SetSource(shown, -1)
	out = append(out, table.View(width, shown.Len()+1)...)
	if rest := len(r.Signatures) - shown.Len(); rest > 0 {
		out = append(out, t.Faint.Render(fmt.Sprintf("  and %d more", rest)))
	}
	return out
}

// reasons says once each why signatures were not verified.
func reasons(t *theme.Theme, r *verification.Report, width int) []string {
	var out []string
	seen := map[string]bool{}
	for i := range r.Signatures {
		reason := r.Signatures[i].Reason
		if reason == nil || seen[reason.Error()] || len(seen) == 3 {
			continue
		}
		seen[reason.Error()] = true
		out = append(out, widget.Hang(t.Bad.Render("x")+"  ", widget.Clean(reason.Error()), width)...)
		if reason.Next != "" {
			out = append(out, widget.Hang("   ", widget.Clean(reason.Next), width)...)
		}
	}
	return out
}
