package workshop_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// moments are when a step is stopped: by what of it has come to be seen.
var moments = []struct {
	name    string
	reached func(s *workshop.Session, step int, snapshot workshop.StepSnapshot) bool
}{
	{"at its beginning", func(_ *workshop.Session, _ int, step workshop.StepSnapshot) bool {
		return step.State == workshop.StepRunning
	}},
	{"at its first sign", func(s *workshop.Session, n int, step workshop.StepSnapshot) bool {
		return step.State == workshop.StepRunning && signs(s, n, step) > 0
	}},
	{"at a later sign", func(s *workshop.Session, n int, step workshop.StepSnapshot) bool {
		return step.State == workshop.StepRunning && signs(s, n, step) > 2
	}},
}

// signs counts what a running step has shown: whether it printed, its stages, its progress, and its question.
func signs(s *workshop.Session, n int, step workshop.StepSnapshot) int {
	count := len(step.Stages) + len(step.Progress)
	if text, _ := s.Output(n, step.OutputStart); text != "" {
		count++
	}
	if _, asked := s.Question(); asked {
		count += 3 // nothing comes after it by itself
	}
	return count
}

// TestCancelAtEveryStepLeaksNothing stops each step of the lesson before and while it runs, then runs it to its end: what
// was stopped stands in nobody's way, and nothing of it is left running. A step may be over before a moment comes.
func TestCancelAtEveryStepLeaksNothing(t *testing.T) {
	sandboxtest.Start(t) // its own goroutines are not the session's
	before := goleak.IgnoreCurrent()
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	stopped := 0
	for i, step := range lesson.Steps {
		gone, stop := context.WithCancel(t.Context())
		stop()
		_ = s.Run(gone, i, "") // whether it says so, or the step does, is not what this test is about
		if state := s.Snapshot().Steps[i].State; state == workshop.StepDone || state == workshop.StepRunning {
			t.Errorf("%s, stopped before it ran, is %s", step.ID, state)
		}
		for _, moment := range moments {
			if stopAt(t, s, i, func(snapshot workshop.StepSnapshot) bool { return moment.reached(s, i, snapshot) }) {
				stopped++
				if after := s.Snapshot().Steps[i]; after.State == workshop.StepRunning {
					t.Errorf("%s, stopped %s, is %s", step.ID, moment.name, after.State)
				}
			}
			if _, asked := s.Question(); asked {
				t.Errorf("%s, stopped %s, still asks", step.ID, moment.name)
			}
		}
		asked := consent(t, s)
		after, text := run(t, s, i, "")
		asked()
		if after.State != workshop.StepDone {
			t.Fatalf("%s: %s\n%s\n%s", step.ID, after.State, text, describe(s.Snapshot()))
		}
	}
	if stopped == 0 {
		t.Error("every step was over before it could be stopped")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := c.shell.Close(); err != nil {
		t.Error(err)
	}
	// Connections to the sandbox that are kept for the next request: the transports are the process's, and end them when
	// they have been idle.
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// stopAt runs a step and stops it when it is as wanted; it reports whether that was so before the step was over.
// A question is answered by nobody, so that a step which asks is stopped at the latest then.
func stopAt(t *testing.T, s *workshop.Session, step int, wanted func(workshop.StepSnapshot) bool) (reached bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, step, "") }()
	for {
		if snapshot := s.Snapshot().Steps[step]; !reached && wanted(snapshot) {
			reached = true
			stop()
		}
		select {
		case err := <-ended:
			if err != nil && actions.ExitCode(err) != 130 {
				t.Errorf("step %d, stopped: %v", step+1, err)
			}
			return reached
		case <-s.Changed():
		}
	}
}
