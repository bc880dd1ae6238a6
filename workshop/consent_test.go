package workshop_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop"
)

// The notice of the transparency log is asked for once a session, and shown each time.
func TestConsentLastsForTheSession(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	asked := consent(t, s)
	for i := range 4 {
		run(t, s, i, "")
	}
	_, first := run(t, s, 4, "")
	_, second := run(t, s, 4, "")
	if got := asked(); !slices.Equal(got, []string{signing.QuestionConsent}) {
		t.Errorf("questions %v", got)
	}
	for name, text := range map[string]string{"first": first, "second": second} {
		if !strings.Contains(text, signing.Statement) || strings.Count(text, signing.ConfirmPrompt+" y") != 1 {
			t.Errorf("%s: the notice and the answer are not there once\n%s", name, text)
		}
	}
	if !strings.Contains(second, "agreed to before") {
		t.Errorf("the second run does not say who agreed\n%s", second)
	}

	// Another session asks anew.
	another := c.session(t, lesson, func(o *workshop.SessionOptions) { o.ProgressFile = "" })
	asked = consent(t, another)
	run(t, another, 4, "")
	if got := asked(); !slices.Equal(got, []string{signing.QuestionConsent}) {
		t.Errorf("questions of another session %v", got)
	}
}
