package lesson

import (
	"errors"
	"fmt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

func stateOf(s workshop.StepState) theme.State {
	switch s {
	case workshop.StepRunning:
		return theme.Running
	case workshop.StepDone:
		return theme.OK
	case workshop.StepFailed:
		return theme.Failed
	case workshop.StepBlocked:
		return theme.Blocked
	case workshop.StepSkipped:
		return theme.Skipped
	case workshop.StepIdle:
	}
	return theme.Idle
}

// stepLines draws the list of steps.
func (m *Model) stepLines(width, height int) []string {
	t := m.deps.Theme
	digits := len(fmt.Sprint(len(m.snap.Steps)))
	focus := m.focus == paneSteps
	var rows []string
	for i, s := range m.snap.Steps {
		state := stateOf(s.State)
		mark := "  "
		if i == m.step {
			mark = t.Lines.Mark + " "
		}
		name := widget.FitRight(fmt.Sprint(i+1), digits, "") + " " + widget.Clean(s.Step.Title)
		right := ""
		if width >= 60 {
			right = m.stepWord(s)
		}
		if focus && i == m.cursor[paneSteps] {
			line := widget.Sides(mark+widget.FitRight(state.Glyph(), 2, "")+" "+name, right, width, t.Lines.More)
			rows = append(rows, widget.Spot(t, i, t.Selected.Render(line)))
			continue
		}
		face := t.Plain
		switch {
		case i == m.step:
			face = t.Strong
		case state == theme.Blocked, state == theme.Skipped:
			face = t.Faint
		}
		name = face.Render(widget.Cut(name, width-5-widget.Width(right), t.Lines.More))
		rows = append(rows, widget.Spot(t, i, widget.Sides(mark+t.GlyphRight(state)+" "+name, t.Faint.Render(right), width, t.Lines.More)))
	}
	legend := widget.Paint(t.Faint, legend(width))
	list := height - len(legend) - 1
	if list < len(rows) {
		legend, list = nil, height
	}
	at := m.step
	if focus {
		at = m.cursor[paneSteps]
	}
	m.scroll[paneSteps].Show(at, list)
	from, to := m.scroll[paneSteps].View(len(rows), list)
	out := widget.Block(rows[from:to], width, list)
	if len(legend) == 0 {
		return out
	}
	return append(append(out, ""), legend...)
}

// legend says what the glyphs mean.
func legend(width int) []string {
	var out []string
	line := ""
	for _, s := range []theme.State{theme.Idle, theme.Running, theme.OK, theme.Failed, theme.Blocked, theme.Skipped} {
		entry := widget.Fit(widget.Fit(s.Glyph(), 2, "")+" "+s.Word(), 12, "")
		if widget.Width(line)+len(entry) > width {
			out, line = append(out, line), ""
		}
		line += entry
	}
	return append(out, line)
}

// stepWord says where a step stands, and what blocks it.
func (m *Model) stepWord(s workshop.StepSnapshot) string {
	if s.State == workshop.StepBlocked && s.BlockedBy >= 0 {
		return fmt.Sprintf("needs step %d", s.BlockedBy+1)
	}
	if s.State == workshop.StepBlocked && s.BlockedEarlier != nil {
		return "another lesson"
	}
	if s.Elsewhere && s.State == workshop.StepDone {
		return "done elsewhere"
	}
	return stateOf(s.State).Word()
}

// checkLines draws the checks of a step in at most most lines, if that can be done: each with what was found in lines of
// its own, else beside it, where the title has the right of way.
func (m *Model) checkLines(step workshop.StepSnapshot, width, most int) []string {
	t := m.deps.Theme
	var tall, flat []string
	for i, check := range step.Step.Checks {
		var result workshop.CheckResult
		if i < len(step.Checks) {
			result = step.Checks[i]
		}
		state, found := checkState(step, result)
		title := t.Glyph(state) + " " + widget.Clean(check.Title)
		room := width - widget.Width(title) - 2
		if widget.Width(found) <= room {
			line := widget.Sides(title, t.Faint.Render(found), width, t.Lines.More)
			tall, flat = append(tall, line), append(flat, line)
			continue
		}
		tall = append(tall, widget.Hang(t.Glyph(state)+" ", widget.Clean(check.Title), width)...)
		for _, line := range widget.Hang("   ", found, width) {
			tall = append(tall, t.Faint.Render(line))
		}
		if room < 12 {
			found = ""
		}
		flat = append(flat, widget.Sides(title, t.Faint.Render(widget.Cut(found, room, t.Lines.More)), width, t.Lines.More))
	}
	switch {
	case len(tall) == 0:
		return []string{t.Faint.Render("nothing is checked in this step")}
	case len(tall) > most:
		return flat
	}
	return tall
}

// checkState says where a check stands. What does not hold yet in a step that nobody has done is no failure.
func checkState(step workshop.StepSnapshot, r workshop.CheckResult) (theme.State, string) {
	found := widget.Clean(r.Found)
	say := func(word string) string {
		if found == "" {
			return word
		}
		return found
	}
	switch r.State {
	case workshop.CheckHolds:
		return theme.OK, say("holds")
	case workshop.CheckProbing:
		return theme.Running, "looking"
	case workshop.CheckFails:
		if step.State == workshop.StepFailed {
			return theme.Failed, say("does not hold")
		}
		return theme.Idle, "not yet: " + say("does not hold")
	case workshop.CheckBroken:
		if r.Err != nil {
			return theme.Failed, "cannot be asked: " + widget.Clean(r.Err.Error())
		}
		return theme.Failed, "cannot be asked"
	case workshop.CheckUnknown:
	}
	return theme.Idle, "not looked at yet"
}

// noLonger says what a step that is done would not pass now: a check of the world that does not hold any more, or a last
// run that was about something else.
func noLonger(step workshop.StepSnapshot) string {
	for i, check := range step.Checks {
		if check.State == workshop.CheckFails && i < len(step.Step.Checks) {
			return "not so: " + widget.Clean(step.Step.Checks[i].Title)
		}
	}
	return ""
}

// failure says on one line why a step failed and what to do.
func failure(step workshop.StepSnapshot) string {
	var e *actions.Error
	if errors.As(step.Err, &e) {
		if e.Next != "" {
			return widget.Clean(e.Next)
		}
		return widget.Clean(e.Error())
	}
	if step.Err != nil {
		return widget.Clean(step.Err.Error())
	}
	if why := noLonger(step); why != "" {
		return why
	}
	return fmt.Sprintf("the command ended with exit code %d", step.ExitCode)
}
