package browse

import (
	"context"
	"fmt"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// moment is how long a look waits for its first row to be drawn.
const moment = 100 * time.Millisecond

// frame is how long it takes at the most until what is shown is drawn: sixty times a second.
const frame = 20 * time.Millisecond

// progressed brings what a look has found so far; the command that brought it is to be run again. drawn is to be called when
// a row of it is on the terminal.
type progressed struct {
	of       *Model
	load     int
	progress verification.Progress
	drawn    func()
	next     tea.Cmd
}

// follow looks at the signatures and brings what it finds on the way. Where the screen is slower than the look, what is in
// between is left out.
func (m *Model) follow(ctx context.Context) tea.Cmd {
	load, whose := m.load, m.policy
	latest := make(chan verification.Progress, 1)
	drawn := make(chan struct{})
	draw := sync.OnceFunc(func() { close(drawn) })
	look := m.deps.Tasks.Cmd(func() tea.Msg {
		defer close(latest)
		report, err := m.opts.Follow(ctx, whose, func(p verification.Progress) {
			select {
			case <-latest:
			default:
			}
			latest <- p
			// What follows keeps every processor busy: the first row is drawn before that. A terminal that takes nothing does
			// not hold the look up.
			select {
			case <-drawn:
			case <-time.After(moment):
			case <-ctx.Done():
			}
		})
		return reported{m, load, 0, report, err}
	})
	var next tea.Cmd
	next = m.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case p, more := <-latest:
			if more {
				return progressed{m, load, p, draw, next}
			}
		case <-ctx.Done():
		}
		return nil
	})
	return tea.Batch(look, next)
}

// takeProgress shows the rows that are there. Their checks are made when all of them are.
func (m *Model) takeProgress(msg progressed) tea.Cmd {
	if msg.of != m {
		return nil
	}
	if msg.load != m.load || !m.table.loading {
		return nil // it was given up, or is over
	}
	m.progress = &msg.progress
	if len(msg.progress.Report.Signatures) == 0 {
		msg.drawn() // there is no row
		return msg.next
	}
	table, ok := m.table.screen.(*signatures.Model)
	if !ok {
		table = m.newTable(msg.progress.Report)
	}
	table.SetPart(msg.progress.Report)
	m.SetSize(m.width, m.height)
	return tea.Batch(msg.next, tea.Tick(frame, func(time.Time) tea.Msg {
		msg.drawn()
		return nil
	}))
}

// forgetProgress takes back what was shown of a look that failed in the end: it counts for nothing.
func (m *Model) forgetProgress() {
	if m.progress != nil {
		m.progress, m.table.screen = nil, nil
	}
}

// far says how far the look is.
func (m *Model) far() string {
	judged, listed := len(m.progress.Report.Signatures), m.progress.Listed
	switch {
	case judged == listed:
		return "looking for what else is attached"
	case listed == 0:
		return widget.Thousands(judged) + " judged, and more are coming"
	}
	return fmt.Sprintf("%s of %s judged", widget.Thousands(judged), widget.Thousands(listed))
}
