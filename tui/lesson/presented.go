package lesson

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// Presented is what whoever presents a lesson sees of it in a terminal of their own.
type Presented struct {
	Snapshot workshop.Snapshot
	// Step is the index of the one that is shown, Command what would run.
	Step    int
	Command string
	// Running is when the step that runs began; zero where none does.
	Running time.Time
	// Question is what the person is asked; YesNo is true where y or n answers it, Own where sigwalk asks and no step does.
	Question   string
	YesNo, Own bool
	// After is the lesson behind this one, or nil.
	After *workshop.Lesson
}

// Presented returns it; ok is false before the lesson is there.
func (m *Model) Presented() (p Presented, ok bool) {
	if _, ok := m.current(); !ok {
		return Presented{}, false
	}
	p = Presented{Snapshot: m.snap, Step: m.step, After: m.after()}
	p.Command, _ = m.command(m.step)
	if m.running != nil {
		p.Running = m.running.started
	}
	switch {
	case m.signin != nil:
		p.Question = "somebody signs in on the projector"
	case m.ask != nil:
		p.Question, p.YesNo, p.Own = m.ask.question.Prompt, m.ask.question.YesNo, m.ask.local
	}
	return p, true
}

// Go goes to a step.
func (m *Model) Go(step int) tea.Cmd { return m.found(goTo{m, step}) }

// Retype begins to change the command from nothing, so that it can be typed. Whoever calls it has asked Disabled about keys.Change.
func (m *Model) Retype() {
	m.focus, m.result = paneText, false
	m.edit = widget.NewInput(m.deps.Theme)
	m.edit.Lines = true
}

// Typing reports whether the command is being changed.
func (m *Model) Typing() bool { return m.edit != nil }

// widest is how wide a text is set for an audience, whatever the screen: longer lines are hard to read from afar.
const widest = 104

// audienceView draws a step for people who sit far away: one column with wide margins, and space between the lines where there
// is room. What only the person at the keyboard needs is left to keys.
func (m *Model) audienceView(step workshop.StepSnapshot) []string {
	t := m.deps.Theme
	if m.focus == paneEnv || m.focus == paneSteps {
		return m.column(step)
	}
	width := min(widest, m.width-2*max(3, m.width/20))
	margin := widget.Spaces((m.width - width) / 2)
	out := []string{m.title(), widget.Rule(t, "", "", t.Rule, m.width), ""}
	height := m.height - len(out) - 1
	for _, line := range widget.Block(m.work(step, width, height, true), width, height) {
		out = append(out, margin+line)
	}
	return append(out, widget.Rule(t, "", "", t.Rule, m.width))
}

// spaced puts an empty line behind each line of a text, where it then takes no more than most lines.
func spaced(text []string, most int) []string {
	var out []string
	for i, line := range text {
		out = append(out, line)
		if i < len(text)-1 && widget.Width(line) > 0 && widget.Width(text[i+1]) > 0 {
			out = append(out, "")
		}
	}
	if len(out) > most {
		return text
	}
	return out
}
