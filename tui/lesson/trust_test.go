package lesson_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// TestTrustRootThatIsKept opens the trust root in a session in which no step has fetched one, as after a restart or when another
// terminal did it: what is kept counts, and what is wrong with it is said.
func TestTrustRootThatIsKept(t *testing.T) {
	kept := &trust.Status{Remote: "http://tuf.example.com"}
	for name, c := range map[string]struct {
		status *trust.Status
		err    error
		want   string // of what is said; empty for the screen
	}{
		"kept":    {kept, nil, ""},
		"missing": {nil, &actions.Error{Code: actions.CodeNoTrustRoot, What: "there is no trust root in /x"}, "T: there is no trust root yet: run cosign initialize"},
		"broken":  {nil, &actions.Error{Code: actions.CodeTrustRoot, What: "root.json cannot be read\x1b[2J"}, "root.json cannot be read"},
		"other":   {nil, errors.New("no place"), "no place"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
		m := lesson.New(deps, lesson.Options{
			Session: lessontest.Demo(), Trust: func(context.Context) (*trust.Status, error) { return c.status, c.err },
		})
		m.SetSize(80, 24)
		d := screentest.New(t, m)
		d.Until("step", func() bool { return strings.Contains(d.Text(), "Copy the image") })
		d.Key("T")
		d.Until(name, func() bool {
			return slices.ContainsFunc(d.Sent, func(msg tea.Msg) bool {
				switch msg := msg.(type) {
				case screen.Push:
					msg.Screen.SetSize(80, 24)
					return c.want == "" && strings.Contains(strings.Join(msg.Screen.View(), "\n"), kept.Remote)
				case screen.Say:
					return c.want != "" && strings.HasPrefix(msg.Text, c.want) && !strings.Contains(msg.Text, "\x1b")
				}
				return false
			})
		})
		cancel()
		deps.Tasks.Close()
	}
}
