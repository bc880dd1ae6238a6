package tui

import (
	"errors"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// edition is what the course's folder has come to hold. The screen that lies lowest takes it, whichever that is then.
type edition workshop.Edition

// listen takes the next edition of the course, unless that is under way.
func (s *school) listen(deps screen.Deps) tea.Cmd {
	if s.editions == nil || s.listening {
		return nil
	}
	s.listening = true
	ctx, editions := deps.Context, s.editions
	return deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case e := <-editions:
			return edition(e)
		}
	})
}

// take makes an edition the one that is taught, or keeps what is wrong with it until it is mended.
func (s *school) take(deps screen.Deps, e edition) tea.Cmd {
	s.listening = false
	s.broken = e.Err
	if e.Course != nil {
		s.course = e.Course
	}
	return s.listen(deps)
}

// banner says what is wrong with the files of the course, in at most most lines; there are none when nothing is.
func (s *school) banner(t *theme.Theme, width, most int) []string {
	if s.broken == nil {
		return nil
	}
	text, rest := s.broken.Error(), "the lesson stays as it was until that is mended"
	var wrong workshop.Problems
	var e *actions.Error
	switch {
	case errors.As(s.broken, &wrong) && len(wrong) > 0:
		text = wrong[0].String()
		if more := len(wrong) - 1; more > 0 {
			rest = fmt.Sprintf("and %d more that sigwalk workshop lint lists; ", more) + rest
		}
	case errors.As(s.broken, &e):
		text = e.Error() + "; " + e.Next
	}
	lines := widget.Hang(" "+t.Warning.Render("!")+"  ", widget.Clean(text), width-1)
	if len(lines) >= most {
		lines = append(lines[:most-2], widget.Cut(lines[most-2], width-2, "")+t.Lines.More)
	}
	return append(lines, widget.Fit("    "+t.Faint.Render(widget.Cut(rest, width-5, t.Lines.More)), width, ""))
}

// reopened says that the lesson was opened again, from the course as it is now.
type reopened struct {
	of      *workshopScreen
	session session
	err     error
}

// refresh opens the lesson again when the course has another edition, but not while a step runs or something is typed.
func (w *workshopScreen) refresh() tea.Cmd {
	if !w.stale || w.reopening || w.gone || w.Busy() {
		return nil
	}
	w.stale, w.reopening = false, true
	w.endModel()
	ctx, before, step, reopen := w.own.Context, w.session, w.Step(), w.school.reopen
	return w.deps.Tasks.Cmd(func() tea.Msg {
		if err := before.Close(); err != nil {
			return reopened{w, nil, err}
		}
		session, err := reopen(ctx, before, step)
		if err == nil && ctx.Err() != nil {
			_ = session.Close()
			return nil
		}
		return reopened{w, session, err}
	})
}

// reopened shows the lesson that was opened again. Where it could not be, the screen that opens lessons says why.
func (w *workshopScreen) reopened(msg reopened) tea.Cmd {
	w.reopening = false
	if msg.err != nil {
		w.leave()
		return screen.Send(screen.Replace{Screen: newStarting(w.deps, w.school, outline.Chosen{})})
	}
	w.session = msg.session
	w.newModel()
	return tea.Batch(w.Model.Init(), screen.Tell("the course was saved, and is shown as it is now"))
}
