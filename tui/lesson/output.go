package lesson

import (
	"fmt"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// outputPane is what stands in the pane of the output, before it is known how high that is.
type outputPane struct {
	title string
	want  int
	draw  func(height int) []string
	// right is called after draw.
	right func() string
	// below is what else there is to show where there is room, or nil.
	below *widget.Log
}

// hasResult reports whether there is more to show of the last run than what it printed.
func (m *Model) hasResult() bool {
	step, ok := m.current()
	return ok && toDraw(step)
}

// toDraw reports whether the last run of a step came to something that is drawn in another way than it was printed: an error, or
// a result of a type that has a drawing.
func toDraw(step workshop.StepSnapshot) bool {
	return step.Err != nil || slices.ContainsFunc(step.Values, func(v any) bool { return drawing(v, time.Time{}) != nil })
}

func (m *Model) showsResult() bool {
	return m.result && m.hasResult() && (m.running == nil || m.running.step != m.step)
}

// output chooses what stands in the pane of the output.
func (m *Model) output(step workshop.StepSnapshot, width int) outputPane {
	if m.compare {
		return m.comparison(step, width)
	}
	if m.showsResult() {
		lines := m.resultLines(step, width)
		height := 0
		var below *widget.Log
		if log := m.logs[m.step]; log.Len() > 0 {
			log.SetWidth(width)
			below = log
		}
		return outputPane{
			title: "result", want: len(lines), below: below,
			draw: func(h int) []string {
				height = h
				from, to := m.scroll[paneOutput].View(len(lines), h)
				return lines[from:to]
			},
			right: func() string {
				return join(m.scroll[paneOutput].Position(len(lines), height), join(opens(step), hint(keys.Output)+" output"))
			},
		}
	}
	log := m.logs[m.step]
	log.SetWidth(width)
	var above []string
	if step.State == workshop.StepRunning {
		above = m.progress(step, width)
	}
	if log.Len() == 0 && len(above) == 0 {
		says := widget.Wrap(m.nothingYet(step), width)
		return outputPane{
			title: "output", want: len(says),
			draw:  func(int) []string { return says },
			right: func() string { return "" },
		}
	}
	return outputPane{
		title: "output", want: len(above) + min(log.Len(), 1000),
		draw: func(h int) []string {
			if over := len(above) - h*2/3; over > 0 {
				above = above[over:]
			}
			m.drawn.output = h - len(above)
			return append(append([]string(nil), above...), log.View(h-len(above))...)
		},
		right: func() string {
			says := logRight(log)
			if m.hasResult() {
				says = join(says, hint(keys.Output)+" result")
			}
			if step.Step.Expected != "" {
				says = join(says, hint(keys.Compare)+" compare")
			}
			return says
		},
	}
}

// logRight says how much there is of an output, and how one comes back to its end.
func logRight(log *widget.Log) string {
	says := fmt.Sprintf("%d lines", log.Len())
	if log.Len() == 1 {
		says = "1 line"
	}
	if !log.Following() {
		says = join(says, hint(keys.Follow)+" follows")
	}
	return says
}

func hint(intent keys.Intent) string { return keys.Of(keys.Lesson, intent).Label() }

// opens names the key that shows the last result of a step on a screen of its own, where there is one.
func opens(step workshop.StepSnapshot) string {
	for _, v := range slices.Backward(step.Values) {
		switch v.(type) {
		case *verification.Report:
			return hint(keys.OpenTable) + " table"
		case *verification.Node:
			return hint(keys.OpenTree) + " tree"
		case *trust.Status:
			return hint(keys.OpenTrust) + " trust root"
		}
	}
	return ""
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "  " + b
}

func (m *Model) nothingYet(step workshop.StepSnapshot) string {
	t := m.deps.Theme
	switch {
	case step.State == workshop.StepBlocked:
		return t.Blocked.Render("#") + " blocked: " + widget.Clean(step.Blocked)
	case step.State == workshop.StepRunning:
		return t.Busy.Render("~") + " running"
	case step.Elsewhere && step.State == workshop.StepDone:
		return t.Good.Render("ok") + " done elsewhere: the checks below say what the world shows"
	case step.Step.Command == "":
		return t.Faint.Render("nothing to run here")
	case step.Runs > 0:
		return t.Faint.Render("the command printed nothing")
	}
	return t.Faint.Render("not run yet")
}

// progress draws the stages of a step that runs on one line, and how far its transfers have come.
func (m *Model) progress(step workshop.StepSnapshot, width int) []string {
	t := m.deps.Theme
	var out []string
	line := ""
	for _, s := range step.Stages {
		state := stageState(s.State)
		part := t.State(state).Render(state.Glyph()) + " " + widget.Clean(s.ID)
		if line != "" && widget.Width(line)+3+widget.Width(part) > width {
			out = append(out, line)
			line = ""
		}
		line = joinWide(line, part)
	}
	if line != "" {
		out = append(out, line)
	}
	for _, p := range step.Progress {
		out = append(out, transfer(t, p, width))
	}
	return out
}

func joinWide(a, b string) string {
	if a == "" {
		return b
	}
	return a + "   " + b
}

func stageState(s actions.StageState) theme.State {
	switch s {
	case actions.StageDone:
		return theme.OK
	case actions.StageFailed:
		return theme.Failed
	case actions.StageSkipped:
		return theme.Skipped
	case actions.StageStarted:
	}
	return theme.Running
}

// transfer draws how far one transfer has come.
func transfer(t *theme.Theme, p actions.Progress, width int) string {
	name := widget.Clean(p.Title)
	if name == "" {
		name = widget.Clean(p.ID)
	}
	names := min(24, width/3)
	state := theme.Running
	var right string
	switch {
	case p.Skipped:
		state, right = theme.OK, "was there already"
	case p.Total > 0 && p.Done >= p.Total:
		state, right = theme.OK, tree.Size(p.Total)
	case p.Total > 0:
		right = fmt.Sprintf("%s of %s", tree.Size(p.Done), tree.Size(p.Total))
	default:
		right = tree.Size(p.Done)
	}
	left := t.Glyph(state) + " " + widget.Fit(name, names, t.Lines.More) + " "
	done, total := p.Done, p.Total
	if p.Skipped {
		done, total = 1, 1
	}
	return left + widget.Bar(t, done, total, min(30, width-names-4-20)) + "  " + t.Faint.Render(right)
}
