package workshop_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// twoLessons is a course whose second lesson says after what it comes.
func twoLessons(after string) fstest.MapFS {
	lesson := func(front string) *fstest.MapFile {
		text := "---\ntitle: T\nsummary: S\nminutes: 1\n" + front + "---\n" + preparing + "\n## C {#c}\n\nRead this.\n"
		return &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "'''", "```"))}
	}
	files := fstest.MapFS{
		"course.yaml":       {Data: []byte("title: T\nsummary: S\nlessons: [first, second]\n")},
		"lessons/first.md":  lesson(""),
		"lessons/second.md": lesson("after: [" + after + "]\n"),
	}
	second := files["lessons/second.md"]
	for _, name := range []string{"MADE", "SECOND"} {
		second.Data = []byte(strings.ReplaceAll(string(second.Data), name, "HERE_"+name))
	}
	return files
}

// A step is blocked while the world does not show what a step of an earlier lesson makes; the person is sent there.
func TestAfterALessonThatIsNotDone(t *testing.T) {
	c := newClassroom(t)
	course, err := workshop.ParseCourse(twoLessons("first/a"))
	if err != nil {
		t.Fatal(err)
	}
	s := c.session(t, course.Lessons[1])
	if at := s.Snapshot().Steps[0]; at.State != workshop.StepIdle {
		t.Errorf("before the world was asked the step is %s: %s", at.State, at.Blocked)
	}
	var refused *actions.Error
	if err := s.Run(t.Context(), 0, ""); !errors.As(err, &refused) || refused.Code != actions.CodeStepBlocked || !strings.Contains(refused.Next, "step 1 of the lesson first") {
		t.Fatalf("error %v", err)
	}
	at := s.Snapshot().Steps[0]
	if by := at.BlockedEarlier; at.State != workshop.StepBlocked || at.BlockedBy != -1 || by == nil || by.Lesson != "first" || by.ID != "a" || by.Number != 1 {
		t.Errorf("%s by %d, %+v: %s", at.State, at.BlockedBy, by, at.Blocked)
	}
	if read := s.Snapshot().Steps[2]; read.State != workshop.StepIdle {
		t.Errorf("a step that is only read is %s", read.State)
	}
	// Done elsewhere: the watcher sees it, and so would the next run.
	watch(t, s)
	c.env.Set(environment.Variable{Name: "MADE", Value: "yes"})
	until(t, s, "the step stayed blocked", func(now workshop.Snapshot) bool { return now.Steps[0].State == workshop.StepIdle })
	run(t, s, 0, "")
	if at := s.Snapshot().Steps[0]; at.State != workshop.StepDone {
		t.Errorf("the step is %s", at.State)
	}
}

func TestAfterNamesEarlierSteps(t *testing.T) {
	for after, want := range map[string]string{
		"first":    `lessons/second.md:5: after names "first"; write LESSON/STEP`,
		"FIRST/a":  `after names "FIRST/a"; write LESSON/STEP`,
		"frist/a":  `after names "frist", which is no lesson before this one; write "first"`,
		"second/a": `after names "second", which is no lesson before this one; write `,
		"first/x":  `after names "x", which is no step of first; write a, b or c`,
		"first/c":  `after names first/c, which the world does not show; name a step of the kind changes`,
	} {
		_, err := workshop.ParseCourse(twoLessons(after))
		var problems workshop.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("after: [%s]: %v, want %s", after, err, want)
		}
	}
}
