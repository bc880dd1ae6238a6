package lesson

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/tree"
	trustview "github.com/sigwalk/sigwalk/tui/trust"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// intend carries out what a key means.
func (m *Model) intend(intent keys.Intent) tea.Cmd {
	switch intent {
	case keys.Run:
		return m.enter()
	case keys.Next, keys.Previous:
		return m.walk(intent)
	case keys.Hint, keys.Why:
		m.show(intent)
	case keys.Copy:
		return screen.Send(m.copied())
	case keys.RawText:
		return screen.Send(screen.Raw{Text: m.alone()})
	case keys.Change:
		line, _ := m.command(m.step)
		m.edit = widget.NewInput(m.deps.Theme)
		m.edit.Lines = true
		m.edit.SetText(line)
	case keys.Shell:
		return screen.Send(screen.Exec{Command: m.shell(), Done: func(err error) tea.Msg {
			return screen.Say{Text: backFrom(err)}
		}})
	case keys.Reset:
		m.askReset()
	case keys.Undo:
		return m.planUndo()
	case keys.Write:
		return m.export()
	case keys.Line:
		return m.openPrompt()
	case keys.Skip:
		step := m.step
		return m.do(func(s Session) { s.Skip(step) })
	default:
		return m.turnTo(intent)
	}
	return nil
}

// export writes the transcript to a file.
func (m *Model) export() tea.Cmd {
	session, dir, course := m.session, m.deps.Dir, m.course.Course
	return m.deps.Tasks.Cmd(func() tea.Msg {
		file, err := session.ExportTranscript(dir, course)
		if err != nil {
			return screen.Say{Text: widget.Clean(err.Error())}
		}
		return screen.Say{Text: widget.Clean("what was run is in " + filepath.Join(dir, file))}
	})
}

func backFrom(err error) string {
	if err != nil {
		return "the shell ended: " + widget.Clean(err.Error())
	}
	return "back from the shell"
}

// turnTo carries out what only changes what is looked at.
func (m *Model) turnTo(intent keys.Intent) tea.Cmd {
	switch intent {
	case keys.Env:
		m.toggle(paneEnv)
	case keys.Steps:
		m.cursor[paneSteps] = m.step
		m.toggle(paneSteps)
	case keys.Output:
		if !m.compare {
			m.result = !m.result
		}
		m.compare = false
		m.scroll[paneOutput].Home()
		m.focus = paneOutput
	case keys.Compare:
		m.compare = !m.compare
		m.scroll[paneOutput].Home()
		m.focus = paneOutput
	case keys.Follow:
		m.result, m.compare, m.focus = false, false, paneOutput
		m.logs[m.step].Follow()
	case keys.NextPane:
		m.focus = (m.focus + 1) % panes
	case keys.PrevPane:
		m.focus = (m.focus + panes - 1) % panes
	case keys.OpenTable:
		if r := latest[*verification.Report](m); r != nil {
			return screen.Send(screen.Push{Screen: signatures.New(m.deps, r, m.tableOptions())})
		}
	case keys.OpenTree:
		if n := latest[*verification.Node](m); n != nil {
			return screen.Send(screen.Push{Screen: tree.New(m.deps, n, tree.Options{})})
		}
	case keys.Lessons:
		opts := m.course
		opts.Open = m.snap.Lesson.Name
		return screen.Send(screen.Push{Screen: outline.New(m.deps, opts)})
	case keys.OpenDoctor:
		return screen.Send(screen.Push{Screen: doctor.New(m.deps, m.examine)})
	case keys.OpenTrace:
		return m.openTrace()
	case keys.OpenConsole:
		return m.deps.OpenPage(m.findPage)
	case keys.OpenTrust:
		return m.openTrust()
	default:
		m.move(intent)
	}
	return nil
}

// noTrustRoot is said where there is none to look at.
const noTrustRoot = "there is no trust root yet: run cosign initialize"

// openTrust shows the trust root that is kept now, whoever fetched it and when; where that cannot be read here, the one that a step
// has fetched.
func (m *Model) openTrust() tea.Cmd {
	if m.trust == nil {
		return screen.Send(screen.Push{Screen: trustview.New(m.deps, latest[*trust.Status](m))})
	}
	deps, read := m.deps, m.trust
	return deps.Tasks.Cmd(func() tea.Msg {
		status, err := read(deps.Context)
		var failed *actions.Error
		switch {
		case errors.As(err, &failed) && failed.Code == actions.CodeNoTrustRoot:
			return screen.Say{Text: hint(keys.OpenTrust) + ": " + noTrustRoot}
		case err != nil:
			return screen.Say{Text: widget.Clean(err.Error())}
		}
		return screen.Push{Screen: trustview.New(deps, status)}
	})
}

// latest returns the last result of a type: of the step that is looked at, else of the nearest before it, else of any.
func latest[T any](m *Model) T { return Latest[T](m.snap, m.step) }

func (m *Model) toggle(p pane) {
	if m.focus == p {
		m.focus = paneText
		return
	}
	m.focus = p
}

// enter runs the step; where the list of steps has the focus it goes to the chosen one, and from a blocked step to what
// blocks it.
func (m *Model) enter() tea.Cmd {
	if m.focus == paneSteps && m.cursor[paneSteps] != m.step {
		m.turn(m.cursor[paneSteps])
		return m.catchUp()
	}
	step, _ := m.current()
	if step.State == workshop.StepBlocked && step.BlockedBy >= 0 {
		from, to := m.step, step.BlockedBy
		// What blocks a step stands before it, so this ends, at one that can be run.
		for m.snap.Steps[to].State == workshop.StepBlocked && m.snap.Steps[to].BlockedBy >= 0 {
			to = m.snap.Steps[to].BlockedBy
		}
		m.turn(to)
		// What is not so yet stands below, with the checks.
		m.message = fmt.Sprintf("step %d needs this step first: enter runs it", from+1)
		return m.catchUp()
	}
	if earlier := step.BlockedEarlier; step.State == workshop.StepBlocked && earlier != nil {
		return screen.Send(outline.Chosen{
			Lesson: earlier.Lesson, Step: earlier.ID, Why: fmt.Sprintf("%s needs this step first: enter runs it", widget.Clean(m.snap.Lesson.Title)),
		})
	}
	return m.start()
}

func (m *Model) walk(intent keys.Intent) tea.Cmd {
	to := m.step + 1
	if intent == keys.Previous {
		to = m.step - 1
	}
	if next := m.after(); to == len(m.snap.Steps) && next != nil {
		return screen.Send(outline.Chosen{Lesson: next.Name})
	}
	m.turn(to)
	return m.catchUp()
}

func (m *Model) show(intent keys.Intent) {
	step, _ := m.current()
	e := m.shown[m.step]
	if intent == keys.Why {
		e.why = !e.why
	} else {
		e.hints = min(e.hints+1, len(step.Step.Hints))
		m.message = fmt.Sprintf("hint %d of %d", e.hints, len(step.Step.Hints))
	}
	m.shown[m.step] = e
	m.focus = paneText
	m.scroll[paneText].End()
	if intent == keys.Why && !e.why {
		m.scroll[paneText].Home()
	}
}

// copied is what the clipboard gets, and its name: the chosen variable, or the step's command.
func (m *Model) copied() screen.Copy {
	if m.focus == paneEnv {
		v := m.variables()[m.cursor[paneEnv]]
		return screen.Copy{Text: exportLine(v), What: "the line that exports " + widget.Clean(v.Name), Secret: v.Secret}
	}
	line, _ := m.command(m.step)
	return screen.Copy{Text: line, What: "the command"}
}

// alone is the same for a terminal without a screen around it: nothing in it steers the terminal.
func (m *Model) alone() string {
	lines := strings.Split(m.copied().Text, "\n")
	for i := range lines {
		lines[i] = widget.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	if m.signin != nil {
		return m.signin.Disabled(intent)
	}
	step, ok := m.current()
	if !ok {
		return "the lesson is not open yet"
	}
	line, _ := m.command(m.step)
	switch intent {
	case keys.Run, keys.Change, keys.Line:
		if m.running != nil {
			return fmt.Sprintf("step %d runs: esc stops it", m.running.step+1)
		}
		if m.focus == paneEnv {
			return "the variables have the focus: esc goes back to the step"
		}
		if intent == keys.Change && line == "" {
			return "this step has no command"
		}
	case keys.Next:
		if m.step == len(m.snap.Steps)-1 {
			return m.whyNoNext()
		}
	case keys.Previous:
		if m.step == 0 {
			return "this is the first step"
		}
	case keys.Shell:
		switch {
		case m.audience:
			return "a shell shows secrets, and others look on: open one in another terminal"
		case m.shell == nil:
			return "there is no shell here"
		}
	case keys.Reset, keys.Skip, keys.Undo:
		switch {
		case m.running != nil:
			return fmt.Sprintf("step %d runs: esc stops it", m.running.step+1)
		case intent == keys.Undo && m.undoing:
			return "the sandbox is looked at already"
		case intent == keys.Skip && step.State == workshop.StepDone:
			return "this step is done"
		case intent == keys.Skip && step.State == workshop.StepSkipped:
			return "this step is left out already"
		}
	case keys.Copy, keys.RawText:
		return m.whyNoCopy(line)
	default:
		return m.whyNot(intent, step)
	}
	return ""
}

// whyNoNext is for the last step, behind which the next lesson lies, if there is one.
func (m *Model) whyNoNext() string {
	switch {
	case m.after() == nil:
		return "this is the last step"
	case m.running != nil:
		return fmt.Sprintf("step %d runs: esc stops it", m.running.step+1)
	}
	return ""
}

func (m *Model) whyNoCopy(line string) string {
	if m.focus != paneEnv {
		if line == "" {
			return "this step has no command"
		}
		return ""
	}
	vars := m.variables()
	if m.cursor[paneEnv] >= len(vars) {
		return "there are no variables yet"
	}
	if vars[m.cursor[paneEnv]].Secret {
		return "secrets are not copied: s opens a shell that has them"
	}
	return ""
}

func (m *Model) whyNot(intent keys.Intent, step workshop.StepSnapshot) string {
	switch intent {
	case keys.Hint:
		switch hints := len(step.Step.Hints); {
		case hints == 0:
			return "there are no hints to this step"
		case m.shown[m.step].hints == hints:
			return "that was the last hint"
		}
	case keys.Lessons:
		switch {
		case m.course.Course == nil || m.snap.Lesson == nil:
			return "this lesson is part of no course"
		case m.running != nil:
			return fmt.Sprintf("step %d runs: esc stops it", m.running.step+1)
		}
	case keys.Write:
		if m.deps.Dir == "" {
			return "there is no directory here to write to"
		}
	case keys.Why:
		if step.Step.Why == "" {
			return "this step says why by itself"
		}
	case keys.OpenTable:
		if latest[*verification.Report](m) == nil {
			return "there is no table yet: run a step that verifies"
		}
	case keys.OpenTree:
		if latest[*verification.Node](m) == nil {
			return "there is no tree yet: run the step with cosign tree"
		}
	case keys.OpenDoctor:
		if m.examine == nil {
			return "there is no deployment to look at here"
		}
	case keys.OpenConsole:
		if m.findPage == nil {
			return "there is no registry here"
		}
	case keys.OpenTrace:
		if !step.Traced {
			return "there is nothing to trace yet: enter runs the step"
		}
	case keys.OpenTrust:
		if m.trust == nil && latest[*trust.Status](m) == nil {
			return noTrustRoot
		}
	case keys.Output:
		if !m.hasResult() && !m.compare {
			return "there is no result yet"
		}
	case keys.Compare:
		if step.Step.Expected == "" {
			return "this step does not say what its output is to be"
		}
	}
	return ""
}
