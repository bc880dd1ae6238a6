package present

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/markdown"
	"github.com/sigwalk/sigwalk/tui/palette"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// Link is what a follower needs of a stage.Link, whose documentation says what each method does.
type Link interface {
	Follow(ctx context.Context) (stage.Stream, error)
	Send(ctx context.Context, command stage.Command) error
}

var _ Link = stage.Link{}

// Follower is the screen of whoever presents. It implements screen.Screen.
type Follower struct {
	deps   screen.Deps
	link   Link
	stream stage.Stream // nil while there is no projector
	state  stage.State
	met    bool            // there was a projector before
	queue  []stage.Command // to be sent, one after another, so that none overtakes another
	busy   bool            // one is being sent

	jumping       bool // the list of steps has the focus
	cursor        int
	notes, list   widget.Scroll
	page          int
	renderer      *markdown.Renderer
	rendered      int // the width that renderer is for
	width, height int
}

var _ screen.Screen = (*Follower)(nil)

type (
	found struct {
		of     *Follower
		stream stage.Stream
		err    error
	}
	came struct {
		of    *Follower
		from  stage.Stream
		state stage.State
		err   error
	}
	// sent says that a command was sent, or why not.
	sent struct {
		of  *Follower
		err error
	}
	again  struct{ of *Follower }
	second struct{ of *Follower }
	// wants is a command for the projector that was found by its name.
	wants struct {
		of      *Follower
		command stage.Command
	}
)

// NewFollower returns the screen.
func NewFollower(deps screen.Deps, link Link) *Follower { return &Follower{deps: deps, link: link} }

// Init implements screen.Screen.
func (f *Follower) Init() tea.Cmd { return tea.Batch(f.find(), f.tick()) }

// find looks for the projector.
func (f *Follower) find() tea.Cmd {
	ctx, link := f.deps.Context, f.link
	return f.deps.Tasks.Cmd(func() tea.Msg {
		stream, err := link.Follow(ctx)
		return found{f, stream, err}
	})
}

// next waits for the next state.
func (f *Follower) next() tea.Cmd {
	stream := f.stream
	return f.deps.Tasks.Cmd(func() tea.Msg {
		state, err := stream.Next()
		if err != nil {
			stream.Close()
		}
		return came{f, stream, state, err}
	})
}

func (f *Follower) tick() tea.Cmd { return f.deps.After(time.Second, second{f}) }

// retry is how long a follower waits before it looks for a projector that has gone.
const retry = 400 * time.Millisecond

// Update implements screen.Screen.
func (f *Follower) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		return f.key(msg)
	case found:
		if msg.of == f {
			return f.found(msg)
		}
	case came:
		if msg.of == f && msg.from == f.stream {
			return f.came(msg)
		}
	case again:
		if msg.of == f {
			return f.find()
		}
	case second:
		if msg.of == f {
			return f.tick()
		}
	case wants:
		if msg.of == f {
			return f.send(msg.command)
		}
	case sent:
		if msg.of == f {
			return f.sent(msg)
		}
	}
	return nil
}

func (f *Follower) found(msg found) tea.Cmd {
	if msg.err != nil {
		return f.deps.After(retry, again{f})
	}
	f.stream = msg.stream
	return f.next()
}

func (f *Follower) came(msg came) tea.Cmd {
	if msg.err != nil {
		f.stream = nil
		return f.deps.After(retry, again{f})
	}
	if len(msg.state.Steps) == 0 {
		msg.state.Lesson = ""
	}
	msg.state.Step = max(0, min(msg.state.Step, len(msg.state.Steps)-1))
	if msg.state.Step != f.state.Step || msg.state.Lesson != f.state.Lesson {
		f.notes.Home()
		f.cursor = msg.state.Step
	}
	f.state, f.met = msg.state, true
	f.cursor = max(0, min(f.cursor, len(f.state.Steps)-1))
	return f.next()
}

// key takes a key that is not the root's.
func (f *Follower) key(msg tea.KeyMsg) tea.Cmd {
	intent, ok := keys.Find(f.Scope(), msg.String())
	if !ok {
		return nil
	}
	switch intent {
	case keys.Steps:
		f.jumping = !f.jumping
		f.cursor = f.state.Step
		return nil
	case keys.Run:
		if f.jumping {
			f.jumping = false
			return f.send(stage.Command{Intent: string(keys.Jump), Step: f.cursor})
		}
	case keys.Copy:
		return screen.Send(screen.Copy{Text: f.state.Command, What: "the command"})
	case keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.Home, keys.End:
		if f.state.YesNo {
			break // the projector's question is scrolled
		}
		if f.jumping {
			screen.Moved(rows{f}, intent, max(1, f.page))
		} else {
			screen.Moved(&f.notes, intent, max(1, f.page-1))
		}
		return nil
	}
	return f.send(stage.Command{Intent: string(intent)})
}

// rows moves the chosen step.
type rows struct{ *Follower }

func (r rows) Move(by int) { r.cursor = max(0, min(len(r.state.Steps)-1, r.cursor+by)) }
func (r rows) Home()       { r.cursor = 0 }
func (r rows) End()        { r.cursor = max(0, len(r.state.Steps)-1) }

// patience is how long a projector may take to accept a command.
const patience = 10 * time.Second

// send tells the projector what is wanted. What came of it is in the next state.
func (f *Follower) send(command stage.Command) tea.Cmd {
	f.queue = append(f.queue, command)
	return f.flush()
}

// flush sends the next command, when no other is under way.
func (f *Follower) flush() tea.Cmd {
	if f.busy || len(f.queue) == 0 {
		return nil
	}
	f.busy = true
	ctx, link, command := f.deps.Context, f.link, f.queue[0]
	f.queue = f.queue[1:]
	return f.deps.Tasks.Cmd(func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return sent{f, link.Send(ctx, command)}
	})
}

func (f *Follower) sent(msg sent) tea.Cmd {
	f.busy = false
	if msg.err != nil {
		f.queue = nil // what was wanted behind it was meant for what it would have done
		return screen.Tell("the projector did not get that: " + widget.Clean(msg.err.Error()))
	}
	return f.flush()
}

// Items are what can be found by name beside the keys: the steps, and what the projector can show.
func (f *Follower) Items() []palette.Item {
	var items []palette.Item
	want := func(kind, title string, command stage.Command) {
		items = append(items, palette.Item{Kind: kind, Title: title, Why: f.lost(), Msg: wants{f, command}})
	}
	for i, s := range f.state.Steps {
		want("step", fmt.Sprintf("%d %s", i+1, s.Title), stage.Command{Intent: string(keys.Jump), Step: i})
	}
	want("setting", fmt.Sprintf("the pace of autoplay and typing: %sx, then %sx", pace(f.state.Pace), pace(Faster(f.state.Pace))), stage.Command{Intent: string(keys.Faster)})
	want("", "show the tree of the image on the projector", stage.Command{Intent: string(keys.OpenTree)})
	want("", "show the trust root on the projector", stage.Command{Intent: string(keys.OpenTrust)})
	return items
}

// lost says that there is no projector; empty where there is one.
func (f *Follower) lost() string {
	switch {
	case f.stream != nil && f.met:
		return ""
	case f.met:
		return "the projector is lost, and looked for"
	}
	return "there is no projector yet: sigwalk --present starts one"
}

// SetSize implements screen.Screen.
func (f *Follower) SetSize(width, height int) { f.width, f.height = width, height }

// Scope implements screen.Screen.
func (f *Follower) Scope() keys.Scope {
	if f.state.YesNo && f.stream != nil {
		return keys.PresentAsk
	}
	return keys.Present
}

// Disabled implements screen.Screen.
func (f *Follower) Disabled(intent keys.Intent) string {
	if why := f.lost(); why != "" {
		return why
	}
	if f.state.Lesson == "" && intent != keys.Blank {
		return "the projector is still opening the lesson"
	}
	switch intent {
	case keys.Copy, keys.TypeOut:
		if f.state.Command == "" {
			return "this step has no command"
		}
	case keys.Next:
		if f.state.Step == len(f.state.Steps)-1 && f.state.Next == "" {
			return "this is the last step"
		}
	case keys.Previous:
		if f.state.Step == 0 {
			return "this is the first step"
		}
	}
	if f.state.Question != "" && !f.state.YesNo && intent != keys.Escape && intent != keys.Blank && intent != keys.Autoplay {
		return "somebody is asked on the projector: answer there"
	}
	return ""
}

// Cancel implements screen.Screen.
func (f *Follower) Cancel() (tea.Cmd, bool) {
	if f.jumping {
		f.jumping = false
		return nil, true
	}
	return nil, false
}

// Running implements screen.Screen. The projector goes on without this terminal.
func (f *Follower) Running() bool { return false }

// Status implements screen.Screen.
func (f *Follower) Status() string {
	s := f.state
	switch {
	case f.lost() != "":
		return f.lost()
	case f.jumping:
		return "enter goes to the chosen step on the projector, esc leaves the list"
	case s.Question != "" && s.Autoplay:
		return "autoplay waits, for this is asked on the projector: " + widget.Clean(s.Question)
	case s.Question != "":
		return "asked on the projector: " + widget.Clean(s.Question)
	case s.Autoplay:
		return fmt.Sprintf("autoplay %sx: %s", pace(s.Pace), widget.Clean(s.Waits))
	case s.Typing:
		return "the command is being typed on the projector"
	}
	if s.Pace != Usual {
		return fmt.Sprintf("pace %sx - projector: %s", pace(s.Pace), widget.Clean(s.Status))
	}
	return "projector: " + widget.Clean(s.Status)
}

// Point chooses a step that was clicked; one more click jumps there.
func (f *Follower) Point(row int) tea.Cmd {
	if f.jumping && row == f.cursor {
		return screen.Send(screen.Key("enter"))
	}
	f.jumping = true
	screen.Goto(rows{f}, row)
	return nil
}
