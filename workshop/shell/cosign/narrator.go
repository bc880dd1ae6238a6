package cosign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// narrator watches the actions of a call: it prints what cosign prints as they go, and passes everything on to whoever
// watches the line.
type narrator struct {
	call *builtin.Call
	next actions.Observer

	patience *patience // or nil
	remarks  bool      // remarks are printed, too

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
		if e.ID == "sign-in" { // a person may be at the provider's page, and nobody here
			if e.State == actions.StageStarted {
				n.patience.pause()
			} else {
				n.patience.resume()
			}
		}
		if tell := n.started[e.ID]; e.State == actions.StageStarted && tell != nil {
			tell()
		}
		if tell := n.done[e.ID]; e.State == actions.StageDone && tell != nil {
			tell(e)
		}
	case actions.Note:
		switch {
		case e.Level == actions.NoteWarning:
			_, _ = fmt.Fprintf(n.call.Stderr, "WARNING: %s\n", e.Text)
		case n.remarks:
			_, _ = fmt.Fprintln(n.call.Stderr, e.Text)
		}
	}
	n.mu.Unlock()
	n.next.Event(ctx, event)
}

// Ask implements actions.Observer: whoever watches the line shows the question to the person, and keeps it with what the
// line prints where that is kept. Where a pipe feeds the command (echo y | cosign ...) a yes or no is read from it, as
// cosign does.
func (n *narrator) Ask(ctx context.Context, question actions.Question) (actions.Answer, error) {
	n.patience.pause()
	defer n.patience.resume()
	if !question.YesNo || !n.call.Piped {
		return n.next.Ask(ctx, question)
	}
	_, _ = io.WriteString(n.call.Stderr, question.Script())
	line, err := n.readLine()
	if err != nil {
		return actions.Answer{}, err
	}
	switch strings.ToLower(line) {
	case "y":
		return actions.Answer{Yes: true}, nil
	case "", "n":
		return actions.Answer{}, nil
	}
	return actions.Answer{}, &actions.Error{
		Code: actions.CodeUsage,
		What: fmt.Sprintf("invalid input %q (allowed values y, n)", line),
		Next: "answer y or n",
	}
}

// readLine reads one line from the pipe and no more: the next question has its own. A pipe that has nothing to say is
// nobody to ask.
func (n *narrator) readLine() (string, error) {
	const most = 1000
	var line []byte
	for b := make([]byte, 1); len(line) < most; {
		count, err := n.call.Stdin.Read(b)
		switch {
		case count > 0 && b[0] == '\n':
			return strings.TrimRight(string(line), "\r"), nil
		case errors.Is(err, io.EOF) && len(line) == 0:
			return "", actions.ErrNobodyToAsk
		case errors.Is(err, io.EOF):
			return string(line), nil
		case err != nil:
			return "", err
		}
		line = append(line, b[:count]...)
	}
	return string(line), nil
}
