package plain_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/tui/plain"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// patience is how long a test waits for what must come.
const patience = time.Minute

// page is what was printed.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

// Write implements io.Writer.
func (p *page) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
	return p.text.Write(text)
}

// rest returns what was printed and not taken yet.
func (p *page) rest() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// sees waits for a text, and takes what is printed up to the end of its line.
func (p *page) sees(t *testing.T, text string) (taken string) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		if before, after, found := strings.Cut(p.rest(), text); found {
			if line, _, whole := strings.Cut(after, "\n"); whole {
				taken = before + text + line + "\n"
				p.mu.Lock()
				p.text.Next(len(taken))
				p.mu.Unlock()
				return taken
			}
		}
		select {
		case <-p.more:
		case <-timer.C:
			t.Fatalf("waited in vain for %q in\n%s", text, p.rest())
		}
	}
}

// TestFollow follows a projector line by line: what changes is printed, and nothing else, and what is typed reaches the projector.
func TestFollow(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "follow-") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	began := time.Date(2026, 10, 22, 12, 0, 0, 0, time.UTC)
	in, typed := io.Pipe()
	out := &page{more: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- plain.Follow(ctx, plain.FollowOptions{
			In: in, Out: out, Link: stage.Link{Dir: dir}, Clock: func() time.Time { return began.Add(12 * time.Minute) },
		})
	}()
	types := func(line string) {
		t.Helper()
		if _, err := io.WriteString(typed, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	out.sees(t, "There is no projector yet")
	types("n")
	out.sees(t, "There is no projector yet")

	projector, err := stage.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	state := stage.State{
		Lesson: "Sign an image", Began: began, Minutes: 10, Pace: 1, Command: "cosign initialize", Status: "enter runs the command", Next: "Read a token",
		Steps: []stage.Step{
			{Title: "Fetch the trust root", State: "idle", Command: "cosign initialize", Notes: "- Ask: whom do **you** believe?"},
			{Title: "Log in", State: "blocked", Command: "cosign login $QUAY"},
		},
	}
	publish := func(change func(s *stage.State)) {
		state.Steps = append([]stage.Step(nil), state.Steps...)
		change(&state)
		projector.Publish(state)
	}
	publish(func(*stage.State) {})
	first := out.sees(t, "  cosign login $QUAY")
	for _, want := range []string{
		"The projector shows the lesson Sign an image: 2 steps, planned for 10 minutes.", "Step 1 of 2. Fetch the trust root. State: to do.",
		"0:12:00 has gone, 0:00:00 was", "12 min late", "Ask: whom do you believe?", "The command:\n  cosign initialize", "Next: step 2. Log in.",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in\n%s", want, first)
		}
	}
	hears := func(line string, want stage.Command) {
		t.Helper()
		types(line)
		select {
		case got := <-projector.Commands():
			if got != want {
				t.Errorf("%q: the projector hears %+v, not %+v", line, got, want)
			}
		case <-ctx.Done():
			t.Fatalf("%q: the projector hears nothing", line)
		}
	}
	hears("", stage.Command{Intent: "run"})
	hears("n", stage.Command{Intent: "next"})
	hears("b", stage.Command{Intent: "previous"})
	hears("t", stage.Command{Intent: "type-out"})
	hears("+", stage.Command{Intent: "faster"})
	hears("2", stage.Command{Intent: "jump", Step: 1})
	types("nonsense")
	out.sees(t, `There is no command "nonsense" here.`)

	says := func(want string) {
		t.Helper()
		if got := strings.TrimSpace(out.sees(t, want[strings.LastIndex(want, "\n")+1:])); got != want {
			t.Errorf("it prints\n%s\nand not\n%s", got, want)
		}
	}
	publish(func(s *stage.State) { s.Steps[0].State, s.Running = "running", began })
	says("Step 1 is running.")
	publish(func(s *stage.State) { s.Status = "running 1s" })
	publish(func(s *stage.State) { s.Question, s.YesNo = "Are you sure?", true })
	says("Asked on the projector: Are you sure?\ny or n answers it.")
	hears("y", stage.Command{Intent: "yes"})
	publish(func(s *stage.State) { s.Question, s.YesNo = "", false })
	says("The question was answered.")
	publish(func(s *stage.State) {
		s.Steps[0].State, s.Steps[1].State, s.Running, s.Status = "done", "idle", time.Time{}, "ok done: n goes to step 2"
	})
	says("Step 1 is done.")
	publish(func(s *stage.State) { s.Blank = true })
	says("The audience sees nothing.")
	publish(func(s *stage.State) { s.Blank, s.Autoplay, s.Waits, s.Pace = false, true, "the text is read", 2 })
	says("The audience sees the lesson again.\nThe pace is 2 times the usual one.\nAutoplay goes on by itself.\nAutoplay: the text is read.")
	publish(func(s *stage.State) { s.Screen = []string{"what the audience sees"} })
	publish(func(s *stage.State) { s.Status = "this is the last step" })
	says("Projector: this is the last step")
	publish(func(s *stage.State) { s.Step, s.Command = 1, "cosign login $QUAY" })
	if second := out.sees(t, "Next: the lesson Read a token."); !strings.Contains(second, "Step 2 of 2. Log in. State: to do.") || !strings.Contains(second, "7 min late") {
		t.Errorf("the second step is told as\n%s", second)
	}
	if err := projector.Close(); err != nil {
		t.Fatal(err)
	}
	says("The projector is lost, and looked for.")
	types("q")
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-ctx.Done():
		t.Fatal("it does not end")
	}
}

// TestFollowEnds: the end of input ends it, and so does the program's.
func TestFollowEnds(t *testing.T) {
	link := stage.Link{Dir: t.TempDir()}
	if err := plain.Follow(t.Context(), plain.FollowOptions{In: strings.NewReader(""), Out: io.Discard, Link: link}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, _ := io.Pipe()
	if err := plain.Follow(ctx, plain.FollowOptions{In: in, Out: io.Discard, Link: link}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
