package tui

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// Stage is what the projector needs of a stage.Projector, whose documentation says what each method does.
type Stage interface {
	Publish(state stage.State)
	Commands() <-chan stage.Command
	Joined() <-chan int
	Followers() int
}

var _ Stage = (*stage.Projector)(nil)

// projector is the program on the screen that an audience sees: it tells followers where it is and does what they want, by the
// keys that a person at its own keyboard would press.
type projector struct {
	*root
	stage     Stage
	began     map[string]time.Time // by the names of the lessons that were shown
	followers int

	blank  bool
	auto   bool
	moment string // that autoplay has planned for
	waits  string
	armed  int // the plan that is due next; earlier ones are not
	typing *typing
}

type (
	commanded stage.Command
	joined    int
	due       struct{ plan int }
	keystroke struct{ of *typing }
)

func newProjector(r *root, s Stage) *projector {
	return &projector{root: r, stage: s, began: map[string]time.Time{}}
}

// Init implements tea.Model.
func (p *projector) Init() tea.Cmd { return tea.Batch(p.root.Init(), p.listen(), p.count()) }

// listen takes the next command.
func (p *projector) listen() tea.Cmd {
	ctx, commands := p.deps.Context, p.stage.Commands()
	return p.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case command := <-commands:
			return commanded(command)
		}
	})
}

// count takes the next number of followers.
func (p *projector) count() tea.Cmd {
	ctx, joins := p.deps.Context, p.stage.Joined()
	return p.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case n := <-joins:
			return joined(n)
		}
	})
}

// Update implements tea.Model.
func (p *projector) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := p.take(msg)
	cmd = tea.Batch(cmd, p.plan())
	p.publish()
	return p, cmd
}

func (p *projector) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case commanded:
		return tea.Batch(p.obey(stage.Command(msg)), p.listen())
	case joined:
		if int(msg) < p.followers && msg == 0 {
			p.said = "the presenter's terminal has gone: sigwalk present --follow opens one"
		}
		p.followers = int(msg)
		return p.count()
	case due:
		if msg.plan != p.armed {
			return nil
		}
		return p.act()
	case keystroke:
		return p.typed(msg)
	case tea.KeyMsg:
		if p.blank {
			p.blank = false
			return nil
		}
		// Whoever is at the keyboard goes on by hand: no key of theirs lands in a command that is half typed.
		if p.typing != nil {
			taken := p.leaveTyping()
			if intent, _ := keys.Find(keys.Prompt, msg.String()); intent == keys.Cancel {
				return taken
			}
			_, cmd := p.root.Update(msg)
			return tea.Batch(taken, cmd)
		}
	}
	_, cmd := p.root.Update(msg)
	return cmd
}

// View implements tea.Model. It is the last curtain: whatever a screen has drawn, no secret leaves it.
func (p *projector) View() string {
	if p.blank {
		return widget.Screen(nil, p.width, p.height)
	}
	view := p.root.View()
	hidden := p.curtain().Hide(view)
	if hidden == view {
		return view
	}
	return widget.Screen(strings.Split(hidden, "\n"), p.width, p.height)
}

func (p *projector) presented() (lesson.Presented, bool) {
	if w := p.workshop(); w != nil {
		return w.Presented()
	}
	return lesson.Presented{}, false
}

// publish tells followers where the projector is.
func (p *projector) publish() {
	state := stage.State{
		Scope: string(p.scope()), Blank: p.blank, Typing: p.typing != nil, Autoplay: p.auto, Pace: p.pace(), Waits: p.waits,
		Status: strings.TrimSpace(ansi.Strip(p.status())),
	}
	if now, ok := p.presented(); ok {
		p.describe(&state, now)
	}
	if p.followers > 0 && p.width > 0 {
		state.Screen = strings.Split(ansi.Strip(p.View()), "\n")
	}
	p.stage.Publish(state)
}

func (p *projector) describe(state *stage.State, now lesson.Presented) {
	snapshot := now.Snapshot
	state.Where, state.Step, state.Command, state.Running = snapshot.Where, now.Step, now.Command, now.Running
	state.Question, state.YesNo = now.Question, now.YesNo
	if l := snapshot.Lesson; l != nil {
		if _, known := p.began[l.Name]; !known {
			p.began[l.Name] = p.deps.Clock.Now()
		}
		state.Lesson, state.Minutes, state.Began = l.Title, l.Minutes, p.began[l.Name]
	}
	if now.After != nil {
		state.Next = now.After.Title
	}
	for _, s := range snapshot.Steps {
		state.Steps = append(state.Steps, stage.Step{Title: s.Step.Title, State: s.State.String(), Command: s.Step.Command, Notes: s.Step.Notes})
	}
}
