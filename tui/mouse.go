package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
)

// pointed is a screen with rows that can be clicked, which it has marked by their numbers as it drew them. The first click
// chooses a row; what a click on the chosen one does is the screen's to say.
type pointed interface{ Point(row int) tea.Cmd }

// mouse takes the wheel, and the button on the left.
func (r *root) mouse(msg tea.MouseMsg) tea.Cmd {
	if msg.Action != tea.MouseActionPress {
		return nil
	}
	if msg.Button == tea.MouseButtonLeft {
		return r.click(msg.X, msg.Y)
	}
	return r.wheel(msg)
}

// click does what the key means that is clicked in the last line, or lets the screen choose the row.
func (r *root) click(x, y int) tea.Cmd {
	for _, spot := range r.spots {
		if spot.Y != y || x < spot.From || x >= spot.To {
			continue
		}
		if y == r.height-1 {
			if bindings := keys.For(r.scope()); spot.Number < len(bindings) {
				return r.key(screen.Key(bindings[spot.Number].Keys[0]))
			}
			return nil
		}
		if screen, ok := r.top().(pointed); ok && r.help == nil {
			r.said, r.armed, r.denied = "", "", denied{}
			return screen.Point(spot.Number)
		}
		return nil
	}
	return nil
}

// wheelLines is how far one notch of the wheel goes.
const wheelLines = 3

// wheel presses the key up or down, which also say what can be moved; where a text is typed they mean something else.
func (r *root) wheel(msg tea.MouseMsg) tea.Cmd {
	keyOf := map[tea.MouseButton]tea.KeyType{tea.MouseButtonWheelUp: tea.KeyUp, tea.MouseButtonWheelDown: tea.KeyDown}
	key, turned := keyOf[msg.Button]
	intent, known := keys.Find(r.scope(), tea.KeyMsg{Type: key}.String())
	if !turned || !known || intent != keys.Up && intent != keys.Down || r.top().Scope().Typed() {
		return nil
	}
	var cmds []tea.Cmd
	for range wheelLines {
		cmds = append(cmds, r.key(tea.KeyMsg{Type: key}))
	}
	return tea.Batch(cmds...)
}
