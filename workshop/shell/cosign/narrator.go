package cosign

import (
	"context"
	"fmt"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// narrator watches the actions of a call: it prints what cosign prints as they go, and passes everything on to whoever
// watches the line.
type narrator struct {
	call *builtin.Call
	next actions.Observer

	mu      sync.Mutex
	started map[string]func()              // when a stage starts
	done    map[string]func(actions.Stage) // when it ended well
}

func newNarrator(call *builtin.Call) *narrator {
	return &narrator{
		call: call, next: call.Observer,
		started: make(map[string]func()), done: make(map[string]func(actions.Stage)),
	}
}

// Event implements actions.Observer.
func (n *narrator) Event(ctx context.Context, event actions.Event) {
	n.mu.Lock()
	switch e := event.(type) {
	case actions.Stage:
		if tell := n.started[e.ID]; e.State == actions.StageStarted && tell != nil {
			tell()
		}
		if tell := n.done[e.ID]; e.State == actions.StageDone && tell != nil {
			tell(e)
		}
	case actions.Note:
		if e.Level == actions.NoteWarning {
			_, _ = fmt.Fprintf(n.call.Stderr, "WARNING: %s\n", e.Text)
		}
	}
	n.mu.Unlock()
	n.next.Event(ctx, event)
}

// Ask implements actions.Observer: whoever watches the line shows the question to the person, and keeps it with what the
// line prints where that is kept.
func (n *narrator) Ask(ctx context.Context, question actions.Question) (actions.Answer, error) {
	return n.next.Ask(ctx, question)
}
