package workshop_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
)

func TestBuiltInLessonsParse(t *testing.T) {
	course, err := workshop.ParseCourse(assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, lesson := range course.Lessons {
		name := lesson.Name
		for _, step := range lesson.Steps {
			if len(step.Hints) < 2 || step.Why == "" || step.Notes == "" {
				t.Errorf("%s: step %s has %d hints, why %q, notes %q", name, step.ID, len(step.Hints), step.Why, step.Notes)
			}
		}
	}
}

// TestFormatPageKnowsEveryWord keeps docs/lesson-format.md and the parser together.
func TestFormatPageKnowsEveryWord(t *testing.T) {
	page, err := os.ReadFile("../docs/lesson-format.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range workshop.FormatWords() {
		if !strings.Contains(string(page), "`"+word+"`") && !strings.Contains(string(page), "```` "+word+" ````") {
			t.Errorf("the page does not explain %q", word)
		}
	}
}
