package theme

import "github.com/charmbracelet/lipgloss"

// State is where something stands, whatever it is: a step, a check, a stage, a signature.
type State int

// The states. Each has a glyph and a word, so that none is told by its colour alone.
const (
	Idle State = iota
	Running
	OK
	Failed
	Blocked
	Skipped
)

// Glyph returns the mark of the state: one or two ASCII characters.
func (s State) Glyph() string {
	switch s {
	case Running:
		return "~"
	case OK:
		return "ok"
	case Failed:
		return "x"
	case Blocked:
		return "#"
	case Skipped:
		return "--"
	case Idle:
	}
	return "."
}

// Word returns the name of the state.
func (s State) Word() string {
	switch s {
	case Running:
		return "running"
	case OK:
		return "done"
	case Failed:
		return "failed"
	case Blocked:
		return "blocked"
	case Skipped:
		return "skipped"
	case Idle:
	}
	return "to do"
}

// State returns the style of a state.
func (t *Theme) State(s State) lipgloss.Style {
	switch s {
	case Running:
		return t.Busy
	case OK:
		return t.Good
	case Failed:
		return t.Bad
	case Blocked:
		return t.Blocked
	case Skipped, Idle:
	}
	return t.Faint
}

// Glyph returns the glyph of a state in its style, two cells wide. Right sets it flush right.
func (t *Theme) Glyph(s State) string {
	return t.State(s).Render(pad2(s.Glyph(), false))
}

// GlyphRight is Glyph, set flush right.
func (t *Theme) GlyphRight(s State) string {
	return t.State(s).Render(pad2(s.Glyph(), true))
}

func pad2(g string, right bool) string {
	switch {
	case len(g) >= 2:
		return g
	case right:
		return " " + g
	}
	return g + " "
}
