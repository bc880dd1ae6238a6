package widget

import "github.com/sigwalk/sigwalk/tui/theme"

// splitWide is the width from which two parts stand beside each other.
const splitWide = 120

// Split shares a screen between a part to choose in and a pane that tells more of what is chosen: beside each other
// where the screen is wide, one below the other elsewhere.
type Split struct {
	Beside                  bool
	FirstWidth, SecondWidth int
	// First and Second are how many lines each part has, the title of the pane included.
	First, Second int
	width, height int
}

// SplitOf shares width x height cells. Want is how many lines the first part would like; least is how many the second
// gets in any case beside its title.
func SplitOf(width, height, want, least int) Split {
	s := Split{Beside: width >= splitWide, width: width, height: height}
	if s.Beside {
		s.FirstWidth = width * 11 / 20
		s.SecondWidth = width - s.FirstWidth - 1
		s.First, s.Second = height-2, height-2
		return s
	}
	s.FirstWidth, s.SecondWidth = width, width
	body := height - 2
	s.First = max(3, min(want, body*11/20, body-least-1))
	s.Second = body - s.First
	return s
}

// Pane is a titled part of a screen.
type Pane struct {
	Title, Right string
	Focus        bool
	Lines        []string
}

// Head draws the line of the pane's title.
func (p Pane) Head(t *theme.Theme, width int) string {
	if p.Focus {
		return Rule(t, t.Lines.Mark+" "+p.Title, p.Right, t.Focus, width)
	}
	return Rule(t, p.Title, p.Right, t.Title, width)
}

// Draw draws the pane with its title, exactly width x height.
func (p Pane) Draw(t *theme.Theme, width, height int) []string {
	out := make([]string, 0, height)
	out = append(out, p.Head(t, width))
	for _, line := range p.Lines {
		out = append(out, " "+line)
	}
	return Block(out, width, height)
}

// Draw puts both parts together, with lines above and below. The pane is an area that can be clicked, number 0.
func (s Split) Draw(t *theme.Theme, first []string, pane Pane) []string {
	rule := Rule(t, "", "", t.Rule, s.width)
	if !s.Beside {
		out := append([]string{rule}, Block(first, s.FirstWidth, s.First)...)
		out = append(out, Area(t, 0, pane.Draw(t, s.SecondWidth, s.Second))...)
		return Block(append(out, rule), s.width, s.height)
	}
	out := []string{Junction(t, s.width, t.Lines.Top, s.FirstWidth)}
	out = append(out, Beside(Block(first, s.FirstWidth, s.First), Upright(t, s.First), Area(t, 0, pane.Draw(t, s.SecondWidth, s.Second)))...)
	return append(out, Junction(t, s.width, t.Lines.Bottom, s.FirstWidth))
}

// Upright draws a vertical line of height cells.
func Upright(t *theme.Theme, height int) []string {
	out := make([]string, max(0, height))
	for i := range out {
		out[i] = t.Rule.Render(t.Lines.V)
	}
	return out
}
