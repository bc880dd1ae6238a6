package plain

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// FollowOptions configure Follow.
type FollowOptions struct {
	In    io.Reader // read line by line
	Out   io.Writer
	Link  present.Link
	Clock actions.Clock
	// Width is where lines are broken, in cells; zero for 80.
	Width int
}

// Follow is the terminal of whoever presents, line by line: it prints what has changed on the projector, and sends it what is typed,
// by the keys of the screen. It returns when the person quits, input ends, or ctx ends, whose error it then returns.
func Follow(ctx context.Context, opts FollowOptions) error {
	if opts.Width <= 0 {
		opts.Width = 80
	}
	f := &follower{printer: printer{out: opts.Out, width: opts.Width}, opts: opts}
	ctx, stop := context.WithCancel(ctx)
	states, ended := make(chan seen), make(chan struct{})
	go func() {
		defer close(ended)
		watch(ctx, opts.Link, states)
	}()
	defer func() {
		stop()
		<-ended
	}()
	in := newReader(opts.In)
	f.say("sigwalk, what is for whoever presents. A question mark lists what can be typed.")
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-states:
			f.take(s)
		case l := <-in.next():
			in.taken()
			err := l.err
			if err == nil {
				err = f.obey(ctx, strings.TrimSpace(l.text))
			}
			if errors.Is(err, errEnded) || errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// seen is where the projector is; there is none when lost is true.
type seen struct {
	stage.State
	lost bool
}

// retry is how long it takes until a projector that is not there is looked for again.
const retry = 400 * time.Millisecond

// watch tells where the projector is until ctx ends, and once whenever it is gone.
func watch(ctx context.Context, link present.Link, told chan<- seen) {
	tell := func(s seen) {
		select {
		case told <- s:
		case <-ctx.Done():
		}
	}
	for first := true; ctx.Err() == nil; {
		stream, err := link.Follow(ctx)
		if err == nil {
			for {
				state, err := stream.Next()
				if err != nil {
					break
				}
				tell(seen{State: state})
			}
			stream.Close()
		}
		if err == nil || first {
			tell(seen{lost: true})
		}
		first = false
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// follower is one terminal that follows.
type follower struct {
	printer
	opts FollowOptions
	now  stage.State // the last one, of a projector that may be gone
	met  bool        // there was a projector
	lost bool
}

// take prints what is another than before.
func (f *follower) take(s seen) {
	switch {
	case s.lost && !f.met:
		f.say("There is no projector yet: sigwalk --present starts one.")
		return
	case s.lost:
		f.lost = true
		f.say("The projector is lost, and looked for.")
		return
	}
	before, now := f.now, s.State
	found := !f.met || f.lost
	f.now, f.met, f.lost = now, true, false
	if len(now.Steps) == 0 {
		return // it is opening the lesson
	}
	if found || before.Lesson != now.Lesson || len(before.Steps) != len(now.Steps) {
		f.say("")
		f.say("The projector shows the lesson %s: %d steps, planned for %d minutes.", widget.Clean(now.Lesson), len(now.Steps), now.Minutes)
		f.show()
		f.modes(stage.State{Pace: present.Usual}, now)
		return
	}
	told := f.steps(before, now)
	told = f.modes(before, now) || told
	if !told && now.Status != before.Status && before.Running.IsZero() && !before.Typing {
		f.say("Projector: %s", widget.Clean(now.Status))
	}
}

// steps tells of another step, and of what became of steps. It reports whether there was something to tell.
func (f *follower) steps(before, now stage.State) (told bool) {
	for i, step := range now.Steps {
		word := step.State
		if was := before.Steps[i].State; was == word || word != "done" && i != now.Step {
			continue
		}
		told = true
		f.say("Step %d is %s.", i+1, stepWord(word))
	}
	switch {
	case before.Step != now.Step:
		f.say("")
		f.show()
		return true
	case before.Command != now.Command && now.Command != "":
		f.say("The command was changed:")
		f.command(now.Command)
		return true
	}
	return told
}

// modes tells of what goes on beside the steps.
func (f *follower) modes(before, now stage.State) (told bool) {
	tell := func(changed bool, format string, args ...any) {
		if changed {
			told = true
			f.say(format, args...)
		}
	}
	tell(now.Blank && !before.Blank, "The audience sees nothing.")
	tell(!now.Blank && before.Blank, "The audience sees the lesson again.")
	tell(now.Typing && !before.Typing, "The command is typed out.")
	tell(now.Question != "" && now.Question != before.Question, "Asked on the projector: %s", widget.Clean(now.Question))
	if now.Question != "" && now.Question != before.Question && now.YesNo {
		f.say("y or n answers it.")
	}
	tell(now.Question == "" && before.Question != "", "The question was answered.")
	tell(now.Pace != before.Pace, "The pace is %s times the usual one.", strconv.FormatFloat(now.Pace, 'g', -1, 64))
	tell(now.Autoplay && !before.Autoplay, "Autoplay goes on by itself.")
	tell(!now.Autoplay && before.Autoplay, "Autoplay has ended.")
	// That somebody types, a step runs or a question waits is told already.
	told = told || now.Typing || !now.Running.IsZero() || now.Question != ""
	if now.Waits != before.Waits && now.Autoplay && now.Waits != "" && !now.Typing && now.Running.IsZero() && now.Question == "" {
		f.say("Autoplay: %s.", widget.Clean(now.Waits))
		told = true
	}
	return told
}

// stepWord is a state of a step in words.
func stepWord(state string) string {
	if state == "idle" {
		return "to do"
	}
	return state
}

// show reads the step that is shown, all that is for whoever presents.
func (f *follower) show() {
	s := f.now
	step := s.Steps[s.Step]
	f.say("Step %d of %d. %s. State: %s.", s.Step+1, len(s.Steps), widget.Clean(step.Title), stepWord(step.State))
	f.time()
	if strings.TrimSpace(step.Notes) == "" {
		f.say("No notes for this step.")
	} else {
		f.say("Notes:")
		f.text(step.Notes)
	}
	if s.Command != "" {
		f.say("The command:")
		f.command(s.Command)
	}
	switch {
	case s.Step+1 < len(s.Steps):
		next := s.Steps[s.Step+1]
		f.say("Next: step %d. %s.", s.Step+2, widget.Clean(next.Title))
		f.command(next.Command)
	case s.Next != "":
		f.say("Next: the lesson %s.", widget.Clean(s.Next))
	default:
		f.say("This is the last step.")
	}
}

func (f *follower) command(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		f.plainly("  " + strings.TrimRight(line, "\n"))
	}
}

// time says how the time goes.
func (f *follower) time() {
	elapsed := f.opts.Clock.Now().Sub(f.now.Began).Truncate(time.Second)
	planned := f.now.Planned()
	late := "on time"
	switch minutes := int((elapsed - planned).Minutes()); {
	case minutes > 0:
		late = strconv.Itoa(minutes) + " min late"
	case minutes < 0:
		late = strconv.Itoa(-minutes) + " min early"
	}
	f.say("Time: %s has gone, %s was planned until here: %s.", present.Clock(elapsed), present.Clock(planned), late)
}

// patience is how long a projector may take to accept a command.
const patience = 10 * time.Second

// obey does what was typed.
func (f *follower) obey(ctx context.Context, text string) error {
	switch text {
	case "q":
		return errEnded
	case "?":
		f.help()
		return nil
	}
	switch {
	case !f.met:
		f.say("There is no projector yet: sigwalk --present starts one.")
		return nil
	case f.lost:
		f.say("The projector is lost, and looked for.")
		return nil
	case len(f.now.Steps) == 0:
		f.say("The projector is still opening the lesson.")
		return nil
	}
	switch word, rest := parse(text); {
	case text == "r":
		f.show()
		return nil
	case text == "i":
		f.time()
		return nil
	case text == "l":
		f.list()
		return nil
	case rest == "" && f.number(word) >= 0:
		return f.send(ctx, stage.Command{Intent: string(keys.Jump), Step: f.number(word)})
	}
	key := text
	if key == "" {
		key = "enter"
	}
	scope := f.scope()
	for _, b := range keys.For(scope) {
		if b.Scope == scope && sendable(b) && slices.Contains(b.Keys, key) {
			return f.send(ctx, stage.Command{Intent: string(b.Intent)})
		}
	}
	f.say("There is no command %q here. A question mark lists them.", text)
	return nil
}

func (f *follower) scope() keys.Scope {
	if f.now.YesNo {
		return keys.PresentAsk
	}
	return keys.Present
}

// sendable reports whether a key of the screen is for the projector, and can be typed in a line.
func sendable(b keys.Binding) bool {
	switch b.Intent {
	case keys.Steps, keys.Copy, keys.Cancel:
		return false
	}
	return b.Group != keys.GroupMove
}

// number is the index of a step that was named by its number, or -1.
func (f *follower) number(word string) int {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || n > len(f.now.Steps) {
		return -1
	}
	return n - 1
}

// send tells the projector what is wanted. What comes of it is in the next state.
func (f *follower) send(ctx context.Context, command stage.Command) error {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := f.opts.Link.Send(within, command); err != nil && ctx.Err() == nil {
		f.say("The projector did not get that: %s", widget.Clean(err.Error()))
	}
	return ctx.Err()
}

func (f *follower) list() {
	for i, step := range f.now.Steps {
		here := ""
		if i == f.now.Step {
			here = " It is shown."
		}
		f.say("%d. %s. %s.%s", i+1, widget.Clean(step.Title), stepWord(step.State), here)
	}
	f.say("The number of a step goes there.")
}

func (f *follower) help() {
	scope := f.scope()
	for _, b := range keys.For(scope) {
		if b.Scope != scope || !sendable(b) {
			continue
		}
		name := b.Keys[0]
		switch name {
		case "enter":
			name = "enter alone"
		case " ": // a line has no spaces around it
			name = b.Keys[1]
		}
		f.say("%s: %s.", name, b.Long)
	}
	for _, line := range []string{
		"l: list the steps; the number of one goes there.", "r: read the step again, with its notes.", "i: say how the time goes.", "q: quit; the projector goes on.",
	} {
		f.say("%s", line)
	}
}
