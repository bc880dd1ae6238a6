// Package lesson is the screen of a lesson: the steps and where each stands, what to read, the command, what it prints
// and what came of it, the variables, and the checks that look at the world.
package lesson

import (
	"context"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/workshop"
)

// Session is what the screen needs of a workshop.Session, whose documentation says what each method does. It is safe for
// concurrent use.
type Session interface {
	Snapshot() workshop.Snapshot
	Changed() <-chan struct{}
	Output(step int, offset int) (text string, next int)
	Question() (actions.Question, bool)
	Answer(answer actions.Answer)
	Trace(step int) (t trace.Trace, running, ok bool)
	Run(ctx context.Context, step int, line string) error
	Try(ctx context.Context, step int, line string) error
	History() []string
	Complete(ctx context.Context, text string) (candidates []string, from int)
	Select(step int)
	Skip(step int)
	Reset(step int)
	Undoable(ctx context.Context, step int) (workshop.Undo, error)
	Undo(ctx context.Context, step int) (workshop.Undo, error)
	Watch(ctx context.Context)
	ExportTranscript(dir string, course *workshop.Course) (file string, err error)
	Close() error
}

var _ Session = (*workshop.Session)(nil)

// Turn makes the step of that ID the current one of a session; where there is none, it does nothing.
func Turn(session Session, id string) {
	for i, step := range session.Snapshot().Steps {
		if step.Step.ID == id {
			session.Select(i)
		}
	}
}
