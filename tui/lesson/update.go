package lesson

import (
	"context"
	"errors"
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		return m.key(msg)
	case changed:
		if msg.of == m {
			return m.changed(msg)
		}
	case ended:
		if msg.of == m {
			return m.ended(msg)
		}
	case selected:
		if msg.of == m {
			m.told, m.telling = msg.step, -1
			return m.catchUp()
		}
	case answered:
		if msg.of == m {
			m.answering = false
		}
	case planned:
		if msg.of == m {
			m.askUndo(msg)
		}
	case undone:
		if msg.of == m {
			return m.undone(msg)
		}
	case remembered:
		if msg.of == m && m.prompt != nil {
			m.prompt.history, m.prompt.at = msg.lines, len(msg.lines)
		}
	case completed:
		if msg.of == m {
			m.complete(msg)
		}
	case goTo:
		return m.found(msg)
	case second:
		if msg.of == m && m.running != nil {
			return m.tick()
		}
	case aged:
		if msg.of == m {
			m.counting = false
			return m.countDown()
		}
	default:
		if m.signin != nil {
			m.signin.Update(msg)
		}
	}
	return nil
}

func (m *Model) changed(msg changed) tea.Cmd {
	m.adopt(msg.snapshot)
	for _, c := range msg.chunks {
		if c.from == m.read[c.step] {
			m.logs[c.step].Append(c.text)
			m.read[c.step] = c.to
		}
	}
	m.question(msg)
	m.signing()
	return tea.Batch(m.wait(), m.countDown())
}

// adopt makes a snapshot what is drawn. A step whose run has not ended is drawn as running, for as long as a key would
// still stop it: the session may have judged it already.
func (m *Model) adopt(snapshot workshop.Snapshot) {
	before := m.snap
	m.snap = snapshot
	m.revision++
	if !slices.Equal(before.Env, m.snap.Env) {
		m.readTokens()
	}
	m.size(len(m.snap.Steps))
	if r := m.running; r != nil && r.step < len(m.snap.Steps) {
		r.judged, m.snap.Steps[r.step].State = m.snap.Steps[r.step].State, workshop.StepRunning
	}
	if m.step < 0 {
		m.step, m.told = m.snap.Current, m.snap.Current
	}
	// Nobody but this screen moves an open session, and a snapshot may be older than the last step it was told of.
	m.notice(before)
}

func (m *Model) size(steps int) {
	for len(m.logs) < steps {
		m.logs = append(m.logs, &widget.Log{Theme: m.deps.Theme})
		m.read = append(m.read, 0)
	}
}

// notice says what happened while nobody pressed a key: a remark of the session, a step that was done elsewhere.
func (m *Model) notice(before workshop.Snapshot) {
	if n := len(m.snap.Notices); n > len(before.Notices) {
		m.message = widget.Clean(m.snap.Notices[n-1])
	}
	if len(before.Steps) != len(m.snap.Steps) {
		return
	}
	for i, s := range m.snap.Steps {
		if s.State == workshop.StepDone && s.Elsewhere && before.Steps[i].State != workshop.StepDone {
			m.message = fmt.Sprintf("the world shows that step %d is done: %s", i+1, widget.Clean(s.Step.Title))
		}
	}
}

func (m *Model) ended(msg ended) tea.Cmd {
	stopped := m.running != nil && m.running.stopped
	if r := m.running; r != nil {
		r.cancel()
		m.running = nil
		if r.step < len(m.snap.Steps) {
			m.snap.Steps[r.step].State = r.judged
			m.revision++
		}
	}
	switch {
	case stopped, errors.Is(msg.err, context.Canceled):
		m.message = "stopped: enter runs it again"
	case msg.err != nil:
		m.message = widget.Clean(msg.err.Error())
	default:
		m.message = ""
		m.result = true
	}
	return nil
}

// start runs the command of the step that is looked at.
func (m *Model) start() tea.Cmd {
	line, own := m.command(m.step)
	if own {
		line = ""
	}
	return tea.Batch(m.run(m.begin(), m.step, line), m.tick())
}

// begin makes the step that is looked at the one that runs, until the context that it returns is cancelled or the run has
// ended.
func (m *Model) begin() context.Context {
	ctx, cancel := context.WithCancel(m.life)
	m.running = &run{step: m.step, judged: m.snap.Steps[m.step].State, started: m.deps.Clock.Now(), cancel: cancel}
	// Its output may come before the next snapshot does, and must not stand below the judgement of the run before.
	m.snap.Steps[m.step].State = workshop.StepRunning
	m.logs[m.step].Clear()
	m.logs[m.step].Follow()
	if !m.deps.Settings.On(settings.Follow) {
		m.logs[m.step].Home()
	}
	m.result, m.compare, m.focus, m.message = false, false, paneOutput, ""
	return ctx
}

// turn looks at another step.
func (m *Model) turn(step int) {
	if step < 0 || step >= len(m.snap.Steps) || step == m.step {
		return
	}
	m.step = step
	m.scroll[paneText].Home()
	m.scroll[paneOutput].Home()
	m.scroll[paneChecks].Home()
	m.cursor[paneSteps] = step
	if m.focus == paneOutput || m.focus == paneChecks {
		m.focus = paneText
	}
	if m.running != nil && m.running.step == step {
		m.focus = paneOutput
	}
	s := m.snap.Steps[step]
	m.compare = false
	m.result = toDraw(s)
	m.message = ""
}

// catchUp tells the session of the step that is looked at, when it does not know yet.
func (m *Model) catchUp() tea.Cmd {
	if m.telling >= 0 || m.step == m.told || m.step < 0 {
		return nil
	}
	m.telling = m.step
	return m.tell(m.step)
}

// key takes a key that is not the root's.
func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	switch {
	case m.signin != nil:
		return m.signin.Key(msg)
	case m.ask != nil:
		return m.answerKey(msg)
	case m.edit != nil:
		return m.typed(msg)
	case m.prompt != nil:
		return m.prompted(msg)
	}
	if _, ok := m.current(); !ok {
		return nil
	}
	intent, ok := keys.Find(keys.Lesson, msg.String())
	if !ok {
		return nil
	}
	m.message = ""
	return m.intend(intent)
}

// typed takes a key while the command is changed.
func (m *Model) typed(msg tea.KeyMsg) tea.Cmd {
	if intent, _ := keys.Find(keys.Edit, msg.String()); intent == keys.Submit && !msg.Paste {
		line := m.edit.Text()
		m.edit = nil
		delete(m.edited, m.step)
		if line != m.snap.Steps[m.step].Step.Command {
			m.edited[m.step] = line
		}
		return m.start()
	}
	screen.Type(m.edit, msg)
	return nil
}
