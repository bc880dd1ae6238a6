package widget

// Scroll shows part of more lines than fit.
type Scroll struct{ top int }

// Move scrolls by lines, down for a positive number; the next View puts right what is too far.
func (s *Scroll) Move(lines int) { s.top += lines }

// Home shows the beginning.
func (s *Scroll) Home() { s.top = 0 }

// End shows the end.
func (s *Scroll) End() { s.top = 1 << 30 }

// Show moves as little as needed for line to be among height lines.
func (s *Scroll) Show(line, height int) {
	if line < s.top {
		s.top = line
	}
	if height > 0 && line >= s.top+height {
		s.top = line - height + 1
	}
}

// Sees reports whether line is among the height lines that View would show.
func (s *Scroll) Sees(line, height int) bool { return line >= s.top && line < s.top+height }

// View returns the height lines to show of n, as a range.
func (s *Scroll) View(n, height int) (from, to int) {
	s.top = max(0, min(s.top, n-height))
	return s.top, min(n, s.top+height)
}

// Position says where one is in n lines: "", "more below", or how far.
func (s *Scroll) Position(n, height int) string {
	switch {
	case n <= height:
		return ""
	case s.top <= 0:
		return "more below"
	case s.top >= n-height:
		return "end"
	}
	return percent(s.top, n-height)
}

func percent(part, whole int) string {
	p := part * 100 / max(1, whole)
	return string([]byte{byte('0' + p/10%10), byte('0' + p%10), '%'})
}
