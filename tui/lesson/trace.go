package lesson

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/trace"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// openTrace shows what the last run of the step that is looked at did, while it runs too.
func (m *Model) openTrace() tea.Cmd {
	session, at := m.session, m.step
	step, _ := m.current()
	return screen.Send(screen.Push{Screen: trace.New(m.deps, trace.Options{
		Title: fmt.Sprintf("%d %s", at+1, widget.Clean(step.Step.Title)),
		Look: func() trace.Look {
			t, running, _ := session.Trace(at)
			_, asks := session.Question()
			return trace.Look{Trace: t, Running: running, Asks: asks && running}
		},
	})})
}
