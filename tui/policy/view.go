package policy

import (
	"fmt"
	"slices"

	"github.com/sigwalk/sigwalk/tui/widget"
)

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	out := []string{
		widget.Sides(" "+t.Title.Render("Whose signature counts"), t.Faint.Render("as cosign's flags, which ^Y copies "), m.width, t.Lines.More),
		widget.Rule(t, "", "", t.Rule, m.width),
	}
	for i, f := range m.fields {
		mark, name := "  ", widget.Fit(f.name, 8, "")
		if i == m.focus {
			mark, name = t.Lines.Mark+" ", t.Focus.Render(name)
		}
		how := "exactly"
		if f.regexp {
			how = "regexp "
		}
		head := mark + name + " " + t.Faint.Render(how) + "  "
		width := m.width - widget.Width(head) - 1
		shown := widget.Cut(widget.Clean(f.text()), width, t.Lines.More)
		if i == m.focus {
			shown = f.input.Line(width)
		}
		if shown == "" {
			shown = t.Faint.Render("any")
		}
		out = append(out, widget.Fit(head+shown, m.width, ""))
	}
	if m.lines == nil {
		m.lines = m.effect(m.width - 2)
	}
	height := m.height - len(out) - 1
	from, to := m.scroll.View(len(m.lines), height)
	position := m.scroll.Position(len(m.lines), height)
	out = append(out, widget.Rule(t, m.summary(), position, t.Title, m.width))
	for _, line := range m.lines[from:to] {
		out = append(out, " "+line)
	}
	return widget.Block(out, m.width, m.height)
}

// summary counts who matches.
func (m *Model) summary() string {
	signatures, all := 0, 0
	for _, id := range m.identities {
		all += id.Count
		if m.matches(id) {
			signatures += id.Count
		}
	}
	if all == 1 {
		return fmt.Sprintf("matches now: %d of 1 signature", signatures)
	}
	return fmt.Sprintf("matches now: %d of %d signatures", signatures, all)
}

func (m *Model) matches(id Identity) bool {
	return m.fields[0].err == nil && m.fields[1].err == nil && m.fields[0].matching[id.Subject] && m.fields[1].matching[id.Issuer]
}

// effect is what the policy lets through: who is there, who would match though nobody meant it, and how to write it better.
func (m *Model) effect(width int) []string {
	t := m.deps.Theme
	who := m.who(width)
	first := min(shownFirst, len(who))
	out := slices.Clone(who[:first])
	if len(out) > 0 {
		out = append(out, "")
	}
	for _, f := range m.fields {
		if f.err != nil {
			out = append(out, widget.Hang(t.Bad.Render("x")+"  "+f.name+": ", widget.Clean(f.err.Error()), width)...)
			continue
		}
		if f.anything {
			out = append(out, widget.Hang(t.Warning.Render("!")+"  ", f.name+": every text matches this: it does not say whose signature counts", width)...)
		}
		for _, miss := range f.misses {
			out = append(out, widget.Hang(t.Warning.Render("!")+"  ", "would match, too: "+widget.Clean(miss.Text), width)...)
			out = append(out, widget.Paint(t.Faint, widget.Hang("   ", f.name+": "+miss.Trap.Why(), width))...)
		}
		if f.anchored != "" && len(f.misses) > 0 {
			out = append(out, widget.Hang("   "+t.Key.Render("^T")+" writes ", t.Command.Render(widget.Clean(f.anchored)), width)...)
		}
	}
	if rest := who[first:]; len(rest) > 0 {
		if out[len(out)-1] != "" {
			out = append(out, "")
		}
		out = append(out, rest...)
	}
	return out
}

// shownFirst is how many identities stand above the near misses.
const shownFirst = 4

// who lists the identities, those that match first.
func (m *Model) who(width int) []string {
	t := m.deps.Theme
	var out []string
	for _, matching := range []bool{true, false} {
		for _, id := range m.identities {
			if m.matches(id) == matching {
				out = append(out, m.row(id, matching, width))
			}
		}
	}
	if len(m.identities) == 0 {
		out = append(out, "Nobody has signed it with a certificate.")
	}
	if m.left > 0 {
		out = append(out, t.Faint.Render(fmt.Sprintf("and %d more who are not held against it here", m.left)))
	}
	return out
}

func (m *Model) row(id Identity, matching bool, width int) string {
	t := m.deps.Theme
	mark := t.Faint.Render("-- not ")
	if matching {
		mark = t.Good.Render("ok     ")
	}
	subject := widget.Cut(widget.Clean(id.Subject), width/2, t.Lines.More)
	left := mark + widget.Fit(subject, min(34, width/2), t.Lines.More) + "  "
	count := fmt.Sprintf("  %d", id.Count)
	issuer := widget.CutLeft(widget.Clean(id.Issuer), max(0, width-widget.Width(left)-len(count)-1), t.Lines.More)
	return widget.Sides(left+t.Faint.Render(issuer), count, width, t.Lines.More)
}
