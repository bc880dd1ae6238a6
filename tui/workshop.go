package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// workshopScreen is the lesson's screen with the session that it closes at the end, or before it opens another lesson.
type workshopScreen struct {
	*lesson.Model
	deps    screen.Deps // the program's
	school  *school
	session lesson.Session
	leave   context.CancelFunc // ends what the lesson's screen has begun
}

func newWorkshop(deps screen.Deps, s *school, session lesson.Session) *workshopScreen {
	own := deps
	var leave context.CancelFunc
	own.Context, leave = context.WithCancel(deps.Context)
	return &workshopScreen{
		Model: lesson.New(own, lesson.Options{Session: session, Shell: s.shell, Course: s.course, Standings: s.standings, Doctor: s.doctor}),
		deps:  deps, school: s, session: session, leave: leave,
	}
}

// left says that the session was closed to make room for another lesson.
type left struct {
	of     *workshopScreen
	lesson string
	err    error
}

// Update opens another lesson when one was chosen.
func (w *workshopScreen) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case outline.Chosen:
		w.leave()
		return w.deps.Tasks.Cmd(func() tea.Msg { return left{w, msg.Lesson, w.session.Close()} })
	case left:
		if msg.of != w {
			return nil
		}
		next := screen.Send(screen.Replace{Screen: newStarting(w.deps, w.school, msg.lesson)})
		if msg.err != nil {
			return tea.Batch(next, screen.Tell(widget.Clean(msg.err.Error())))
		}
		return next
	}
	return w.Model.Update(msg)
}

// Close closes the session.
func (w *workshopScreen) Close() error {
	w.leave()
	return w.session.Close()
}
