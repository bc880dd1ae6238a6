package shell

import (
	"context"
	"errors"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
)

// line is one line while it runs: who watches it, and what its actions returned.
type line struct {
	observer actions.Observer

	mu     sync.Mutex
	values []any
	err    error
}

type lineKey struct{}

func withLine(ctx context.Context, l *line) context.Context {
	return context.WithValue(ctx, lineKey{}, l)
}

// lineOf returns the line that ctx belongs to. The interpreter hands every handler a context of ours.
func lineOf(ctx context.Context) *line {
	if l, ok := ctx.Value(lineKey{}).(*line); ok {
		return l
	}
	return &line{observer: actions.Discard}
}

func (l *line) keep(value any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values = append(l.values, value)
}

func (l *line) failed(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *line) result() Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Result{Values: l.values, Err: l.err}
}
