package workshop_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

const preparing = `
## A {#a}
'''yaml step
kind: changes
'''
'''sh run
export MADE=yes
'''
'''yaml check
- {kind: variable-set, name: MADE}
'''

## B {#b}
'''yaml step
kind: changes
variables: [ONE_OF|OTHER_OF]
'''
'''sh run
export SECOND=yes
'''
'''yaml check
- {kind: variable-set, name: SECOND}
'''
`

// A lesson in which nothing is left to do is settled, whoever did it; a step that cannot be done here leaves nothing to do.
func TestSettled(t *testing.T) {
	c := newClassroom(t)
	set := func(name string) { c.env.Set(environment.Variable{Name: name, Value: "yes"}) }
	s := c.session(t, lessonOf(t, preparing), func(o *workshop.SessionOptions) { o.ProgressFile = "" })
	want := func(settled bool, lacking string) {
		t.Helper()
		if got, why := s.Settled(t.Context()); got != settled || why != lacking {
			t.Errorf("settled %v, lacking %q; want %v, %q", got, why, settled, lacking)
		}
	}
	want(false, "")
	set("MADE")
	want(true, "ONE_OF or OTHER_OF is not set")
	if got := s.Snapshot().Steps[1]; got.State != workshop.StepBlocked || got.BlockedBy != -1 {
		t.Errorf("the second step is %s, blocked by %d: %s", got.State, got.BlockedBy, got.Blocked)
	}
	set("OTHER_OF")
	want(false, "")
	if got := s.Snapshot().Steps[1]; got.State == workshop.StepBlocked {
		t.Errorf("blocked although one of them is set: %s", got.Blocked)
	}
	set("SECOND")
	want(true, "")
}

// TestSandboxOnly holds that what is for the sandbox alone is blocked elsewhere, with the reason and the way there.
func TestSandboxOnly(t *testing.T) {
	c := newClassroom(t)
	lesson := lessonOf(t, strings.Replace(preparing, "kind: changes", "kind: changes\nsandbox-only: it breaks things.", 1))
	here := c.session(t, lesson, func(o *workshop.SessionOptions) { o.ProgressFile, o.Where = "", "sandbox" })
	if state := here.Snapshot().Steps[0].State; state != workshop.StepIdle {
		t.Errorf("in the sandbox the step is %s", state)
	}
	there := c.session(t, lesson, func(o *workshop.SessionOptions) { o.ProgressFile, o.Where = "", "own" })
	const why = "this step is for the sandbox alone, because it breaks things: start sigwalk with --on sandbox to do it there"
	if at := there.Snapshot().Steps[0]; at.State != workshop.StepBlocked || at.Blocked != why || at.BlockedBy != -1 {
		t.Errorf("elsewhere the step is %s: %s", at.State, at.Blocked)
	}
	var e *actions.Error
	if err := there.Run(t.Context(), 0, ""); !errors.As(err, &e) || e.Code != actions.CodeStepBlocked || !strings.Contains(e.Next, "--on sandbox") {
		t.Errorf("error %v", err)
	}
	if got := there.Unrehearsable(0); got != why {
		t.Errorf("a rehearsal says %q", got)
	}
	if settled, lacking := there.Settled(t.Context()); !settled || !strings.Contains(lacking, "ONE_OF or OTHER_OF") {
		t.Errorf("settled %v, lacking %q", settled, lacking)
	}
}
