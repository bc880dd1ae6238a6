package tui

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// school is what lessons are opened with, one after another.
type school struct {
	open      opener
	shell     func() *exec.Cmd
	course    *workshop.Course
	standings func() []workshop.Standing
	doctor    doctor.Examine // nil where nobody can be asked
	page      func(ctx context.Context) (string, error)
	trust     func(ctx context.Context) (*trust.Status, error)
	verifier  func() (*verification.Verifier, error)

	// editions brings what the course's folder comes to hold; nil for a course that does not change. reopen opens a lesson of
	// the latest one in place of a session that is closed, at the step of that ID.
	editions  <-chan workshop.Edition
	reopen    func(ctx context.Context, before lesson.Session, step string) (lesson.Session, error)
	listening bool
	broken    error    // what is wrong with the latest edition
	stage     Stage    // nil where nobody looks on
	record    Recorder // nil where nothing is kept
}

// starting is the screen that is shown until the session is open, and when it cannot be opened.
type starting struct {
	deps          screen.Deps
	school        *school
	chosen        outline.Chosen // no lesson for the one to go on with
	progress      chan string
	began         time.Time
	doing         []string
	beats         int
	err           error
	width, height int
	session       lesson.Session
	stale         bool // the course came to have another edition meanwhile
}

type (
	// opened is the end of opening.
	opened struct {
		session lesson.Session
		err     error
	}
	// doing is what opening is at.
	doing string
	// beat shows that the program is alive.
	beat struct{}
)

func newStarting(deps screen.Deps, s *school, chosen outline.Chosen) *starting {
	return &starting{deps: deps, school: s, chosen: chosen, progress: make(chan string, 16), began: deps.Clock.Now()}
}

// Init implements screen.Screen.
func (s *starting) Init() tea.Cmd {
	return tea.Batch(s.start(), s.listen(), s.nextBeat(), s.school.listen(s.deps))
}

// start opens the session. One that comes when the program has ended already is closed at once.
func (s *starting) start() tea.Cmd {
	ctx, open, name, progress := s.deps.Context, s.school.open, s.chosen.Lesson, s.progress
	return s.deps.Tasks.Cmd(func() tea.Msg {
		session, err := open(ctx, name, func(text string) {
			select {
			case progress <- text:
			default:
			}
		})
		if err == nil && ctx.Err() != nil {
			_ = session.Close()
			return nil
		}
		return opened{session, err}
	})
}

func (s *starting) listen() tea.Cmd {
	ctx, progress := s.deps.Context, s.progress
	return s.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case text := <-progress:
			return doing(text)
		}
	})
}

func (s *starting) nextBeat() tea.Cmd { return s.deps.After(100*time.Millisecond, beat{}) }

// Update implements screen.Screen.
func (s *starting) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case opened:
		if msg.err != nil {
			s.err = msg.err
			return nil
		}
		s.session = msg.session
		next := newWorkshop(s.deps, s.school, msg.session)
		next.begin(s.chosen)
		next.stale = s.stale
		return screen.Send(screen.Replace{Screen: next})
	case edition:
		s.stale = s.stale || msg.Course != nil
		return s.school.take(s.deps, msg)
	case doing:
		s.doing = append(s.doing, widget.Clean(string(msg)))
		return s.listen()
	case beat:
		if s.err == nil && s.session == nil {
			s.beats++
			return s.nextBeat()
		}
	}
	return nil
}

// View implements screen.Screen.
func (s *starting) View() []string {
	t := s.deps.Theme
	out := []string{" " + t.Title.Render("sigwalk"), widget.Rule(t, "", "", t.Rule, s.width), ""}
	if s.err != nil {
		for _, line := range startError(s.err) {
			out = append(out, widget.Hang("   "+line.name, widget.Clean(line.text), s.width-3)...)
		}
		return widget.Block(out, s.width, s.height)
	}
	for i, text := range s.doing {
		mark := t.Good.Render("ok")
		if i == len(s.doing)-1 {
			mark = t.Busy.Render("~ ")
		}
		out = append(out, "   "+mark+" "+text)
	}
	dots := []string{".  ", ".. ", "..."}[s.beats%3]
	out = append(out, "", "   "+t.Faint.Render("starting"+dots))
	return widget.Block(out, s.width, s.height)
}

type named struct{ name, text string }

func startError(err error) []named {
	out := []named{{"x  ", err.Error()}}
	var e *actions.Error
	if errors.As(err, &e) {
		out = []named{{"x  ", e.What}}
		if e.Why != "" {
			out = append(out, named{"   why   ", e.Why})
		}
		if e.Next != "" {
			out = append(out, named{"   next  ", e.Next})
		}
	}
	return out
}

// Status implements screen.Screen.
func (s *starting) Status() string {
	if s.err != nil {
		return "sigwalk cannot start: q quits"
	}
	return fmt.Sprintf("starting, %d s - q quits", int(s.deps.Clock.Now().Sub(s.began).Seconds()))
}

// SetSize implements screen.Screen.
func (s *starting) SetSize(width, height int) { s.width, s.height = width, height }

// Scope implements screen.Screen.
func (s *starting) Scope() keys.Scope { return keys.Starting }

// Disabled implements screen.Screen.
func (s *starting) Disabled(keys.Intent) string { return "" }

// Cancel implements screen.Screen.
func (s *starting) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (s *starting) Running() bool { return false }

// Close closes a session that was opened and never shown.
func (s *starting) Close() error {
	if s.session == nil {
		return nil
	}
	return s.session.Close()
}
