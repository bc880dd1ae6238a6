package registry

import (
	"context"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// A blob's progress is reported when at least this much time has passed and bytes have moved.
const reportEvery = 50 * time.Millisecond

// meter reports the progress of one blob at a rate that a screen can follow.
type meter struct {
	ctx    context.Context //nolint:containedctx // events carry the context of their work
	client *Client
	blob   *blob

	mu   sync.Mutex
	done int64
	last time.Time
}

func (c *Client) meter(ctx context.Context, b *blob) *meter {
	return &meter{ctx: ctx, client: c, blob: b}
}

// set says how many bytes have gone; fewer than before when a transfer begins anew.
func (m *meter) set(done int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = done
	if now := m.client.opts.Clock.Now(); now.Sub(m.last) >= reportEvery && done < m.blob.size {
		m.last = now
		m.report(false)
	}
}

// finish reports that the blob is at the destination.
func (m *meter) finish(skipped bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = m.blob.size
	m.report(skipped)
}

func (m *meter) report(skipped bool) {
	m.client.opts.Observer.Event(m.ctx, actions.Progress{
		ID: m.blob.digest.String(), Title: m.blob.title, Done: m.done, Total: m.blob.size, Skipped: skipped,
	})
}
