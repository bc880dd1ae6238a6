package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
)

// teller says on standard error what is being done, one line a stage, and asks on the terminal.
type teller struct {
	*terminalObserver
	mu sync.Mutex
}

func newTeller(in io.Reader, err io.Writer) *teller {
	return &teller{terminalObserver: newTerminalObserver(in, err)}
}

// Event implements actions.Observer.
func (t *teller) Event(_ context.Context, event actions.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case actions.Stage:
		switch e.State {
		case actions.StageDone:
			_, _ = fmt.Fprintf(t.err, "%s: %s\n", e.Title, e.Detail)
		case actions.StageSkipped:
			_, _ = fmt.Fprintf(t.err, "%s: skipped, %s\n", e.Title, e.Detail)
		case actions.StageStarted, actions.StageFailed: // how it failed is said at the end
		}
	case actions.Progress:
		if e.Unit != "" && e.Done < e.Total {
			_, _ = fmt.Fprintf(t.err, "  %d of %d %s\n", e.Done, e.Total, e.Unit)
		}
	case actions.Note:
		_, _ = fmt.Fprintln(t.err, e.Text)
	}
}
