package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/workshop"
)

// schoolOf is a course of the lessons first and second, each the demo's by another name.
func schoolOf(opened *[]*lessontest.Session) *school {
	course := &workshop.Course{Title: "The course", Summary: "What it is about."}
	for _, name := range []string{"first", "second"} {
		l := lessontest.Lesson()
		l.Name, l.Title = name, "The "+name+" lesson"
		course.Lessons = append(course.Lessons, l)
	}
	return &school{
		course: course,
		standings: func() []workshop.Standing {
			standings, _ := course.Standings(func(*workshop.Lesson) string { return "" })
			return standings
		},
		open: func(_ context.Context, name string, _ func(string)) (lesson.Session, error) {
			if name == "" {
				name = "first"
			}
			l, err := course.Lesson(name)
			if err != nil {
				return nil, err
			}
			session := lessontest.New(l, lessontest.Env(), make([]lessontest.Play, len(l.Steps)))
			*opened = append(*opened, session)
			return session, nil
		},
	}
}

// TestCourse goes from lesson to lesson, by the list and from the last step on; each session is closed before the next is
// opened.
func TestCourse(t *testing.T) {
	var opened []*lessontest.Session
	deps := newDeps(t)
	s := newSized(t, deps, newStarting(deps, schoolOf(&opened), outline.Chosen{}))
	in := func(lesson, step string) {
		t.Helper()
		s.Until(lesson+" at "+step, func() bool {
			return strings.Contains(s.Text(), "The "+lesson+" lesson") && strings.Contains(s.Text(), "step "+step)
		})
	}
	in("first", "1/9")
	s.Key("L")
	s.sees("0/9")
	s.Key("down")
	s.Key("enter")
	in("second", "1/9")
	if len(opened) != 2 || !opened[0].Closed() || opened[1].Closed() {
		t.Fatalf("%d sessions", len(opened))
	}
	s.Key("L")
	s.sees("to do, open")
	s.Key("up")
	s.Key("enter")
	in("first", "1/9")
	for range len(lessontest.Lesson().Steps) - 1 {
		s.Key("n")
	}
	in("first", "9/9")
	s.Key("n")
	in("second", "1/9")
	if len(opened) != 4 || !opened[2].Closed() {
		t.Fatalf("%d sessions", len(opened))
	}
}

// TestPalette finds a step, a lesson and a key by their names, and says why something cannot be done.
func TestPalette(t *testing.T) {
	var opened []*lessontest.Session
	deps := newDeps(t)
	s := newSized(t, deps, newStarting(deps, schoolOf(&opened), outline.Chosen{}))
	s.sees("The first lesson")
	find := func(text string) {
		s.Key(":")
		s.sees("Find")
		s.Type(text)
	}
	find("step tree")
	s.sees("2 of ") // and the same step of the other lesson
	s.Key("enter")
	s.sees("5 Look at the tree")

	find("no such thing")
	s.sees("nothing is called so")
	s.Key("enter")
	s.sees("Find")
	s.Key("esc")
	s.sees("5 Look at the tree")

	find("signatures as a table")
	s.sees("not now: there is no table yet")
	s.Key("enter")
	s.sees("Find")
	s.Key("esc")
	s.sees("5 Look at the tree")

	find("variables of the lesson show")
	s.Key("enter")
	s.sees("QUAY_PASSWORD")
	s.Key("esc")

	find("second lesson")
	s.Key("enter")
	s.sees("step 1/9")

	find("first lesson tree")
	s.sees("› The first lesson: 5 Look at the tree")
	s.Key("enter")
	s.sees("step 5/9")
	s.sees("The first lesson")
}

// TestBlockedStep holds that enter on a step that waits for others leads to one that can be run, and says for which.
func TestBlockedStep(t *testing.T) {
	var opened []*lessontest.Session
	deps := newDeps(t)
	s := newSized(t, deps, newStarting(deps, schoolOf(&opened), outline.Chosen{}))
	s.sees("1 Copy the image")
	for range 5 {
		s.Key("n")
	}
	s.sees("6 Verify one identity")
	s.Key("enter")
	s.sees("1 Copy the image")
	s.sees("step 6 needs this step first: enter runs it")
}

// TestBlockedByAnEarlierLesson holds that enter leads to the step of the other lesson, which says what for.
func TestBlockedByAnEarlierLesson(t *testing.T) {
	var opened []*lessontest.Session
	deps := newDeps(t)
	school := schoolOf(&opened)
	earlier := workshop.Earlier{Lesson: "first", ID: "login", Title: "The first lesson", Number: 3, Step: lessontest.Lesson().Steps[2]}
	open := school.open
	school.open = func(ctx context.Context, name string, progress func(string)) (lesson.Session, error) {
		session, err := open(ctx, name, progress)
		if name == "second" {
			opened[len(opened)-1].BlockBy(0, &earlier)
		}
		return session, err
	}
	s := newSized(t, deps, newStarting(deps, school, outline.Chosen{Lesson: "second"}))
	s.sees("# blocked: enter goes to The first lesson, step 3: Log in to the registry")
	s.Key("enter")
	s.sees("step 3/9")
	s.sees("The second lesson needs this step first: enter runs it")
}
