package browse

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/changes"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// due says that it is time for the next look of a watch.
type due struct {
	of    *Model
	watch int
}

// turnWatch begins to watch, or ends it.
func (m *Model) turnWatch() tea.Cmd {
	if m.watching > 0 {
		m.watching, m.seen = 0, ""
		return nil
	}
	return m.watchOn()
}

func (m *Model) watchOn() tea.Cmd {
	m.watches++
	m.watching, m.seen = m.watches, ""
	return m.next()
}

func (m *Model) next() tea.Cmd { return m.deps.After(m.opts.Interval, due{m, m.watching}) }

// lookAgain looks beside the screen, which stays as it is until there is something else to show.
func (m *Model) lookAgain(msg due) tea.Cmd {
	if msg.of != m || msg.watch != m.watching || m.watching == 0 {
		return nil
	}
	if m.table.loading || m.shownReport() == nil {
		return m.next()
	}
	ctx, load, watch, whose := m.deps.Context, m.load, m.watching, m.policy
	return m.deps.Tasks.Cmd(func() tea.Msg {
		report, err := m.opts.Report(ctx, whose)
		return reported{m, load, watch, report, err}
	})
}

// shownReport is what the table shows, nil while there is none.
func (m *Model) shownReport() *verification.Report {
	if table, ok := m.table.screen.(*signatures.Model); ok {
		return table.Report()
	}
	return nil
}

// takeWatched shows a report where it is different from the one that is shown, and says how.
func (m *Model) takeWatched(msg reported) tea.Cmd {
	if msg.watch != m.watching {
		return nil
	}
	shown := m.shownReport()
	switch {
	case msg.load != m.load || shown == nil: // another look came between
		return m.next()
	case msg.err != nil:
		m.seen = m.deps.Theme.Bad.Render("x") + " watching, and the last look failed: " + widget.Clean(msg.err.Error())
		return m.next()
	}
	now := m.deps.Clock.Now()
	d := changes.Compare(changes.LookOf(shown, now), changes.LookOf(msg.report, now))
	if d.None() {
		if strings.Contains(m.seen, "the last look failed") {
			m.seen = ""
		}
		return m.next()
	}
	lines := d.Lines()
	m.seen = m.deps.Theme.Strong.Render(now.UTC().Format("15:04:05Z")+" "+widget.Clean(strings.Join(strings.Fields(lines[0]), " "))) + more(len(lines)-1)
	return tea.Batch(m.show(msg.report), m.next())
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}
