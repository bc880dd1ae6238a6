package tui

import (
	"context"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// Quitting while a step runs leaves nothing behind, whatever the step is at: printing, or waiting for an answer.
func TestQuitWhileAStepRunsLeaksNothing(t *testing.T) {
	for name, play := range map[string]lessontest.Play{
		"printing": func(ctx context.Context, st *lessontest.Stage) error {
			st.Print("under way\n")
			<-ctx.Done()
			return ctx.Err()
		},
		"asking": func(ctx context.Context, st *lessontest.Stage) error {
			st.Print("under way\n")
			_, err := st.Ask(ctx, actions.Question{ID: "name", Prompt: "Name?"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent() // the test's own driver and those of tests before it
			t.Cleanup(func() { goleak.VerifyNone(t, before) })
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			l := lessontest.Lesson()
			plays := make([]lessontest.Play, len(l.Steps))
			plays[0] = play
			session := lessontest.New(l, lessontest.Env(), plays)
			deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
			r := newRoot(deps, newWorkshop(deps, &school{}, session), nil, nil, nil)
			r.resize(100, 30)
			d := screentest.NewProgram(t, r)
			d.Until("step", func() bool { return strings.Contains(d.Text(), "Copy the image") })
			d.Key("enter")
			d.Until("output", func() bool {
				text, _ := session.Output(0, 0)
				return strings.Contains(text, "under way") && r.top().Running()
			})
			d.Key("ctrl+c")
			d.Key("ctrl+c")
			d.Until("quit", func() bool { return d.Has(tea.QuitMsg{}) })
			cancel()
			deps.Tasks.Close()
			if err := r.close(); err != nil {
				t.Error(err)
			}
			if !session.Closed() {
				t.Error("the session is still open")
			}
		})
	}
}

// TestReasonThatIsGone: why a key cannot be used is said for no longer than it is so.
func TestReasonThatIsGone(t *testing.T) {
	l := lessontest.Lesson()
	plays, end := make([]lessontest.Play, len(l.Steps)), make(chan struct{})
	plays[0] = func(ctx context.Context, _ *lessontest.Stage) error {
		select {
		case <-end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	session := lessontest.New(l, lessontest.Env(), plays)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
	r := newRoot(deps, newWorkshop(deps, &school{}, session), nil, nil, nil)
	r.resize(100, 30)
	d := screentest.NewProgram(t, r)
	d.Until("step", func() bool { return strings.Contains(d.Text(), "Copy the image") })
	d.Key("enter")
	d.Until("the run", func() bool { return r.top().Running() })
	d.Key("enter")
	d.Until("the reason", func() bool { return strings.Contains(d.Text(), "step 1 runs: esc stops it") })
	close(end)
	d.Until("its end", func() bool { return !r.top().Running() && !strings.Contains(d.Text(), "step 1 runs") })
	cancel()
	deps.Tasks.Close()
	if err := r.close(); err != nil {
		t.Error(err)
	}
}
