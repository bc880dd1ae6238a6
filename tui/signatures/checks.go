package signatures

import (
	"fmt"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// matrix is the section with every check of a signature. The chosen one (-1 for none) and those that failed show both sides,
// where they came from, why it matters, and what to do. From at to end are the lines of the chosen check.
func matrix(t *theme.Theme, s *verification.Signature, tried bool, chosen, width int) (lines []string, at, end int) {
	p := newPage(t, width)
	p.Lines = verdictLines(t, s, width)
	if s.Defect != nil {
		p.Lines = append(p.Lines, widget.Hang(t.Bad.Render("DEFECT")+" ", widget.Clean(s.Defect.What+": "+s.Defect.Why), width)...)
	}
	switch {
	case len(s.Checks) > 0:
	case s.Kind == verification.KindSBOM:
		p.Note("There is nothing to check: attest it to have it signed.")
	case tried:
		p.Note("No checks were made: there is nothing that they could be made against, such as a trust root.")
	default:
		p.Note("The checks are being made.")
	}
	for i, c := range s.Checks {
		if i == chosen && i > 0 { // the first stands with what is above it
			at = len(p.Lines)
		}
		mark := " "
		if i == chosen {
			mark = t.Lines.Mark
		}
		what := widget.Clean(c.What)
		if c.Ours && c.State != verification.CheckNotApplicable {
			what += t.Faint.Render(" (own check)")
		}
		head := mark + checkGlyph(t, c.State) + " " + widget.Fit(string(c.ID), 11, "") + " "
		if c.State == verification.CheckNotApplicable {
			what = t.Faint.Render(what)
		}
		p.Lines = append(p.Lines, widget.Hang(head, what, width)...)
		if i == chosen || c.State == verification.CheckFailed {
			p.open(c)
		}
		if i == chosen {
			end = len(p.Lines)
		}
	}
	return p.Lines, at, end
}

// open shows what one compares, and what to do.
func (p *page) open(c verification.Check) {
	part := func(name, text string) {
		if text != "" {
			p.Lines = append(p.Lines, widget.Hang("    "+p.Theme.Faint.Render(widget.Fit(name, 9, "")), widget.Clean(text), p.Width)...)
		}
	}
	part("looks at", c.ID.Title())
	part("expected", c.Expected.Text)
	part("  from", c.Expected.Source)
	part("found", c.Found.Text)
	part("  from", c.Found.Source)
	part("matters", c.ID.Matters())
	if c.State != verification.CheckOK && c.State != verification.CheckNotApplicable {
		part("next", c.Next)
		if c.Code != "" {
			part("more", "sigwalk explain "+string(c.Code))
		}
	}
	if c.Ours {
		part("note", "cosign does not make this check here: the verdict is made without it")
	}
}

// checkGlyph is the mark of a state: two letters that are told apart without colour. Skipped is never green.
func checkGlyph(t *theme.Theme, state verification.CheckState) string {
	switch state {
	case verification.CheckOK:
		return t.Glyph(theme.OK)
	case verification.CheckFailed:
		return t.Glyph(theme.Failed)
	case verification.CheckSkipped:
		return t.Glyph(theme.Skipped)
	case verification.CheckNotApplicable:
	}
	return t.Faint.Render("..")
}

// verdictLines say how a signature came out, and why it did not verify.
func verdictLines(t *theme.Theme, s *verification.Signature, width int) []string {
	count := ""
	if passed, made := s.Passed(); made > 0 {
		count = fmt.Sprintf("; %d of %d checks ok", passed, made)
	}
	switch Verdict(s) {
	case theme.OK:
		return widget.Hang(t.Good.Render("ok")+" ", "verified"+at(s)+count, width)
	case theme.Skipped:
		return widget.Hang(t.Faint.Render("--")+" ", "not signed: "+widget.Clean(s.Reason.Why), width)
	default:
	}
	out := widget.Hang(t.Bad.Render("x")+"  ", "not verified"+at(s)+count, width)
	if s.Reason != nil {
		out = append(out, widget.Hang("   ", widget.Clean(s.Reason.Error()), width)...)
		if s.Reason.Next != "" {
			out = append(out, widget.Hang("   ", widget.Clean(s.Reason.Next), width)...)
		}
	}
	return out
}
