package lesson_test

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// TestUndoNamesOtherLessons says which steps of which lessons are undone, by the numbers that a person knows them by.
func TestUndoNamesOtherLessons(t *testing.T) {
	one := lessontest.Lesson()
	one.Name, one.Title = "one", "The first lesson"
	course := &workshop.Course{Lessons: []*workshop.Lesson{one}}
	plan := workshop.Undo{Steps: []int{1}, Elsewhere: []undo.Step{{Lesson: "one", ID: one.Steps[3].ID}, {Lesson: "gone", ID: "sign"}, {Lesson: "one", ID: one.Steps[0].ID}}}
	question := lesson.UndoQuestion(lessontest.Demo().Snapshot(), course, plan)
	if want := "So is what ran since in other lessons: The first lesson, steps 1, 4; gone, step sign."; !strings.Contains(question, want) {
		t.Errorf("%q is not in\n%s", want, question)
	}
	if done := lesson.UndoDone(plan); !strings.Contains(done, "4 steps are to be done again") {
		t.Errorf("it says %q", done)
	}
}
