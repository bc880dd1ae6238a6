package workshop_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// classroom is a state directory, an environment that names the test binary's sandbox, and a repository of its own.
type classroom struct {
	dir   string
	homes actions.Homes
	env   *environment.Environment
	shell *shell.Shell
}

func newClassroom(t *testing.T) *classroom {
	t.Helper()
	settings := sandboxtest.Start(t)
	c := &classroom{dir: t.TempDir()}
	c.homes = actions.HomesBelow(c.dir)
	settings.Image = settings.Registry + "/l3-students/" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")) + ":latest"
	c.env = environment.New(environment.Sandbox(settings, c.homes)...)
	layout, err := workshop.LayOut(c.dir, assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	c.shell, err = shell.New(shell.Options{Dir: layout.Dir, Aliases: layout.Aliases, Environment: c.env, Homes: c.homes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.shell.Close() })
	return c
}

// value returns a variable.
func (c *classroom) value(t *testing.T, name string) string {
	t.Helper()
	v, ok := c.env.Get(name)
	if !ok {
		t.Fatalf("%s is not set", name)
	}
	return v.Value
}

// session opens a lesson in the classroom. Its checks look often, so that a test need not wait.
func (c *classroom) session(t *testing.T, lesson *workshop.Lesson, change ...func(*workshop.SessionOptions)) *workshop.Session {
	t.Helper()
	opts := workshop.SessionOptions{
		Lesson: lesson, Environment: c.env, Shell: c.shell, Homes: c.homes,
		ProgressFile: filepath.Join(c.dir, "progress", lesson.Name+".json"), Probe: 50 * time.Millisecond,
	}
	for _, f := range change {
		f(&opts)
	}
	s, err := workshop.NewSession(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func signAnImage(t *testing.T) *workshop.Lesson {
	t.Helper()
	lesson, err := workshop.ParseLesson(assets.FS(), "lessons/sign-an-image.md")
	if err != nil {
		t.Fatal(err)
	}
	return lesson
}

// lessonOf parses a lesson of one or more steps.
func lessonOf(t *testing.T, steps string) *workshop.Lesson {
	t.Helper()
	lesson, err := parse(t, front+strings.ReplaceAll(steps, "'''", "```"))
	if err != nil {
		t.Fatal(err)
	}
	return lesson
}

// watch runs the watcher until the test ends, and has it ended before anything is torn down.
func watch(t *testing.T, s *workshop.Session) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
}

// until waits for the session to be as wanted.
func until(t *testing.T, s *workshop.Session, what string, wanted func(workshop.Snapshot) bool) workshop.Snapshot {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		snapshot := s.Snapshot()
		if wanted(snapshot) {
			return snapshot
		}
		select {
		case <-s.Changed():
		case <-deadline:
			t.Fatalf("never came: %s\n%s", what, describe(snapshot))
		}
	}
}

func describe(snapshot workshop.Snapshot) string {
	var b strings.Builder
	for i, step := range snapshot.Steps {
		b.WriteString(step.Step.ID + ": " + step.State.String() + " " + step.Blocked)
		if step.Err != nil {
			b.WriteString(" error: " + step.Err.Error())
		}
		b.WriteString("\n")
		for j, check := range step.Checks {
			b.WriteString("    " + snapshot.Steps[i].Step.Checks[j].Title + ": " + check.State.String() + " " + check.Found + "\n")
		}
	}
	return b.String()
}

func states(snapshot workshop.Snapshot) []workshop.StepState {
	list := make([]workshop.StepState, len(snapshot.Steps))
	for i, step := range snapshot.Steps {
		list[i] = step.State
	}
	return list
}

// TestStepsDoneElsewhereTurnGreen does what a learner does with other tools in another terminal, and only watches.
func TestStepsDoneElsewhereTurnGreen(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	watch(t, s)
	image := c.value(t, "IMAGE")
	transport, err := web.Transport(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	images := registry.New(registry.Options{Homes: c.homes, Transport: transport})
	roots := trust.New(trust.Options{Homes: c.homes, Endpoints: c.env.Endpoints(), Transport: transport})
	answered := func(step int) func(workshop.Snapshot) bool {
		return func(snapshot workshop.Snapshot) bool {
			return !slices.ContainsFunc(snapshot.Steps[step].Checks, func(c workshop.CheckResult) bool { return c.State != workshop.CheckFails })
		}
	}
	green := func(step int) func(workshop.Snapshot) bool {
		return func(snapshot workshop.Snapshot) bool {
			return snapshot.Steps[step].State == workshop.StepDone && snapshot.Steps[step].Elsewhere
		}
	}
	for i, do := range []func() error{
		func() error {
			login := actions.NewSecret(c.value(t, "QUAY_PASSWORD"))
			elsewhere := registry.New(registry.Options{Homes: actions.HomesBelow(t.TempDir()), Transport: transport})
			if _, err := elsewhere.Login(t.Context(), registry.LoginRequest{Server: c.value(t, "QUAY"), Username: c.value(t, "QUAY_USER"), Password: login}); err != nil {
				return err
			}
			_, err := elsewhere.Copy(t.Context(), registry.CopyRequest{Source: c.value(t, "SOURCE_IMAGE"), Destination: image})
			return err
		},
		func() error {
			_, err := roots.Initialize(t.Context(), trust.InitializeRequest{
				Mirror: c.value(t, "COSIGN_MIRROR"), Root: c.value(t, "COSIGN_ROOT"), Checksum: c.value(t, "COSIGN_ROOT_CHECKSUM"),
			})
			return err
		},
		func() error {
			_, err := images.Login(t.Context(), registry.LoginRequest{
				Server: c.value(t, "QUAY"), Username: c.value(t, "QUAY_USER"), Password: actions.NewSecret(c.value(t, "QUAY_PASSWORD")),
			})
			return err
		},
		func() error {
			token := sandboxtest.Token(t, "pipeline-auth@demo.redhat.com")
			c.env.Set(environment.Variable{Name: "SIGSTORE_ID_TOKEN", Value: token, Exported: true})
			return nil
		},
		func() error {
			signer := signing.New(signing.Options{Registry: images, Trust: roots, Endpoints: c.env.Endpoints(), Homes: c.homes, Transport: transport})
			_, err := signer.SignWithToken(t.Context(), signing.Request{
				Image: image, Token: actions.NewSecret(c.value(t, "SIGSTORE_ID_TOKEN")), Consented: true,
			})
			return err
		},
	} {
		until(t, s, "every check of the step answered no", answered(i))
		if err := do(); err != nil {
			t.Fatal(err)
		}
		until(t, s, "the step turned green", green(i))
	}
	snapshot := s.Snapshot()
	want := []workshop.StepState{
		workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepDone,
		workshop.StepIdle, workshop.StepIdle, workshop.StepIdle, workshop.StepIdle,
	}
	if got := states(snapshot); !slices.Equal(got, want) {
		t.Errorf("states %v\n%s", got, describe(snapshot))
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	sandboxtest.Start(t) // its own goroutines are not the session's
	before := goleak.IgnoreCurrent()
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx)
	}()
	until(t, s, "the first check was asked", func(snapshot workshop.Snapshot) bool {
		return snapshot.Steps[0].Checks[0].State == workshop.CheckFails
	})
	stop()
	<-ended
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// A line that is tried is looked at as the step's own; it can do the step, and never makes it fail.
func TestTry(t *testing.T) {
	c := newClassroom(t)
	file := filepath.Join(c.dir, "progress", "transcript.jsonl")
	s := c.session(t, lessonOf(t, preparing), func(o *workshop.SessionOptions) { o.ProgressFile, o.Transcript = "", file })
	try := func(line string) workshop.StepSnapshot {
		t.Helper()
		if err := s.Try(t.Context(), 0, line); err != nil {
			t.Fatal(err)
		}
		return s.Snapshot().Steps[0]
	}
	if got := try("false"); got.State != workshop.StepIdle || got.ExitCode != 1 {
		t.Errorf("after a line that failed the step is %s, exit code %d", got.State, got.ExitCode)
	}
	if got := try("crane digest $SOURCE_IMAGE"); got.State != workshop.StepIdle {
		t.Errorf("after another line the step is %s", got.State)
	}
	if got := try("export MADE=yes SOME_PASSWORD=planted"); got.State != workshop.StepDone {
		t.Errorf("after a line that does what the step wants it is %s", got.State)
	}
	try("false")
	got := s.History()
	if len(got) != 3 || got[0] != "crane digest $SOURCE_IMAGE" || strings.Contains(got[1], "planted") || got[2] != "false" {
		t.Errorf("history %q", got)
	}
	if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "planted") {
		t.Errorf("the transcript holds %s, %v", text, err)
	}
}
