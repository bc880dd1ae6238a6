package tui

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/workshop"
)

// author is a course that is saved while it is open.
type author struct {
	sized
	editions chan workshop.Edition
	plays    []lessontest.Play

	mu     sync.Mutex
	course *workshop.Course // as it was saved
	opened []*lessontest.Session
}

// save gives the screen an edition.
func (a *author) save(e workshop.Edition) {
	a.mu.Lock()
	if e.Course != nil {
		a.course = e.Course
	}
	a.mu.Unlock()
	a.editions <- e
}

// open opens the lesson as it is now, at a step.
func (a *author) open(step string) lesson.Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.course.Lessons[0]
	session := lessontest.New(l, lessontest.Env(), a.plays)
	for i, at := range l.Steps {
		if at.ID == step {
			session.Select(i)
		}
	}
	a.opened = append(a.opened, session)
	return session
}

func (a *author) sessions() []*lessontest.Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.opened)
}

func newAuthor(t *testing.T, play lessontest.Play) *author {
	t.Helper()
	a := &author{editions: make(chan workshop.Edition, 1), plays: make([]lessontest.Play, len(lessontest.Lesson().Steps))}
	a.plays[1] = play
	a.course = edited("as it was")
	s := &school{course: a.course, editions: a.editions}
	s.open = func(context.Context, string, func(string)) (lesson.Session, error) { return a.open(""), nil }
	s.reopen = func(_ context.Context, before lesson.Session, step string) (lesson.Session, error) {
		if !before.(*lessontest.Session).Closed() { //nolint:forcetypeassert // it is ours
			t.Error("the session before is open")
		}
		return a.open(step), nil
	}
	deps := newDeps(t)
	a.sized = newSized(t, deps, newStarting(deps, s, outline.Chosen{}))
	a.sees("1 Copy the image")
	a.Key("n")
	a.sees("step 2/9")
	return a
}

// edited is the demo as a course, with a text in its second step.
func edited(text string) *workshop.Course {
	l := lessontest.Lesson()
	l.Steps[1].Text = "The text is " + text + "."
	return &workshop.Course{Lessons: []*workshop.Lesson{l}}
}

func broken() workshop.Edition {
	return workshop.Edition{Err: workshop.Problems{
		{File: "lessons/one.md", Line: 12, What: `the kind "chages" of step`, Instead: `write "changes"`},
		{File: "lessons/one.md", Line: 40, What: "more", Instead: "less"},
	}}
}

// TestSaved shows a course as it is saved, at the step that is looked at, below whatever lies above; what is wrong with it
// stays on the screen until it is mended, and the lesson as it was with it.
func TestSaved(t *testing.T) {
	a := newAuthor(t, nil)
	a.sees("The text is as it was.")
	a.save(broken())
	a.sees(`lessons/one.md:12: the kind "chages" of step; write "changes"`)
	for _, key := range []string{"h", "w", "tab"} {
		a.Key(key)
		a.sees("lessons/one.md:12:")
		a.sees("and 1 more that sigwalk workshop lint lists; the lesson stays as it was")
	}
	a.holds(t)
	a.Key("?")
	a.save(workshop.Edition{Course: edited("mended")})
	a.Until("the help is left alone", func() bool { return len(a.sessions()) == 2 })
	a.Key("?")
	a.sees("The text is mended.")
	a.sees("step 2/9")
	if strings.Contains(a.Text(), "lessons/one.md") {
		t.Errorf("it is still said to be broken:\n%s", a.Text())
	}
	if !a.sessions()[0].Closed() || a.sessions()[1].Closed() {
		t.Error("the session before is open, or the one now is closed")
	}
}

// TestSavedWhileBusy leaves a step that runs alone, and a line that is being typed: the course is read when they end.
func TestSavedWhileBusy(t *testing.T) {
	end := make(chan struct{})
	a := newAuthor(t, func(context.Context, *lessontest.Stage) error { <-end; return nil })
	a.Key("c")
	a.Type("X")
	a.save(workshop.Edition{Course: edited("saved once")})
	a.Until("it was told", func() bool { return a.school().course.Lessons[0].Steps[1].Text == "The text is saved once." })
	a.sees("The text is as it was.")
	a.Key("enter") // and so a step runs
	a.sees("~ running")
	a.sees("then the course is read again")
	if len(a.sessions()) != 1 {
		t.Fatal("the lesson was opened again while a step runs")
	}
	close(end)
	a.sees("The text is saved once.")
	if len(a.sessions()) != 2 {
		t.Errorf("%d sessions", len(a.sessions()))
	}
}

func (a *author) school() *school { return a.root.screens[0].(*workshopScreen).school } //nolint:forcetypeassert // it is open
