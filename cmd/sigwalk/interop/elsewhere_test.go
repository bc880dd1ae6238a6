//go:build interop

package interop

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// TestStepsDoneElsewhere: a learner has the lesson open and does its steps in another terminal, with the real skopeo and
// cosign. Each turns done by itself, and is not taken for one that was run here.
func TestStepsDoneElsewhere(t *testing.T) {
	for _, c := range cosigns() {
		t.Run(c.name, func(t *testing.T) {
			b := up(t)
			s := b.session(t)
			steps := map[string]int{}
			for i, step := range s.Snapshot().Steps {
				steps[step.Step.ID] = i
			}
			terminal := c.begin + `cosign() { ` + c.name + ` "$@"; }` + "\n"
			for _, do := range []struct{ step, script string }{
				{"copy-image", `. "$DIR/workspace/copy-image-to-quay.sh"`},
				{"trust-root", `cosign initialize`},
				{"log-in", `printf %s "$QUAY_PASSWORD" | cosign login "$QUAY" -u "$QUAY_USER" --password-stdin`},
				{"sign", signIn + `cosign sign "$IMAGE"`},
			} {
				i := steps[do.step]
				if state := s.Snapshot().Steps[i].State; state == workshop.StepDone {
					t.Fatalf("%s is done before anybody did it", do.step)
				}
				b.sh(t, terminal+do.script)
				until(t, s, i, workshop.StepDone)
				if now := s.Snapshot().Steps[i]; !now.Elsewhere || !now.Holds() {
					t.Errorf("%s: done elsewhere %v, its checks hold %v", do.step, now.Elsewhere, now.Holds())
				}
			}
			for _, id := range []string{"tree", "verify-identity", "verify-table", "verify-wrong"} {
				if state := s.Snapshot().Steps[steps[id]].State; state == workshop.StepDone {
					t.Errorf("%s is done, and nobody has looked at anything here", id)
				}
			}
		})
	}
}

// session opens the first lesson on the running sandbox, and watches it.
func (b *bench) session(t *testing.T) *workshop.Session {
	t.Helper()
	handle, err := sandbox.Join(t.Context(), b.dir)
	if err != nil {
		t.Fatal(err)
	}
	homes := actions.HomesBelow(b.dir)
	env := environment.New(environment.Sandbox(handle.Settings(), homes)...)
	layout, err := workshop.LayOut(b.dir, assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	sh, err := shell.New(shell.Options{Dir: layout.Dir, Aliases: layout.Aliases, Environment: env, Homes: homes})
	if err != nil {
		t.Fatal(err)
	}
	lesson, err := workshop.ParseLesson(assets.FS(), "lessons/sign-an-image.md")
	if err != nil {
		t.Fatal(err)
	}
	s, err := workshop.NewSession(workshop.SessionOptions{
		Lesson: lesson, Environment: env, Shell: sh, Homes: homes, Probe: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() { defer close(watched); s.Watch(ctx) }()
	t.Cleanup(func() {
		stop()
		<-watched
		if err := errors.Join(s.Close(), sh.Close(), handle.Leave()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// until waits until a step is in a state.
func until(t *testing.T, s *workshop.Session, step int, want workshop.StepState) {
	t.Helper()
	timeout := time.After(limit)
	for s.Snapshot().Steps[step].State != want {
		select {
		case <-s.Changed():
		case <-timeout:
			now := s.Snapshot().Steps[step]
			t.Fatalf("%s is %s: %+v", now.Step.ID, now.State, now.Checks)
		}
	}
}
