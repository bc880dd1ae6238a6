package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/policy"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/tree"
)

// TestScreens compares what the screens show, without colours, at the smallest terminal that people have and at a large
// one. The files in testdata are for reading in a review: `go test ./tui -run TestScreens -update` writes them.
func TestScreens(t *testing.T) {
	for _, c := range []struct {
		name string
		show func(*testing.T, screen.Deps) sized
	}{
		{"lesson", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: lessontest.Demo()}))
			s.sees("Copy the image")
			s.Key("enter")
			s.sees("ok done")
			return s
		}},
		{"table", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, signatures.New(deps, lessontest.Report(6), signatures.Options{}))
			s.Key("down")
			return s
		}},
		{"policy", func(t *testing.T, deps screen.Deps) sized {
			r := lessontest.Report(6)
			return newSized(t, deps, policy.New(deps, verification.Policy{SubjectRegexp: ".*@.*redhat.com$", IssuerRegexp: `\.example\.com/`}, policy.Identities(r.Signatures)))
		}},
		{"tree", func(t *testing.T, deps screen.Deps) sized {
			return newSized(t, deps, tree.New(deps, lessontest.Tree(), tree.Options{}))
		}},
		{"help", func(t *testing.T, deps screen.Deps) sized {
			s := newSized(t, deps, lesson.New(deps, lesson.Options{Session: lessontest.Demo()}))
			s.sees("Copy the image")
			s.Key("?")
			return s
		}},
	} {
		for _, size := range []struct {
			name          string
			width, height int
		}{{"80x24", 80, 24}, {"140x40", 140, 40}} {
			t.Run(c.name+"-"+size.name, func(t *testing.T) {
				s := c.show(t, newDeps(t))
				s.root.resize(size.width, size.height)
				golden.RequireEqual(t, trimmed(s.Text()))
			})
		}
	}
}

// trimmed is a screen without the spaces at the end of its lines, which editors take away.
func trimmed(text string) string {
	lines := slices.Collect(strings.Lines(text))
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \n")
	}
	return strings.Join(lines, "\n") + "\n"
}
