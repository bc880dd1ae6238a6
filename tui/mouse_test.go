package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/tree"
)

// clicks presses the left button where a text stands on the screen.
func (s sized) clicks(t *testing.T, text string) {
	t.Helper()
	for y, line := range strings.Split(s.Text(), "\n") {
		if before, _, found := strings.Cut(line, text); found {
			s.Send(tea.MouseMsg{X: ansi.StringWidth(before), Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
			s.Send(tea.MouseMsg{X: ansi.StringWidth(before), Y: y, Button: tea.MouseButtonLeft, Action: tea.MouseActionRelease})
			return
		}
	}
	t.Fatalf("%q is not on the screen:\n%s", text, s.Text())
}

// TestClickAStep: a click in the list of steps goes to the step, in a pane it gives that the focus, on a key of the last line it does
// what the key does, and anywhere else it does nothing.
func TestClickAStep(t *testing.T) {
	deps := newDeps(t)
	s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: lessontest.Demo()}))
	s.root.resize(140, 40)
	s.sees("1 Copy the image")
	s.clicks(t, "5 Look at the tree")
	s.sees("│ 5 Look at the tree")
	s.clicks(t, "n next")
	s.sees("│ 6 Verify one identity")
	before := s.Text()
	s.clicks(t, "Sign an image")
	if s.Text() != before {
		t.Errorf("a click elsewhere does something:\n%s", s.Text())
	}
	for _, title := range []string{"── checks", "── output", "Environment", "Steps"} {
		s.clicks(t, title)
		s.sees("› " + strings.TrimPrefix(title, "── "))
	}
	s.clicks(t, "SIGSTORE_ID_TOKEN") // below the title
	s.sees("› Environment")
	s.clicks(t, "6 Verify one identity")
	s.clicks(t, "$ cosign verify")
	if s.Text() != before {
		t.Errorf("a click in the text does not lead back to it:\n%s", s.Text())
	}
	s.clicks(t, "? help")
	s.sees("? closes")
	s.Send(tea.MouseMsg{X: 8, Y: 3, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}) // a step in the list below
	s.Key("?")
	s.sees("│ 6 Verify one identity")
	s.Key("c")
	s.sees("enter runs the line")
	s.Send(tea.MouseMsg{X: 8, Y: 3, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
	s.sees("enter runs the line") // what is typed is not lost
	s.Key("esc")
	s.root.resize(80, 24)
	s.Key("l")
	s.sees("enter goes to the chosen step")
	s.clicks(t, "2 Fetch the trust root")
	s.Key("esc")
	s.sees("2 Fetch the trust root")
}

// TestClickARow: a click chooses a row, and one more does what the key enter does, or folds.
func TestClickARow(t *testing.T) {
	deps := newDeps(t)
	s := newSized(t, deps, signatures.New(deps, lessontest.Report(6), signatures.Options{}))
	s.root.resize(140, 40)
	s.sees("logIndex")
	row := func(mark string) string {
		for line := range strings.Lines(s.Text()) {
			if strings.Contains(line, mark) {
				return line
			}
		}
		return ""
	}
	first := row("› ")
	s.clicks(t, "15 ")
	s.Until("another row", func() bool { return row("› ") != first && strings.Contains(row("› "), "15 ") })

	// The heading of a column sorts by it, and once more the other way; the detail takes the focus.
	s.clicks(t, "logIndex")
	s.sees("sorted: logIndex, up")
	s.clicks(t, "Subject")
	s.sees("sorted: Subject, up")
	s.clicks(t, "Subject ")
	s.sees("sorted: Subject, down")
	s.clicks(t, "1 CHECKS")
	s.sees("› 1 CHECKS")
	s.clicks(t, "16 ")
	s.Until("the rows", func() bool {
		return !strings.Contains(s.Text(), "› 1 CHECKS") && strings.Contains(row("› "), "16 ")
	})
	s.Key("/")
	s.sees(" / ")
	s.clicks(t, "logIndex")
	s.clicks(t, "15 ")
	s.Type("x")
	s.sees(" / x") // what is typed is not lost
	s.Key("esc")

	s = newSized(t, deps, tree.New(deps, lessontest.Tree(), tree.Options{}))
	s.sees("signatures")
	before := s.Text()
	s.clicks(t, "signatures")
	s.clicks(t, "signatures")
	s.Until("a branch is folded", func() bool { return s.Text() != before && strings.Contains(s.Text(), "▸") })

	var opened []*lessontest.Session
	deps.Settings = settings.New(nil, nil, nil)
	s = newSized(t, deps, newStarting(deps, schoolOf(&opened), outline.Chosen{}))
	s.sees("The first lesson")
	s.Key(":")
	s.sees("Find")
	s.Type("step")
	s.clicks(t, "5 Look at the tree")
	s.sees("› 5 Look at the tree")
	s.clicks(t, "5 Look at the tree")
	s.Until("the step", func() bool { return s.root.top().Scope() == keys.Lesson })
	s.sees("5 Look at the tree")
	s.Key("L")
	s.sees("to do, open")
	s.clicks(t, "2 The second lesson")
	s.clicks(t, "2 The second lesson")
	s.sees("1/9")
	s.sees("The second lesson")
}
