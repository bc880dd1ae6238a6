package doctor_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/doctor"
	doctorscreen "github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// examination is one that a test leads: it tells what comes in, and ends when that is closed or its context ends.
type examination struct {
	in chan doctor.Finding
}

func (e *examination) examine(ctx context.Context, told func(doctor.Finding)) (*doctor.Report, error) {
	told(doctor.Finding{ID: "a", Title: "first check", State: doctor.Waiting})
	told(doctor.Finding{ID: "b", Title: "second check", State: doctor.Waiting})
	r := &doctor.Report{}
	for {
		select {
		case f, more := <-e.in:
			if !more {
				return r, nil
			}
			told(f)
			r.Findings = append(r.Findings, f)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func TestFindingsComeInAndTheFailureIsChosen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
	defer deps.Tasks.Close()
	defer cancel()
	e := &examination{in: make(chan doctor.Finding)}
	m := doctorscreen.New(deps, e.examine)
	m.SetSize(80, 24)
	d := screentest.New(t, m)
	sees := func(text string) {
		t.Helper()
		d.Until(text, func() bool { return strings.Contains(d.Text()+m.Status(), text) })
	}
	sees("~ 2")
	e.in <- doctor.Finding{ID: "a", Title: "first check", State: doctor.OK, Evidence: []string{"seen first"}}
	sees("ok 1")
	e.in <- doctor.Finding{ID: "b", Title: "second check", State: doctor.Failed, Code: "rekor-unknown", Evidence: []string{"seen second"}, Means: "it means this", Next: "do that", Commands: []string{"run this"}}
	sees("it means this")
	sees("sigwalk explain rekor-unknown")
	if m.Disabled("reload") == "" {
		t.Error("it can be begun twice")
	}
	close(e.in)
	sees("1 failed (rekor-unknown)")
	d.Key("y")
	d.Until("copied", func() bool { return d.Has(screen.Copy{Text: "run this", What: "the commands"}) })
	d.Key("up")
	sees("seen first")

	// It can be looked at again, and that can be stopped.
	e.in = make(chan doctor.Finding)
	d.Key("r")
	sees("~ 2")
	if _, did := m.Cancel(); !did {
		t.Error("it cannot be stopped")
	}
	sees("stopped: r looks again")
	if _, did := m.Cancel(); did {
		t.Error("it is stopped when nothing runs")
	}
}
