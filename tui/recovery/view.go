package recovery

import (
	"context"
	"errors"
	"fmt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	right := ""
	if m.report != nil && m.run == nil {
		right = fmt.Sprintf("the tag holds %d ", m.report.After)
	}
	title := widget.Sides(" "+t.Title.Render("Recover")+"  "+widget.CutLeft(widget.Clean(m.opts.Image), m.width-30, t.Lines.More), right, m.width, t.Lines.More)
	if m.run != nil || m.report == nil {
		out := []string{title, widget.Rule(t, "", "", t.Rule, m.width)}
		out = widget.Block(append(out, m.work()...), m.width, m.height-1)
		return append(out, widget.Rule(t, "", "", t.Rule, m.width))
	}
	split := widget.SplitOf(m.width, m.height-1, m.wanted(), 6)
	detail := m.detailLines(split.SecondWidth - 2)
	from, to := m.detail.View(len(detail), split.Second-1)
	pane := widget.Pane{Title: "detail", Right: m.detail.Position(len(detail), split.Second-1), Focus: m.onDetail, Lines: detail[from:to]}
	out := append([]string{title}, split.Draw(t, m.listLines(split.FirstWidth, split.First), pane)...)
	if m.asking {
		return m.lay(out)
	}
	return out
}

// wanted is how many lines the list would like.
func (m *Model) wanted() int {
	return len(m.failureLines(m.width)) + len(m.report.Asked) + 2 + max(1, len(m.report.Signatures))
}

// work draws what is being done, and why it could not be done.
func (m *Model) work() []string {
	t := m.deps.Theme
	out := []string{""}
	for _, s := range m.stages {
		state := theme.Running
		switch s.State {
		case actions.StageDone:
			state = theme.OK
		case actions.StageFailed:
			state = theme.Failed
		case actions.StageSkipped:
			state = theme.Skipped
		case actions.StageStarted:
		}
		text := widget.Clean(s.Title)
		if s.Detail != "" {
			text += ": " + widget.Clean(s.Detail)
		}
		out = append(out, widget.Hang("  "+t.State(state).Render(widget.Fit(state.Glyph(), 3, "")), text, m.width-2)...)
	}
	return append(out, m.failureLines(m.width)...)
}

func (m *Model) failureLines(width int) []string {
	if m.failure == nil || errors.Is(m.failure, context.Canceled) {
		return nil
	}
	t := m.deps.Theme
	out := widget.Hang(" "+t.Bad.Render("x")+"  ", widget.Clean(m.failure.Error()), width-2)
	var e *actions.Error
	if errors.As(m.failure, &e) && e.Next != "" {
		out = append(out, widget.Hang("    "+t.Faint.Render("next  "), widget.Clean(e.Next), width-2)...)
	}
	return out
}

// listLines draws the sources and below them the signatures that they know.
func (m *Model) listLines(width, height int) []string {
	t := m.deps.Theme
	out := m.failureLines(width)
	for _, asked := range m.report.Asked {
		where := string(asked.Source)
		if asked.Address != "" {
			where += " at " + asked.Address
		}
		state, text := theme.OK, fmt.Sprintf("%s: %d found", where, asked.Entries)
		if asked.Skipped != "" {
			state, text = theme.Skipped, where+": not asked, "+asked.Skipped
		}
		out = append(out, widget.Fit(" "+t.State(state).Render(widget.Fit(state.Glyph(), 3, ""))+widget.Clean(text), width, t.Lines.More))
	}
	if len(m.report.Signatures) == 0 {
		return append(out, "", " "+t.Faint.Render("nobody knows of a signature"))
	}
	out = append(out, t.Faint.Render(widget.Fit("        "+columns("logIndex", "signed by", width)+"state", width, t.Lines.More)))
	if rest := height - len(out); rest > 0 {
		var rows []string
		for i, s := range m.report.Signatures {
			rows = append(rows, widget.Spot(m.deps.Theme, i, m.row(i, s, width)))
		}
		m.list.Show(m.cursor, rest)
		from, to := m.list.View(len(rows), rest)
		out = append(out, rows[from:to]...)
	}
	return out
}

func columns(index, signer string, width int) string {
	return widget.FitRight(index, 9, "") + "  " + widget.Fit(signer, max(10, min(36, width-48)), "…") + "  "
}

func (m *Model) row(i int, s *recovery.Signature, width int) string {
	t := m.deps.Theme
	mark, signer := "  ", widget.Clean(s.Signer())
	if i == m.cursor {
		mark = t.Lines.Mark + " "
	}
	state, box, word := theme.Failed, "   ", "cannot be brought back"
	switch {
	case s.Present:
		state, word = theme.OK, "there"
	case s.Attached:
		state, word = theme.OK, "brought back"
	case lacks(s) && m.left[s]:
		state, box, word = theme.Skipped, "[ ]", "lost, left out"
	case lacks(s):
		state, box, word = theme.Idle, "[x]", "lost, to be brought back"
	}
	index := "-"
	if s.LogIndex != nil {
		index = fmt.Sprint(*s.LogIndex)
	}
	line := columns(index, signer, width)
	if i == m.cursor {
		line = t.Selected.Render(line)
	}
	return widget.Fit(" "+mark+" "+box+" "+line+t.State(state).Render(state.Glyph()+" "+word), width, t.Lines.More)
}

// detailLines says all that is known of the chosen signature, and why it cannot be brought back.
func (m *Model) detailLines(width int) []string {
	s := m.at()
	if s == nil {
		return nil
	}
	p := widget.Page{Theme: m.deps.Theme, Width: width}
	if e := s.Reason; e != nil && !s.Present {
		p.Add(p.Theme.Bad.Render("x")+" ", e.Error())
		p.Fact("next", e.Next)
	} else {
		p.Say(s.State())
	}
	p.Fact("signed by", s.Subject)
	p.Fact("vouched by", s.Issuer)
	p.Fact("key", s.Key)
	if s.Integrated != nil {
		p.Fact("logged", s.Integrated.UTC().Format("2006-01-02 15:04:05Z"))
	}
	if s.LogIndex != nil {
		p.Fact("log index", fmt.Sprint(*s.LogIndex))
	}
	p.Fact("entry", s.UUID)
	p.Fact("kind", s.Kind)
	p.Fact("known to", s.SourceNames())
	p.Fact("payload", s.Payload)
	return p.Lines
}

// lay draws the question over lines.
func (m *Model) lay(lines []string) []string {
	t := m.deps.Theme
	width := min(m.width-4, 84)
	n := len(m.chosen())
	what := fmt.Sprintf("%d signatures are", n)
	if n == 1 {
		what = "1 signature is"
	}
	text := widget.Wrap(widget.Clean(what+" attached at "+m.report.Tag.Name()+". Each was verified; what is there stays."), width-4)
	text = append(text, "", t.Strong.Render("Bring back?"))
	return widget.Centre(lines, widget.Boxed(t, "Question", "y yes   n no", t.Focus, text, width, len(text)+2), m.width)
}
