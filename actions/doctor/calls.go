package doctor

import (
	"context"
	"slices"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
)

// Calls is an observer that keeps the network calls, for Document. The zero Calls is ready.
type Calls struct {
	mu   sync.Mutex
	kept []actions.Call
}

// Event implements actions.Observer.
func (c *Calls) Event(_ context.Context, event actions.Event) {
	if call, ok := event.(actions.Call); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.kept = append(c.kept, call)
	}
}

// Ask implements actions.Observer.
func (c *Calls) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

// All are the calls so far, in the order in which they began.
func (c *Calls) All() []actions.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.kept)
	slices.SortStableFunc(all, func(a, b actions.Call) int { return a.At.Compare(b.At) })
	return all
}
