package widget

import (
	"strings"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// logLimit is how many lines a Log keeps; older ones are dropped and counted.
const logLimit = 20_000

// Log shows text that grows. Text is broken into rows once, when it arrives; only a new width breaks it anew.
type Log struct {
	width   int
	lines   []string // whole lines, clean
	rows    []string // the same, broken at width
	counts  []int    // rows of each line
	tail    string   // what came after the last line break, as it came
	tails   []string // the same, clean and broken
	dropped int
	top     int
	loose   bool // the person scrolled away from the end

	// Theme makes hyperlinks of the addresses in the text; nil leaves them as they are.
	Theme *theme.Theme
}

// Append adds text; it may begin and end within a line.
func (l *Log) Append(text string) {
	text = l.tail + text
	for {
		line, rest, found := strings.Cut(text, "\n")
		if !found {
			break
		}
		l.add(clearLine(line))
		text = rest
	}
	l.tail = text
	l.tails = nil
	if text != "" {
		l.tails = l.wrap(clearLine(text))
	}
}

// clearLine does what a terminal does with carriage returns, by which progress bars draw over themselves.
func clearLine(line string) string {
	line = strings.TrimRight(line, "\r")
	if i := strings.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	return Clean(expandTabs(line))
}

func expandTabs(line string) string {
	if !strings.Contains(line, "\t") {
		return line
	}
	var b strings.Builder
	for i, part := range strings.Split(line, "\t") {
		if i > 0 {
			b.WriteString(Spaces(8 - Width(Clean(b.String()))%8))
		}
		b.WriteString(part)
	}
	return b.String()
}

func (l *Log) add(line string) {
	if len(l.lines) >= logLimit {
		l.trim(logLimit / 4)
	}
	rows := l.wrap(line)
	l.lines = append(l.lines, line)
	l.rows = append(l.rows, rows...)
	l.counts = append(l.counts, len(rows))
}

func (l *Log) trim(n int) {
	gone := 0
	for _, c := range l.counts[:n] {
		gone += c
	}
	l.lines = append([]string(nil), l.lines[n:]...)
	l.counts = append([]int(nil), l.counts[n:]...)
	l.rows = append([]string(nil), l.rows[gone:]...)
	l.dropped += n
	l.top = max(0, l.top-gone)
}

func (l *Log) wrap(line string) []string {
	if l.Theme != nil {
		line = Linked(l.Theme, line)
	}
	if l.width <= 0 {
		return []string{line}
	}
	return Wrap(line, l.width)
}

// SetWidth breaks the text at width cells.
func (l *Log) SetWidth(width int) {
	if width == l.width {
		return
	}
	l.width = width
	l.rows, l.counts = l.rows[:0], l.counts[:0]
	for _, line := range l.lines {
		rows := l.wrap(line)
		l.rows = append(l.rows, rows...)
		l.counts = append(l.counts, len(rows))
	}
	if l.tail != "" {
		l.tails = l.wrap(clearLine(l.tail))
	}
}

// Len returns how many lines have come, dropped ones included.
func (l *Log) Len() int {
	n := l.dropped + len(l.lines)
	if l.tail != "" {
		n++
	}
	return n
}

// Text returns the text that is kept.
func (l *Log) Text() string {
	return strings.Join(append(l.lines[:len(l.lines):len(l.lines)], clearLine(l.tail)), "\n")
}

// Dropped returns how many lines were dropped from the beginning.
func (l *Log) Dropped() int { return l.dropped }

// Clear forgets the text.
func (l *Log) Clear() { *l = Log{width: l.width, Theme: l.Theme} }

// Following reports whether the end is shown as it grows.
func (l *Log) Following() bool { return !l.loose }

// Follow shows the end again.
func (l *Log) Follow() { l.loose = false }

// Move scrolls by rows in a window of height rows; at the end it follows again.
func (l *Log) Move(rows, height int) {
	end := max(0, l.total()-height)
	if !l.loose {
		l.top = end
	}
	l.top = max(0, min(end, l.top+rows))
	l.loose = l.top < end
}

// Home shows the beginning.
func (l *Log) Home() { l.top, l.loose = 0, true }

func (l *Log) total() int { return len(l.rows) + len(l.tails) }

// View returns at most height rows.
func (l *Log) View(height int) []string {
	total := l.total()
	from := max(0, total-height)
	if l.loose {
		from = min(l.top, from)
	}
	out := make([]string, 0, height)
	for i := from; i < total && len(out) < height; i++ {
		if i < len(l.rows) {
			out = append(out, l.rows[i])
		} else {
			out = append(out, l.tails[i-len(l.rows)])
		}
	}
	return out
}
