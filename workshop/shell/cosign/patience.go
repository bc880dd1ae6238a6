package cosign

import (
	"context"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// patience is a time limit that stands still while a person is asked: --timeout is for services, and reading a notice or
// logging in takes as long as it takes.
type patience struct {
	mu      sync.Mutex
	timer   *time.Timer
	left    time.Duration
	since   time.Time
	waiting int // how many questions are open
}

// patient is the context of a sub-command, limited by --timeout, without the time that a person takes.
func (s *session) patient(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	p := &patience{left: s.ro.Timeout, since: time.Now()}
	p.timer = time.AfterFunc(s.ro.Timeout, func() { cancel(context.DeadlineExceeded) })
	s.narrator.patience = p
	return ctx, func() {
		p.timer.Stop()
		cancel(nil)
	}
}

// pause stops the clock until as many resumes have come.
func (p *patience) pause() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting++; p.waiting == 1 && p.timer.Stop() {
		p.left -= time.Since(p.since)
	}
}

func (p *patience) resume() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting--; p.waiting == 0 {
		p.since = time.Now()
		p.timer.Reset(max(0, p.left))
	}
}
