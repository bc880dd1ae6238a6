package workshop_test

import (
	"testing"

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
