package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/help"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/palette"
	"github.com/sigwalk/sigwalk/tui/screen"
)

// mostTyped is how many characters that come at once may have been typed one after another, while the program was busy.
const mostTyped = 4

// keys gives keys one by one where letters mean something: several that were pressed in haste come as one message.
func (r *root) keys(msg tea.KeyMsg) tea.Cmd {
	if msg.Type != tea.KeyRunes || msg.Paste || len(msg.Runes) < 2 || r.scope().Typed() {
		return r.key(msg)
	}
	if len(msg.Runes) > mostTyped {
		msg.Paste = true // by a terminal that does not say so
		return r.key(msg)
	}
	var cmds []tea.Cmd
	for i := range msg.Runes {
		cmds = append(cmds, r.key(tea.KeyMsg{Type: tea.KeyRunes, Runes: msg.Runes[i : i+1], Alt: msg.Alt}))
	}
	return tea.Batch(cmds...)
}

// key gives a key to help, to the root itself, or to the screen that is shown.
func (r *root) key(msg tea.KeyMsg) tea.Cmd {
	armed := r.armed
	r.said, r.armed, r.denied = "", "", denied{}
	if r.width < minWidth || r.height < minHeight {
		return r.blind(msg, armed)
	}
	if r.help != nil {
		return r.helpKey(msg, armed)
	}
	scope := r.top().Scope()
	intent, known := keys.Find(scope, msg.String())
	if intent != keys.Copy {
		r.copied = screen.Copy{}
	}
	if msg.Paste {
		intent, known = "", false
	}
	switch {
	case !known && scope.Typed():
		return r.top().Update(msg)
	case msg.Paste:
		r.said = "there is nothing to paste into here"
		return nil
	case !known:
		r.said = keys.Label(msg.String()) + " does nothing here: ? shows the keys"
		return nil
	case r.own(intent):
		return r.global(intent, armed)
	}
	if why := r.top().Disabled(intent); why != "" {
		r.said = keys.Of(scope, intent).Label() + ": " + why
		r.denied = denied{intent, r.said}
		return nil
	}
	return r.top().Update(msg)
}

// blind takes keys while nothing but the one line is drawn: only those that end the program count.
func (r *root) blind(msg tea.KeyMsg, armed keys.Intent) tea.Cmd {
	intent, _ := keys.Find(keys.Global, msg.String())
	switch intent {
	case keys.Interrupt, keys.Suspend, keys.Quit:
		return r.global(intent, armed)
	}
	return nil
}

// own reports whether an intent is the root's to carry out.
func (r *root) own(intent keys.Intent) bool {
	switch intent {
	case keys.Quit, keys.Interrupt, keys.Suspend, keys.Back, keys.ShowHelp, keys.Search, keys.Redraw, keys.Cancel:
		return true
	}
	return false
}

func (r *root) global(intent, armed keys.Intent) tea.Cmd {
	switch intent {
	case keys.Interrupt:
		return r.interrupt(armed)
	case keys.Quit:
		return r.quit(armed)
	case keys.Suspend:
		return tea.Suspend
	case keys.Redraw:
		return tea.ClearScreen
	case keys.ShowHelp:
		r.help = help.New(r.deps.Theme, r.top().Scope(), r.top().Disabled)
	case keys.Search:
		return screen.Send(screen.Push{Screen: palette.New(r.deps, r.items())})
	case keys.Back, keys.Cancel:
		return r.back()
	}
	return nil
}

// finder is a screen that has more to be found than what its keys do.
type finder interface{ Items() []palette.Item }

// farFinder has things to be found by name that stand behind everything else.
type farFinder interface{ Farther() []palette.Item }

// items are what can be found from the screen that is shown: what it has by itself, what its keys do, and what can be set.
// Moving is left to the keys.
func (r *root) items() []palette.Item {
	var items []palette.Item
	if f, ok := r.top().(finder); ok {
		items = f.Items()
	}
	for _, b := range keys.For(r.top().Scope()) {
		if b.Group != keys.GroupMove && b.Intent != keys.Search {
			items = append(items, palette.Item{Title: b.Long, Key: b.Label(), Why: r.top().Disabled(b.Intent), Msg: screen.Key(b.Keys[0])})
		}
	}
	items = append(items, r.settings()...)
	if f, ok := r.top().(farFinder); ok {
		items = append(items, f.Farther()...)
	}
	return items
}

// interrupt is Ctrl-C: it stops what runs, on whatever screen that was begun, and quits when it comes again, be it that
// what runs does not stop.
func (r *root) interrupt(armed keys.Intent) tea.Cmd {
	if armed == keys.Interrupt {
		return tea.Quit
	}
	r.armed = keys.Interrupt
	for _, s := range r.screens {
		if s.Running() {
			cmd, _ := s.Cancel()
			return cmd
		}
	}
	r.said = "press ^C again to quit"
	return nil
}

// quit is q: it asks once more only when something runs that would be cut off.
func (r *root) quit(armed keys.Intent) tea.Cmd {
	for _, s := range r.screens {
		if s.Running() && armed != keys.Quit {
			r.armed = keys.Quit
			r.said = "a step runs: q again stops it and quits"
			return nil
		}
	}
	return tea.Quit
}

// back is Esc: it leaves what was begun, stops what runs here, or goes to the screen below.
func (r *root) back() tea.Cmd {
	if cmd, did := r.top().Cancel(); did {
		return cmd
	}
	if len(r.screens) > 1 {
		return screen.Send(screen.Pop{})
	}
	r.said = "there is nothing to go back to: q quits"
	return nil
}

func (r *root) helpKey(msg tea.KeyMsg, armed keys.Intent) tea.Cmd {
	intent, _ := keys.Find(keys.Help, msg.String())
	switch intent {
	case keys.Cancel, keys.ShowHelp:
		r.help = nil
	case keys.Interrupt, keys.Suspend, keys.Redraw:
		return r.global(intent, armed)
	case keys.Quit:
		r.help = nil
	default:
		r.help.Move(intent)
	}
	return nil
}
