package tui

import (
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// obey does what a follower wants.
func (p *projector) obey(command stage.Command) tea.Cmd {
	intent := keys.Intent(command.Intent)
	switch intent {
	case keys.Blank:
		p.blank = !p.blank
		return nil
	case keys.Faster:
		return p.setPace(present.Faster(p.pace()))
	case keys.Slower:
		return p.setPace(present.Slower(p.pace()))
	case keys.Autoplay:
		p.auto, p.moment, p.waits = !p.auto, "", ""
		if !p.auto {
			return p.leaveTyping()
		}
		return nil
	case keys.Escape:
		p.help = nil
		p.typing = nil
		return p.press(keys.Back)
	case keys.Yes, keys.No, keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.Home, keys.End:
		return p.press(intent)
	}
	return tea.Batch(p.leaveTyping(), p.teach(intent, command.Step))
}

// pace is how many times as fast as usual it goes.
func (p *projector) pace() float64 {
	pace, err := strconv.ParseFloat(p.deps.Settings.Value(settings.Pace), 64)
	if err != nil {
		return present.Usual
	}
	return pace
}

// setPace makes it go at another pace, from the plan that is under way on.
func (p *projector) setPace(pace float64) tea.Cmd {
	p.moment = ""
	value := strconv.FormatFloat(pace, 'g', -1, 64)
	if !p.deps.Settings.Set(settings.Pace, value) {
		return nil
	}
	if p.keep == nil {
		return nil
	}
	return p.keepSetting(settings.Pace, value, "") // the audience need not know
}

// teach does what only the lesson's screen can, which comes to the front for it.
func (p *projector) teach(intent keys.Intent, step int) tea.Cmd {
	w := p.workshop()
	if w == nil {
		p.said = "no lesson is open yet"
		return nil
	}
	p.help, p.said = nil, ""
	for p.top() != screen.Screen(w) {
		p.screens = p.screens[:len(p.screens)-1]
	}
	switch intent {
	case keys.TypeOut:
		return p.typeOut()
	case keys.Jump:
		if w.Scope() != keys.Lesson {
			p.said = "a question is open: answer it first"
			return nil
		}
		return w.Go(step)
	case keys.Next, keys.Previous, keys.Run, keys.Hint, keys.Why, keys.OpenTable, keys.OpenTree, keys.OpenTrust:
		return p.press(intent)
	}
	p.said = "the projector cannot do that"
	return nil
}

// press presses the key that means an intent where the projector is now.
func (p *projector) press(intent keys.Intent) tea.Cmd {
	b := keys.Of(p.scope(), intent)
	if len(b.Keys) == 0 {
		p.said = "that cannot be done here: esc goes back"
		return nil
	}
	return p.key(screen.Key(b.Keys[0]))
}

// typing is a command that is being typed out.
type typing struct {
	rest  []rune
	pause time.Duration // between two characters, at the usual pace
}

// beforeEnter is how long a command stands there before it runs, at the usual pace.
const beforeEnter = 800 * time.Millisecond

// typeOut begins to type the command of the step that is shown.
func (p *projector) typeOut() tea.Cmd {
	w := p.workshop()
	if w.Scope() != keys.Lesson {
		p.said = "something is being typed or asked there already"
		return nil
	}
	for _, intent := range []keys.Intent{keys.Change, keys.Run} {
		if why := w.Disabled(intent); why != "" {
			p.said = why
			return nil
		}
	}
	now, _ := w.Presented()
	p.typing = &typing{rest: []rune(strings.TrimRight(now.Command, "\n")), pause: present.Key(now.Command)}
	w.Retype()
	return p.nextKey()
}

func (p *projector) nextKey() tea.Cmd {
	wait := p.typing.pause
	if len(p.typing.rest) == 0 {
		wait = beforeEnter
	}
	return p.deps.After(present.At(wait, p.pace()), keystroke{p.typing})
}

// typed types the next character, or enter behind the last.
func (p *projector) typed(msg keystroke) tea.Cmd {
	w := p.workshop()
	if p.typing == nil || msg.of != p.typing {
		return nil
	}
	if w == nil || !w.Typing() || p.top() != screen.Screen(w) {
		p.typing = nil
		return nil
	}
	if len(p.typing.rest) == 0 {
		p.typing = nil
		return p.press(keys.Submit)
	}
	next := p.typing.rest[0]
	p.typing.rest = p.typing.rest[1:]
	key := screen.Key(string(next))
	if next == '\n' {
		key = screen.Key("ctrl+j")
	}
	return tea.Batch(p.key(key), p.nextKey())
}

// leaveTyping takes back a command that is half typed.
func (p *projector) leaveTyping() tea.Cmd {
	if p.typing == nil {
		return nil
	}
	p.typing = nil
	if w := p.workshop(); w != nil && w.Typing() {
		cmd, _ := w.Cancel()
		return cmd
	}
	return nil
}

// plan arms what autoplay does next, when that has changed.
func (p *projector) plan() tea.Cmd {
	if !p.auto {
		return nil
	}
	now, ok := p.presented()
	switch {
	case !ok:
		p.waits = "the lesson is being opened"
		return nil
	case p.typing != nil:
		p.waits, p.moment = "the command is typed", ""
		p.armed++
		return nil
	case now.Question == "" && p.workshop().Typing():
		p.waits, p.moment = "somebody types", ""
		p.armed++
		return nil
	}
	next := present.Next(now)
	if next.Moment == p.moment {
		return nil
	}
	p.moment, p.waits = next.Moment, next.Why
	p.armed++
	switch next.Action {
	case present.Wait:
		return nil
	case present.Stop:
		p.auto = false
		p.said = "autoplay has ended: " + next.Why
		return nil
	case present.Read, present.TypeIt, present.Forward:
	}
	return p.deps.After(present.At(next.After, p.pace()), due{p.armed})
}

// act does what autoplay has planned.
func (p *projector) act() tea.Cmd {
	now, ok := p.presented()
	if !ok || !p.auto {
		return nil
	}
	switch present.Next(now).Action {
	case present.Read:
		return p.teach(keys.Run, 0)
	case present.TypeIt:
		return p.teach(keys.TypeOut, 0)
	case present.Forward:
		return p.teach(keys.Next, 0)
	case present.Wait, present.Stop:
	}
	return nil
}
