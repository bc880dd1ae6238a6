package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

type session = lesson.Session

// workshopScreen is the lesson's screen with the session that it closes at the end, or before it opens another lesson.
type workshopScreen struct {
	*lesson.Model
	deps          screen.Deps // the program's
	own           screen.Deps // the lesson's; screens that lie above have them too
	school        *school
	session       session
	leave         context.CancelFunc // ends what the lesson's screens have begun
	endModel      context.CancelFunc // ends what the model looks at
	width, height int
	lines         []string // above the lesson: what is wrong with the course
	stale         bool     // the course has another edition
	reopening     bool
	gone          bool // another lesson is being opened
}

func newWorkshop(deps screen.Deps, s *school, session session) *workshopScreen {
	w := &workshopScreen{deps: deps, own: deps, school: s, session: session}
	w.own.Context, w.leave = context.WithCancel(deps.Context)
	w.newModel()
	return w
}

// begin turns to a step that was chosen in another lesson.
func (w *workshopScreen) begin(at outline.Chosen) {
	lesson.Turn(w.session, at.Step)
	w.Say(at.Why)
}

// newModel draws the session that there is now.
func (w *workshopScreen) newModel() {
	var life context.Context
	life, w.endModel = context.WithCancel(w.own.Context)
	s := w.school
	w.Model = lesson.New(w.own, lesson.Options{
		Session: w.session, Life: life, Shell: s.shell, Course: s.course, Standings: s.standings, Doctor: s.doctor, Page: s.page, Trust: s.trust, Verifier: s.verifier,
		Audience: s.stage != nil,
	})
	w.SetSize(w.width, w.height)
}

// left says that the session was closed to make room for another lesson.
type left struct {
	of   *workshopScreen
	next outline.Chosen
	err  error
}

// Init implements screen.Screen.
func (w *workshopScreen) Init() tea.Cmd {
	return tea.Batch(w.Model.Init(), w.school.listen(w.deps), w.refresh())
}

// Update opens another lesson when one was chosen, and this one again when its course has another edition.
func (w *workshopScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case outline.Chosen:
		w.gone = true
		w.leave()
		return w.deps.Tasks.Cmd(func() tea.Msg { return left{w, msg, w.session.Close()} })
	case left:
		if msg.of != w {
			return nil
		}
		next := screen.Send(screen.Replace{Screen: newStarting(w.deps, w.school, msg.next)})
		if msg.err != nil {
			return tea.Batch(next, screen.Tell(widget.Clean(msg.err.Error())))
		}
		return next
	case edition:
		next := w.school.take(w.deps, msg)
		w.stale = w.stale || msg.Course != nil
		w.SetSize(w.width, w.height)
		return tea.Batch(next, w.refresh())
	case reopened:
		if msg.of != w {
			return nil
		}
		return tea.Batch(w.reopened(msg), w.refresh())
	}
	cmd := w.Model.Update(msg)
	return tea.Batch(cmd, w.refresh())
}

// SetSize implements screen.Screen: what is wrong with the course stands above the lesson.
func (w *workshopScreen) SetSize(width, height int) {
	w.width, w.height = width, height
	w.lines = w.school.banner(w.deps.Theme, width, max(3, height/5))
	w.Model.SetSize(width, height-len(w.lines))
}

// View implements screen.Screen.
func (w *workshopScreen) View() []string {
	return widget.Block(append(w.lines[:len(w.lines):len(w.lines)], w.Model.View()...), w.width, w.height)
}

// Status implements screen.Screen.
func (w *workshopScreen) Status() string {
	status := w.Model.Status()
	if w.stale && w.Running() {
		status += "; then the course is read again"
	}
	return status
}

// Disabled implements screen.Screen.
func (w *workshopScreen) Disabled(intent keys.Intent) string {
	if w.reopening {
		return "the course is being read again"
	}
	return w.Model.Disabled(intent)
}

// Close closes the session.
func (w *workshopScreen) Close() error {
	w.leave()
	return w.session.Close()
}
