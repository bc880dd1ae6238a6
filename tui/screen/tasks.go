package screen

import (
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Tasks counts the commands that may wait, so that the program can wait for them at its end. Bubble Tea itself leaves
// commands running when it quits. The zero value is ready; it is safe for concurrent use.
type Tasks struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// Cmd returns a command that does work, unless Close was called before it began.
func (t *Tasks) Cmd(work func() tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if !t.begin() {
			return nil
		}
		defer t.group.Done()
		return work()
	}
}

func (t *Tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.group.Add(1)
	return true
}

// Close lets no further command begin and waits for those that run. Whoever calls it has ended their context.
func (t *Tasks) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.group.Wait()
}

// After returns a command that sends msg when wait has passed, or nothing when the program ends before. Bubble Tea's own
// ticks would outlive it.
func (d Deps) After(wait time.Duration, msg tea.Msg) tea.Cmd {
	ctx := d.Context
	return d.Tasks.Cmd(func() tea.Msg {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			return msg
		}
	})
}
