package workshop

import (
	"fmt"
	"strings"
)

// What of a step's notes is on the screen of whoever presents, on a terminal of 80x24 without scrolling: so many lines of so many
// characters.
const (
	notesLines = 13
	notesWidth = 76
)

// notes finds those that are longer than the presenter's screen: nobody scrolls while they speak.
func (l *linter) notes(step Step) {
	lines := 0
	for paragraph := range strings.Lines(step.Notes) {
		lines += 1 + len([]rune(strings.TrimSpace(paragraph)))/notesWidth
	}
	if lines > notesLines {
		l.add(step.Line, fmt.Sprintf("the notes of %q take %d lines of the presenter's screen, which has room for %d", step.Title, lines, notesLines),
			"keep what is said by heart out of them")
	}
}
