package trace

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// The columns of the stages and of the calls, in cells.
const (
	tookWidth   = 9
	callsWidth  = 8
	methodWidth = 6
	statusWidth = 4
	bytesWidth  = 9
)

func stateOf(state string) theme.State {
	switch state {
	case "started":
		return theme.Running
	case "done":
		return theme.OK
	case "failed":
		return theme.Failed
	case "skipped":
		return theme.Skipped
	}
	return theme.Idle
}

// listLines draws the head of the table of stages, and as many of its rows as there is room for.
func (m *Model) listLines(width, height int) (head, rows []string) {
	t := m.deps.Theme
	if len(m.stages) == 0 {
		text := "nothing was recorded"
		if !m.looked || m.look.Running {
			text = "nothing was recorded yet"
		}
		return []string{" " + t.Faint.Render(text)}, nil
	}
	if height > 1 {
		head = []string{widget.Sides("       "+t.Faint.Render("stage"), t.Faint.Render(widget.FitRight("time", tookWidth, "")+widget.FitRight("calls", callsWidth, ""))+" ", width, t.Lines.More)}
	}
	for i, s := range m.stages {
		rows = append(rows, widget.Spot(m.deps.Theme, i, m.row(i, s, width)))
	}
	m.list.Show(m.cursor, height-len(head))
	from, to := m.list.View(len(rows), height-len(head))
	return head, rows[from:to]
}

func (m *Model) row(i int, s trace.Stage, width int) string {
	t := m.deps.Theme
	state := stateOf(s.State)
	mark, title := "  ", widget.Clean(s.Title)
	if i == m.cursor {
		mark, title = t.Lines.Mark+" ", t.Selected.Render(title)
	}
	const glyph = 3
	left := " " + mark + t.State(state).Render(widget.Fit(state.Glyph(), glyph, "")) + " " + title
	if s.Detail != "" {
		left += "  " + t.Faint.Render(widget.Clean(s.Detail))
	}
	took := Duration(s.Took)
	if state == theme.Running {
		took = ""
	}
	calls := ""
	if len(s.Calls) > 0 {
		calls = fmt.Sprint(len(s.Calls))
	}
	return widget.Sides(left, widget.FitRight(took, tookWidth, "")+widget.FitRight(calls, callsWidth, "")+" ", width, t.Lines.More)
}

// detailLines says what is known of the chosen stage: its network calls, and with all of it how it ended and what it made.
func (m *Model) detailLines(width int, all bool) []string {
	if len(m.stages) == 0 {
		return nil
	}
	s := m.stages[m.cursor]
	if !all {
		return callLines(m.deps.Theme, s.Calls, width)
	}
	p := widget.Page{Theme: m.deps.Theme, Width: width}
	if s.State != "" {
		state := stateOf(s.State)
		line := state.Word()
		if state != theme.Running {
			line += " in " + Duration(s.Took)
		}
		if s.Detail != "" {
			line += ": " + s.Detail
		}
		p.Add(p.Theme.Glyph(state)+" ", line)
		p.Fact("began", s.Began.UTC().Format("2006-01-02 15:04:05.000Z"))
		p.Blank()
	}
	if len(s.Made) > 0 {
		p.Title("what it made")
		facts(&p, s)
		p.Blank()
	}
	p.Title("its network calls")
	p.Lines = append(p.Lines, callLines(p.Theme, s.Calls, width)...)
	return p.Lines
}

// facts draws what a stage made, the values below each other.
func facts(p *widget.Page, s trace.Stage) {
	const least, most = 12, 34
	names := least
	for _, f := range s.Made {
		names = min(most, p.Width/2, max(names, widget.Width(widget.Clean(f.Name))))
	}
	for _, f := range s.Made {
		p.Add(p.Theme.Faint.Render(widget.Fit(widget.Clean(f.Name), names, p.Theme.Lines.More))+"  ", f.Value)
	}
}

// callLines draws network calls as a table whose last column is broken where it is too long.
func callLines(t *theme.Theme, calls []trace.Call, width int) []string {
	if len(calls) == 0 {
		return []string{t.Faint.Render("none")}
	}
	out := []string{t.Faint.Render(widget.Fit(columns("method", "", "time", "sent", "read")+"host and path", width, ""))}
	for _, c := range calls {
		status, face := fmt.Sprint(c.Status), t.Plain
		switch {
		case c.Status == 0:
			status, face = "x", t.Bad
		case c.Status >= 400:
			face = t.Warning
		}
		first := columns(widget.Clean(c.Method), status, Duration(c.Took), size(c.Sent), size(c.Received))
		lines := widget.Hang(widget.Spaces(widget.Width(first)), widget.Clean(c.Host+c.Path), width)
		lines[0] = face.Render(first) + strings.TrimPrefix(lines[0], widget.Spaces(widget.Width(first)))
		out = append(out, lines...)
		if c.Err != "" {
			out = append(out, widget.Hang("  "+t.Bad.Render("x")+" ", "no answer: "+widget.Clean(c.Err), width)...)
		}
	}
	return out
}

func columns(method, status, took, sent, read string) string {
	return widget.Fit(method, methodWidth, "") + " " + widget.Fit(status, statusWidth, "") + widget.FitRight(took, tookWidth, "") +
		widget.FitRight(sent, bytesWidth, "") + widget.FitRight(read, bytesWidth, "") + "  "
}

// size is a number of bytes, which may not be known.
func size(n int64) string {
	if n < 0 {
		return "?"
	}
	return tree.Size(n)
}

// Duration is a time as people read it: three digits and a unit.
func Duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 ms"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// Sentence is a network call in words.
func Sentence(c trace.Call) string {
	text := fmt.Sprintf("%s %s%s: ", c.Method, c.Host, c.Path)
	if c.Status == 0 {
		return text + fmt.Sprintf("no answer after %s: %s", Duration(c.Took), c.Err)
	}
	text += fmt.Sprintf("%d in %s", c.Status, Duration(c.Took))
	if c.Sent > 0 {
		text += ", sent " + tree.Size(c.Sent)
	}
	if c.Received >= 0 {
		text += ", read " + tree.Size(c.Received)
	}
	return text
}
