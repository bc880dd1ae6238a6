package tui

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// platform is a Stage in memory. It is used by the test's goroutine alone, but for its channels.
type platform struct {
	commands chan stage.Command
	joined   chan int
	state    stage.State
	watchers int
}

func (p *platform) Publish(state stage.State)      { p.state = state }
func (p *platform) Commands() <-chan stage.Command { return p.commands }
func (p *platform) Joined() <-chan int             { return p.joined }
func (p *platform) Followers() int                 { return p.watchers }

// newStage is a projector with a lesson on it.
func newStage(t *testing.T, session *lessontest.Session) (sized, *platform) {
	t.Helper()
	deps := newDeps(t)
	p := &platform{commands: make(chan stage.Command, 8), joined: make(chan int, 1)}
	r := newRoot(deps, newWorkshop(deps, &school{stage: p}, present.Hide(session)), nil, nil, nil)
	r.resize(80, 24)
	return sized{screentest.NewProgram(t, newProjector(r, p)), r}, p
}

func TestProjectorObeys(t *testing.T) {
	s, p := newStage(t, lessontest.Demo())
	tell := func(intent keys.Intent, step int) { p.commands <- stage.Command{Intent: string(intent), Step: step} }
	s.sees("Copy the image")
	p.joined <- 1
	s.Until("the audience's screen", func() bool { return len(p.state.Screen) == 24 })
	if p.state.Lesson != "Sign an image" || len(p.state.Steps) != 9 || p.state.Minutes != 10 || !p.state.Began.Equal(lessontest.Now()) {
		t.Errorf("followers are told %+v", p.state)
	}
	tell(keys.Faster, 0)
	tell(keys.Faster, 0)
	tell(keys.TypeOut, 0)
	s.Until("half a command", func() bool { return p.state.Typing && strings.Contains(s.Text(), "source ./c") })
	s.Until("the end of the step", func() bool { return p.state.Steps[0].State == "done" && p.state.Running.IsZero() })
	tell(keys.Blank, 0)
	s.Until("nothing", func() bool { return p.state.Blank && strings.TrimSpace(s.Text()) == "" })
	s.Key("n") // whoever is at its keyboard brings it back, and nothing else
	s.sees("1 Copy the image")
	tell(keys.Jump, 7)
	s.sees("8 A verification that must fail")
	tell(keys.Jump, 99)
	tell("no such thing", 0)
	s.Until("a refusal", func() bool { return strings.Contains(p.state.Status, "cannot do that") })
	tell(keys.Search, 0) // the palette is not for followers
	tell(keys.Next, 0)
	s.sees("9 What you have now")
	tell(keys.Next, 0)
	s.Until("a reason", func() bool { return strings.Contains(p.state.Status, "this is the last step") })
	s.Key(":")
	s.Until("the palette", func() bool { return p.state.Scope == string(keys.Palette) })
	tell(keys.Previous, 0) // the lesson comes to the front for it
	s.Until("the step before", func() bool { return p.state.Scope == string(keys.Lesson) && p.state.Step == 7 })
	s.Key("s")
	s.Until("no shell", func() bool { return strings.Contains(p.state.Status, "a shell shows secrets") })
}

// A key at the projector's own keyboard takes back a command that is half typed, and does what it does; escape only takes it back.
func TestKeyWhileACommandIsTypedOut(t *testing.T) {
	s, p := newStage(t, lessontest.Demo())
	tell := func(intent keys.Intent) { p.commands <- stage.Command{Intent: string(intent)} }
	half := func(text string) {
		t.Helper()
		tell(keys.TypeOut)
		s.Until("half a command", func() bool { return p.state.Typing && strings.Contains(s.Text(), text) })
	}
	s.sees("1 Copy the image")
	tell(keys.Slower)
	half("› s")
	s.Key("esc")
	s.Until("the lesson", func() bool { return !p.state.Typing && p.state.Scope == string(keys.Lesson) })
	s.sees("$ source ./copy-image-to-quay.sh")
	half("› s")
	s.Key("n")
	s.sees("2 Fetch the trust root")
	if p.state.Typing || p.state.Steps[0].State != "idle" {
		t.Errorf("typing %v, the first step is %s", p.state.Typing, p.state.Steps[0].State)
	}
}

func TestAutoplayPausesAtAQuestion(t *testing.T) {
	l := lessontest.Lesson()
	plays := make([]lessontest.Play, len(l.Steps))
	plays[1] = func(ctx context.Context, st *lessontest.Stage) error {
		_, err := st.Ask(ctx, actions.Question{ID: "sure", YesNo: true, Prompt: "Sure?", Text: "Think."})
		return err
	}
	l.Steps = l.Steps[:3]
	l.Steps[2].Command, l.Steps[2].Needs = "", nil
	s, p := newStage(t, lessontest.New(l, lessontest.Env(), plays[:3]))
	tell := func(intent keys.Intent) { p.commands <- stage.Command{Intent: string(intent)} }
	s.sees("Copy the image")
	for range 5 {
		tell(keys.Faster)
	}
	tell(keys.Autoplay)
	s.Until("the question", func() bool {
		return p.state.Question == "Sure?" && p.state.YesNo && p.state.Waits == "a question waits"
	})
	s.sees("Sure?") // an answer counts once the question was drawn
	tell(keys.Yes)
	s.Until("the end", func() bool { return !p.state.Autoplay })
	for i, step := range p.state.Steps {
		if step.State != "done" {
			t.Errorf("step %d is %s", i+1, step.State)
		}
	}
	if !strings.Contains(p.state.Status, "autoplay has ended") {
		t.Errorf("it says %q", p.state.Status)
	}
}

// talk is the state of a projector in the middle of a talk.
func talk() stage.State {
	state := stage.State{
		Lesson: "Sign an image", Where: "sandbox", Began: lessontest.Now().Add(-3*time.Minute - 20*time.Second), Minutes: 10, Step: 2, Next: "Read a token",
		Command: `cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD"`, Scope: "lesson", Pace: 1, Status: "enter runs the command, c changes it first",
	}
	for i, step := range lessontest.Lesson().Steps {
		word := "idle"
		if i < 2 {
			word = "done"
		}
		state.Steps = append(state.Steps, stage.Step{Title: step.Title, State: word, Command: step.Command})
	}
	state.Steps[2].Notes = "- Ask: why does **signing** need write access?\n- Trap: the login is for the host alone."
	state.Screen = []string{" Sign an image", "", "     3 Log in to the registry        . to do", "     Cosign pushes the signature next to the image."}
	return state
}

// desk is a Link to a projector that says one thing and hears all.
type desk struct {
	state stage.State
	heard chan stage.Command
}

func (d *desk) Send(_ context.Context, c stage.Command) error {
	d.heard <- c
	return nil
}

func (d *desk) Follow(ctx context.Context) (stage.Stream, error) {
	return &stream{ctx: ctx, states: []stage.State{d.state}}, nil
}

type stream struct {
	ctx    context.Context
	states []stage.State
}

func (s *stream) Next() (stage.State, error) {
	if len(s.states) > 0 {
		state := s.states[0]
		s.states = s.states[1:]
		return state, nil
	}
	<-s.ctx.Done()
	return stage.State{}, stage.ErrNoProjector
}

func (s *stream) Close() {}

func newFollower(t *testing.T, deps screen.Deps, d *desk) sized {
	t.Helper()
	s := newSized(t, deps, present.NewFollower(deps, d))
	s.sees("LIVE")
	return s
}

func TestFollowerSendsIntents(t *testing.T) {
	d := &desk{talk(), make(chan stage.Command, 1)}
	s := newFollower(t, newDeps(t), d)
	for _, c := range []struct {
		keys []string
		want stage.Command
	}{
		{[]string{" "}, stage.Command{Intent: "next"}},
		{[]string{"b"}, stage.Command{Intent: "previous"}},
		{[]string{"enter"}, stage.Command{Intent: "run"}},
		{[]string{"t"}, stage.Command{Intent: "type-out"}},
		{[]string{"z"}, stage.Command{Intent: "blank"}},
		{[]string{"a"}, stage.Command{Intent: "autoplay"}},
		{[]string{"+"}, stage.Command{Intent: "faster"}},
		{[]string{"."}, stage.Command{Intent: "escape"}},
		{[]string{"l", "down", "down", "enter"}, stage.Command{Intent: "jump", Step: 4}},
		{[]string{"l", "esc", "n"}, stage.Command{Intent: "next"}},
	} {
		for _, key := range c.keys {
			s.Key(key)
		}
		if got := s.hears(d); got != c.want {
			t.Errorf("%v: the projector hears %+v, not %+v", c.keys, got, c.want)
		}
	}
	// By name, with the palette.
	s.Key(":")
	s.sees("Find")
	s.Type("Everyone")
	s.Key("enter")
	if got, want := s.hears(d), (stage.Command{Intent: "jump", Step: 6}); got != want {
		t.Errorf("the projector hears %+v, not %+v", got, want)
	}
}

// hears waits for the next command that the projector is sent.
func (s sized) hears(d *desk) (got stage.Command) {
	s.Until("a command", func() bool {
		select {
		case got = <-d.heard:
			return true
		default:
			return false
		}
	})
	return got
}

func TestFollowerIsExactlyItsSize(t *testing.T) {
	state := talk()
	state.Lesson += odd
	state.Status, state.Waits, state.Next, state.Command = odd, odd, odd, odd+"\n"+odd
	for i := range state.Steps {
		state.Steps[i].Title += odd
		state.Steps[i].Notes = "- **" + odd + "**\n\n" + strings.Repeat(odd, 9)
	}
	state.Screen = []string{odd, strings.Repeat(odd, 9)}
	s := newFollower(t, newDeps(t), &desk{state, make(chan stage.Command, 1)})
	s.holds(t)
	s.Key("l")
	s.holds(t)
}

func TestProjectorIsExactlyItsSize(t *testing.T) {
	s, _ := newStage(t, oddLesson())
	s.sees("Copy the image")
	s.holds(t)
	s.Key("enter")
	s.sees("ok done")
	s.holds(t)
}
