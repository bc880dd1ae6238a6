package registry

import (
	"context"
	"time"
)

// attempts bounds how often a call is made that gets nowhere; what gets further each time may go on.
const attempts = 5

// retry makes a call until it succeeds, is not worth retrying, or was made often enough. Its waits, 0.1 seconds and
// then three times as long each, end with ctx.
func retry(ctx context.Context, call func() error) error {
	wait := newPatience()
	for {
		err := call()
		if err == nil || !worthRetrying(err) || !wait.again(ctx) {
			return err
		}
	}
}

// Retry makes a call that does no harm when it is made twice again while connections are cut or the registry calls its
// failure temporary: five times at the most, in four seconds and the time of the calls. It returns the last error.
func Retry(ctx context.Context, call func() error) error { return retry(ctx, call) }

// patience spaces attempts.
type patience struct {
	left int
	next time.Duration
}

func newPatience() *patience { return &patience{left: attempts - 1, next: 100 * time.Millisecond} }

// renew forgets the attempts so far, because the last one got further.
func (p *patience) renew() { *p = *newPatience() }

// again waits before the next attempt; false when there is to be none.
func (p *patience) again(ctx context.Context) bool {
	if p.left <= 0 || ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(p.next)
	defer timer.Stop()
	p.left--
	p.next *= 3
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
