package lesson

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// ask is a question that is laid over the screen: one of a running step, or one of the screen's own.
type ask struct {
	question actions.Question
	local    bool
	answer   func(actions.Answer) tea.Cmd
	input    *widget.Input
	scroll   widget.Scroll
	// read is true once the end of the text was on the screen: an answer counts only then.
	read bool
	page int
}

// answered says that the session has the answer.
type answered struct{ of *Model }

// question opens and closes the question of a running step as the session says.
func (m *Model) question(msg changed) {
	switch {
	case msg.asked && msg.question.ID == identity.QuestionSignIn:
		m.signIn(msg.question)
	case msg.asked && m.ask == nil && !m.answering:
		m.edit, m.prompt = nil, nil
		m.ask = m.newAsk(msg.question)
		m.ask.answer = m.reply
	case !msg.asked && m.ask != nil && !m.ask.local:
		m.ask = nil
	}
}

func (m *Model) newAsk(q actions.Question) *ask {
	a := &ask{question: q}
	if !q.YesNo {
		a.input = widget.NewInput(m.deps.Theme)
		a.input.Secret = q.Secret
	}
	return a
}

// reply gives the session its answer; until it has it, snapshots that still hold the question are late ones.
func (m *Model) reply(a actions.Answer) tea.Cmd {
	m.answering = true
	return m.deps.Tasks.Cmd(func() tea.Msg {
		m.session.Answer(a)
		return answered{m}
	})
}

func (m *Model) askReset() {
	step := m.step
	s := m.snap.Steps[step]
	m.ask = m.newAsk(actions.Question{
		YesNo: true,
		Text: fmt.Sprintf("sigwalk forgets what it knows of step %d, %q, so that it can be done again. ", step+1, s.Step.Title) +
			"What the step changed in the world stays: a registry keeps the image, and a log never forgets. In the sandbox, u puts back what can be put back.",
		Prompt: "Reset this step?",
	})
	m.ask.local = true
	m.ask.answer = func(a actions.Answer) tea.Cmd {
		if !a.Yes {
			return nil
		}
		m.logs[step].Clear()
		delete(m.shown, step)
		delete(m.edited, step)
		return m.do(func(s Session) { s.Reset(step) })
	}
}

// answerKey takes a key while a question is open.
func (m *Model) answerKey(msg tea.KeyMsg) tea.Cmd {
	a := m.ask
	if a.input != nil {
		if intent, _ := keys.Find(keys.Edit, msg.String()); intent == keys.Submit && !msg.Paste {
			m.ask = nil
			return a.answer(a.question.Read(a.input.Text()))
		}
		screen.Type(a.input, msg)
		return nil
	}
	intent, _ := keys.Find(keys.Question, msg.String())
	switch {
	case intent == keys.Yes && !a.read:
		a.scroll.Move(a.page)
	case intent == keys.Yes, intent == keys.No:
		m.ask = nil
		return a.answer(actions.Answer{Yes: intent == keys.Yes})
	default:
		screen.Moved(&a.scroll, intent, max(1, a.page))
	}
	return nil
}

// lay draws the question over lines.
func (m *Model) lay(lines []string) []string {
	t, a := m.deps.Theme, m.ask
	width := min(m.width-4, 84)
	inner := width - 4
	text := paragraphs(a.question.Text, inner)
	foot := widget.Wrap(t.Strong.Render(widget.Clean(a.question.Prompt)), inner)
	if a.input != nil {
		box := a.input.View(inner)
		foot = append(foot, box[max(0, len(box)-4):]...)
	}
	room := m.height - 4 - len(foot) - 1
	a.page = max(1, min(room, len(text)))
	from, to := a.scroll.View(len(text), a.page)
	a.read = a.read || to == len(text)
	body := append([]string(nil), text[from:to]...)
	body = append(append(body, ""), foot...)
	box := widget.Boxed(t, "Question", m.askHint(), t.Focus, body, width, len(body)+2)
	return widget.Centre(lines, box, m.width)
}

func (m *Model) askHint() string {
	switch {
	case m.ask.input != nil:
		return "enter answers, esc cancels"
	case !m.ask.read:
		return "down or PgDn: read on, then answer"
	}
	return "y yes   n no"
}

func paragraphs(text string, width int) []string {
	var out []string
	for _, line := range lines(text) {
		out = append(out, widget.Wrap(strings.TrimSpace(widget.Clean(line)), width)...)
	}
	return out
}
