package tui

import (
	"context"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/browse"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
)

// TestAnyKeys presses any keys and clicks anywhere, on screens of any size, while what is looked at changes: nothing crashes, every frame
// is exactly as large as the terminal, and all work ends when the program does.
func TestAnyKeys(t *testing.T) {
	others := oddScreens()
	names := slices.Sorted(maps.Keys(others))
	for range len(names) / 2 { // they can do the most
		names = append(names, "lesson", "browse")
	}
	rapid.Check(t, func(r *rapid.T) {
		ctx, cancel := context.WithCancel(t.Context())
		deps := screen.Deps{
			Context: ctx, Theme: theme.New(theme.Options{Dark: true, Profile: termenv.ANSI256, Links: true, Mouse: true}), Clock: lessontest.Now,
			Tasks: &screen.Tasks{}, Settings: settings.New(nil, nil, nil),
		}
		var first screen.Screen
		switch name := rapid.SampledFrom(names).Draw(r, "screen"); name {
		case "lesson":
			first = lesson.New(deps, lesson.Options{Session: oddLesson()})
		case "browse":
			first = browse.New(deps, changing(rapid.SliceOfN(rapid.IntRange(0, 40), 1, 20).Draw(r, "reports"), rapid.Bool().Draw(r, "followed")))
		default:
			first = others[name](deps)
		}
		shown := newRoot(deps, first, nil, nil, io.Discard)
		s := sized{screentest.NewProgram(t, shown), shown}
		width, height := 100, 30
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			switch rapid.IntRange(0, 9).Draw(r, "step") {
			case 0:
				width, height = rapid.IntRange(20, 200).Draw(r, "width"), rapid.IntRange(5, 60).Draw(r, "height")
			case 1:
				s.Send(tea.MouseMsg{
					X: rapid.IntRange(0, 200).Draw(r, "x"), Y: rapid.IntRange(0, 60).Draw(r, "y"), Action: tea.MouseActionPress,
					Button: rapid.SampledFrom([]tea.MouseButton{tea.MouseButtonLeft, tea.MouseButtonWheelUp, tea.MouseButtonWheelDown}).Draw(r, "button"),
				})
			case 2:
				s.Type(rapid.SampledFrom([]string{"user1", ".", "*(", "0", "署", "~/x"}).Draw(r, "text"))
			default:
				var means []string
				for _, binding := range keys.For(shown.top().Scope()) {
					if binding.Intent != keys.Quit && binding.Intent != keys.Interrupt {
						means = append(means, binding.Keys...)
					}
				}
				s.Key(rapid.SampledFrom(means).Draw(r, "key"))
			}
			s.Drain(time.Millisecond)
			if err := s.exact(width, height); err != nil {
				r.Fatal(err)
			}
		}
		cancel()
		deps.Tasks.Close()
	})
}

// changing is an image whose every look brings as many signatures as the next of sizes says, or fails where that is a multiple of seven.
func changing(sizes []int, follow bool) browse.Options {
	looks := make(chan int, len(sizes))
	for _, n := range sizes {
		looks <- n
	}
	report := func() (*verification.Report, error) {
		n := sizes[0]
		select {
		case n = <-looks:
		default:
		}
		if n%7 == 6 {
			return nil, &actions.Error{Code: actions.CodeUnreachable, What: odd, Why: odd, Next: odd}
		}
		return lessontest.Report(n), nil
	}
	opts := browse.Options{
		Image: "registry.example.com/odd", Interval: time.Millisecond,
		Report: func(context.Context, verification.Policy) (*verification.Report, error) { return report() },
		Tree:   func(context.Context) (*verification.Node, error) { return oddTree(), nil },
		Branches: tree.Options{
			Grow:     func(_ context.Context, node *verification.Node) (*verification.Node, error) { return node, nil },
			Manifest: func(context.Context, string) ([]byte, error) { return []byte(`{"odd": "` + odd + `"}`), nil },
		},
	}
	if follow {
		opts.Follow = func(_ context.Context, _ verification.Policy, tell func(verification.Progress)) (*verification.Report, error) {
			whole, err := report()
			if err != nil {
				return nil, err
			}
			for n := range whole.Signatures {
				some := *whole
				some.Signatures = whole.Signatures[:n]
				tell(verification.Progress{Report: &some, Listed: len(whole.Signatures)})
			}
			return whole, nil
		}
	}
	return opts
}
