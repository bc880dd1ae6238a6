package widget

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// Input is text that a person types: one line or several, with no limit that would cut a paste short. It works on
// grapheme clusters, so that the cursor never stands within a character.
type Input struct {
	theme *theme.Theme
	// Secret shows dots.
	Secret bool
	// Lines allows line breaks; without it a pasted one becomes a space.
	Lines  bool
	text   []string // grapheme clusters
	cursor int      // the cluster before which the cursor stands
}

// NewInput returns an empty input.
func NewInput(t *theme.Theme) *Input { return &Input{theme: t} }

// SetText replaces the text and puts the cursor behind it.
func (in *Input) SetText(text string) {
	in.text, in.cursor = nil, 0
	in.Insert(text)
}

// Text returns what was typed.
func (in *Input) Text() string { return strings.Join(in.text, "") }

// Insert puts text where the cursor is. Control characters other than line breaks are left out, tabs become spaces.
func (in *Input) Insert(text string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var clean []string
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			clean = append(clean, in.lineBreak())
		}
		clean = append(clean, clusters(Clean(line))...)
	}
	in.text = append(in.text[:in.cursor:in.cursor], append(clean, in.text[in.cursor:]...)...)
	in.cursor += len(clean)
}

func (in *Input) lineBreak() string {
	if in.Lines {
		return "\n"
	}
	return " "
}

func clusters(s string) []string {
	var out []string
	for s != "" {
		c, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if c == "" {
			break
		}
		out = append(out, c)
		s = s[len(c):]
	}
	return out
}

// Key does what an editing key means, named as Bubble Tea names it; false when the key is none.
func (in *Input) Key(key string) bool {
	switch key {
	case "left", "ctrl+b":
		in.cursor = max(0, in.cursor-1)
	case "right", "ctrl+f":
		in.cursor = min(len(in.text), in.cursor+1)
	case "home", "ctrl+a":
		in.cursor = in.lineStart()
	case "end", "ctrl+e":
		in.cursor = in.lineEnd()
	case "up":
		in.vertical(-1)
	case "down":
		in.vertical(1)
	case "alt+left", "alt+b", "ctrl+left":
		in.cursor = in.wordLeft()
	case "alt+right", "alt+f", "ctrl+right":
		in.cursor = in.wordRight()
	case "backspace", "ctrl+h":
		in.remove(max(0, in.cursor-1), in.cursor)
	case "delete", "ctrl+d":
		in.remove(in.cursor, min(len(in.text), in.cursor+1))
	case "ctrl+w", "alt+backspace":
		in.remove(in.wordLeft(), in.cursor)
	case "ctrl+u": // where nothing is left to delete in the line, the line break, so that pressing on deletes all
		in.remove(min(in.lineStart(), max(0, in.cursor-1)), in.cursor)
	case "ctrl+k":
		in.remove(in.cursor, max(in.lineEnd(), min(len(in.text), in.cursor+1)))
	case "ctrl+j", "alt+enter":
		if !in.Lines {
			return false
		}
		in.Insert("\n")
	default:
		return false
	}
	return true
}

func (in *Input) remove(from, to int) {
	in.text = append(in.text[:from:from], in.text[to:]...)
	in.cursor = from
}

func (in *Input) lineStart() int {
	i := in.cursor
	for i > 0 && in.text[i-1] != "\n" {
		i--
	}
	return i
}

func (in *Input) lineEnd() int {
	i := in.cursor
	for i < len(in.text) && in.text[i] != "\n" {
		i++
	}
	return i
}

func (in *Input) wordLeft() int {
	i := in.cursor
	for i > 0 && !isWord(in.text[i-1]) {
		i--
	}
	for i > 0 && isWord(in.text[i-1]) {
		i--
	}
	return i
}

func (in *Input) wordRight() int {
	i := in.cursor
	for i < len(in.text) && !isWord(in.text[i]) {
		i++
	}
	for i < len(in.text) && isWord(in.text[i]) {
		i++
	}
	return i
}

func isWord(cluster string) bool {
	for _, r := range cluster {
		return unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	return false
}

func (in *Input) vertical(by int) {
	start := in.lineStart()
	column := in.cursor - start
	if by < 0 {
		if start == 0 {
			return
		}
		in.cursor = start - 1
		in.cursor = min(in.cursor, in.lineStart()+column)
		return
	}
	end := in.lineEnd()
	if end == len(in.text) {
		return
	}
	in.cursor = end + 1
	in.cursor = min(in.lineEnd(), in.cursor+column)
}

// View draws the text broken at width cells, with the cursor on it. It returns at least one line, none wider than width.
func (in *Input) View(width int) []string {
	lines, _ := in.draw(width)
	return lines
}

// Line draws the part of the text that the cursor is on, in at most width cells.
func (in *Input) Line(width int) string {
	lines, at := in.draw(width)
	return lines[at]
}

// draw returns the lines of View, and which of them has the cursor.
func (in *Input) draw(width int) (lines []string, at int) {
	width = max(2, width)
	var out []string
	var b strings.Builder
	used := 0
	breakLine := func() {
		out = append(out, b.String())
		b.Reset()
		used = 0
	}
	for i, c := range in.text {
		shown := c
		switch {
		case c == "\n":
			shown = ""
		case in.Secret:
			shown = "•"
		}
		if w := Width(shown); used+max(1, w) > width {
			breakLine()
		}
		if i == in.cursor {
			cell := shown
			if cell == "" {
				cell = " "
			}
			at = len(out)
			b.WriteString(in.theme.Cursor(cell))
		} else {
			b.WriteString(shown)
		}
		used += Width(shown)
		if c == "\n" {
			breakLine()
		}
	}
	if in.cursor == len(in.text) {
		if used+1 > width {
			breakLine()
		}
		at = len(out)
		b.WriteString(in.theme.Cursor(" "))
	}
	breakLine()
	return out, at
}
