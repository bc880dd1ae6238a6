package screen

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Mover is a widget with a chosen row.
type Mover interface {
	Move(rows int)
	Home()
	End()
}

// Moved moves a widget as intent says, by pages of page rows. It reports whether the intent was a movement.
func Moved(w Mover, intent keys.Intent, page int) bool {
	switch intent {
	case keys.Up:
		w.Move(-1)
	case keys.Down:
		w.Move(1)
	case keys.PageUp:
		w.Move(-page)
	case keys.PageDown:
		w.Move(page)
	case keys.Home:
		w.Home()
	case keys.End:
		w.End()
	default:
		return false
	}
	return true
}

// Goto chooses the row of that number.
func Goto(w Mover, row int) {
	w.Home()
	w.Move(row)
}

// Type gives a key to an input: an editing key, or text that was typed or pasted.
func Type(in *widget.Input, msg tea.KeyMsg) {
	if (msg.Paste || !in.Key(msg.String())) && !msg.Alt {
		in.Insert(string(msg.Runes))
	}
}
