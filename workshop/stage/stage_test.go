package stage_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// limit bounds a test that hangs; no test is about time.
const limit = time.Minute

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// shortDir is a directory with a path short enough for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stage-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func open(t *testing.T, dir string) *stage.Projector {
	t.Helper()
	p, err := stage.Open(within(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// sees reads states until one has the title.
func sees(t *testing.T, f *stage.Follower, lesson string) stage.State {
	t.Helper()
	for {
		state, err := f.Next()
		if err != nil {
			t.Fatalf("before %q: %v", lesson, err)
		}
		if state.Lesson == lesson {
			return state
		}
	}
}

func TestFollowersSeeTheProjectorAndTellItWhatToDo(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := shortDir(t)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	p, err := stage.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := stage.Follow(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	p.Publish(stage.State{Lesson: "one", Steps: []stage.Step{{Title: "a", Notes: "say this"}}})
	if got := sees(t, first, "one"); got.PID != os.Getpid() || got.Steps[0].Notes != "say this" {
		t.Errorf("it sees %+v", got)
	}
	// One that comes late is told at once.
	late, err := stage.Follow(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	sees(t, late, "one")
	for p.Followers() != 2 {
		<-p.Joined()
	}
	want := []stage.Command{{Intent: "next"}, {Intent: "jump", Step: 3}}
	for _, command := range want {
		if err := stage.Send(ctx, dir, command); err != nil {
			t.Fatal(err)
		}
		if got := <-p.Commands(); got != command {
			t.Errorf("it was told %+v, not %+v", got, command)
		}
	}
	// The projector lives on when a follower goes, and the other way round.
	first.Close()
	for p.Followers() != 1 {
		<-p.Joined()
	}
	p.Publish(stage.State{Lesson: "two"})
	sees(t, late, "two")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Next(); actions.CodeOf(err) != actions.CodeNoProjector {
		t.Errorf("the projector has gone: %v", err)
	}
	late.Close()
	if err := stage.Send(ctx, dir, stage.Command{Intent: "next"}); actions.CodeOf(err) != actions.CodeNoProjector {
		t.Errorf("there is nobody to send to: %v", err)
	}
	again, err := stage.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Publish(stage.State{Lesson: "three"})
	back, err := stage.Follow(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	sees(t, back, "three")
	back.Close()
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}

func TestOneProjectorADirectory(t *testing.T) {
	dir := shortDir(t)
	open(t, dir)
	if _, err := stage.Open(within(t), dir); actions.CodeOf(err) != actions.CodeProjectorOwned {
		t.Errorf("a second one: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "present", "present.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info, err)
	}
}

// A projector that was killed leaves its socket: followers are not kept waiting, and the next projector takes its place.
func TestSocketThatIsLeftIsNobody(t *testing.T) {
	dir := shortDir(t)
	home := filepath.Join(dir, "present")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "present.path"), []byte(filepath.Join(home, "present.sock")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "present.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := stage.Follow(within(t), dir); actions.CodeOf(err) != actions.CodeNoProjector {
		t.Errorf("%v", err)
	}
	p := open(t, dir)
	f, err := stage.Follow(within(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.Publish(stage.State{Lesson: "one"})
	sees(t, f, "one")
}

func TestCurtain(t *testing.T) {
	const long, short = "a-password-that-is-long", "student"
	c := stage.NewCurtain([]environment.Variable{
		{Name: "QUAY_USER", Value: "maria"},
		{Name: "QUAY_PASSWORD", Value: long, Secret: true},
		{Name: "OIDC_PASSWORD", Value: short},
		{Name: "IMAGE", Value: "quay.example.com/l3-students/demo:latest"},
	})
	token := "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJl"
	for _, secret := range []string{
		long, base64.StdEncoding.EncodeToString([]byte("maria:" + long)), base64.StdEncoding.EncodeToString([]byte(long)), token,
		base64.StdEncoding.EncodeToString([]byte("maria:" + short)),
	} {
		if got := c.Hide("it is <" + secret + ">"); strings.Contains(got, secret) || !strings.HasPrefix(got, "it is <") {
			t.Errorf("%q stays %q", secret, got)
		}
	}
	if got := c.Hide("password: student\n"); strings.Contains(got, "student") {
		t.Errorf("a short one stays: %q", got)
	}
	if text := "quay.example.com/l3-students/demo:latest"; c.Hide(text) != text {
		t.Errorf("%q becomes %q", text, c.Hide(text))
	}
	for _, v := range c.Variables([]environment.Variable{{Name: "QUAY_PASSWORD", Value: long, Secret: true}, {Name: "X", Value: "has " + long}}) {
		if strings.Contains(v.Value, long) {
			t.Errorf("%s is %q", v.Name, v.Value)
		}
	}
	if whole := c.Whole("one line\nhalf a li"); whole != len("one line\n") {
		t.Errorf("whole up to %d", whole)
	}
	if text := strings.Repeat("x", 1<<17); c.Whole(text) != len(text) {
		t.Error("a line without an end is kept back for ever")
	}
}

func TestPlannedTime(t *testing.T) {
	s := stage.State{Minutes: 20, Step: 2, Steps: make([]stage.Step, 5)}
	if got := s.Planned(); got != 8*time.Minute {
		t.Errorf("planned are %v", got)
	}
	if got := (stage.State{}).Planned(); got != 0 {
		t.Errorf("without a lesson %v are planned", got)
	}
}
