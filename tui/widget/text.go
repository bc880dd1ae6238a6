// Package widget holds the parts that screens are made of. A widget keeps its own state, is drawn as lines of exact
// width, does no I/O, knows no session and no key binding: the screen tells it what to do.
//
// Widths are terminal cells as counted by charmbracelet/x/ansi, and by nothing else.
package widget

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// mostMarks is how many marks without a width may follow a character; no language piles up more.
const mostMarks = 8

// Clean makes text from elsewhere safe to draw on one line: escape sequences, control characters, and the invisible
// characters that reorder text are taken out, line breaks and tabs become spaces, bytes that are no UTF-8 become U+FFFD.
// Of marks that are piled up on a character, to draw over the lines above, the first few stay. A character that belongs to
// the one behind it goes where only a space or the end is behind it: it would swallow what the screen draws next.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	s = ansi.Strip(strings.ToValidUTF8(s, "\uFFFD"))
	marks := 0
	return withoutLonePrefixes(strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
			return ' '
		case printable.Acts(r):
			return -1
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
			marks++
			if marks > mostMarks {
				return -1
			}
			return r
		}
		marks = 0
		return r
	}, s))
}

// withoutLonePrefixes takes out the characters that make one with what follows (Unicode Standard Annex 29, "Prepend")
// where that is a space or nothing.
func withoutLonePrefixes(s string) string {
	var out strings.Builder
	for rest := s + " "; rest != ""; {
		c, _ := cluster(rest)
		rest = rest[len(c):]
		if space := strings.IndexByte(c, ' '); space > 0 {
			c = c[space:]
		}
		out.WriteString(c)
	}
	return strings.TrimSuffix(out.String(), " ")
}

// isPlain reports whether s is printable ASCII alone, where one byte is one cell.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Width returns how many cells s takes.
func Width(s string) int {
	if isPlain(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// Spaces returns n spaces; none for a negative n.
func Spaces(n int) string {
	if n <= 0 {
		return ""
	}
	return strings.Repeat(" ", n)
}

// Cut shortens s to at most width cells, with more at its end where something was left out.
func Cut(s string, width int, more string) string {
	switch {
	case width <= 0:
		return ""
	case Width(s) <= width:
		return s
	case isPlain(s) && Width(more) <= width:
		return s[:width-Width(more)] + more
	}
	if cut := ansi.Truncate(s, width, more); Width(cut) <= width {
		return cut
	}
	return ansi.Truncate(s, width, "")
}

// CutLeft shortens s to at most width cells and keeps its end, with more at its beginning. It is for text without
// escape sequences, such as addresses, whose end says more than their beginning.
func CutLeft(s string, width int, more string) string {
	over := Width(s) - width
	switch {
	case width <= 0:
		return ""
	case over <= 0:
		return s
	}
	if width <= Width(more) {
		return Cut(s, width, "")
	}
	rest := s
	for over += Width(more); rest != ""; {
		c, w := cluster(rest)
		if over <= 0 && w > 0 { // marks without a width go with the character before them
			break
		}
		rest, over = rest[len(c):], over-w
	}
	return more + rest
}

// CutMiddle shortens s to at most width cells and keeps both its ends, for text without escape sequences.
func CutMiddle(s string, width int, more string) string {
	if Width(s) <= width || width < 8 {
		return Cut(s, width, more)
	}
	head := Cut(s, (width-Width(more))/2, "")
	return head + CutLeft(s, width-Width(head), more)
}

// Fit makes s exactly width cells: cut with more, or padded with spaces.
func Fit(s string, width int, more string) string {
	s = Cut(s, width, more)
	return s + Spaces(width-Width(s))
}

// FitRight is Fit with the text set flush right.
func FitRight(s string, width int, more string) string {
	s = Cut(s, width, more)
	return Spaces(width-Width(s)) + s
}

// Sides puts left and right at the two ends of a line of exactly width cells. Where both do not fit, left is cut.
func Sides(left, right string, width int, more string) string {
	rw := Width(right)
	if rw == 0 {
		return Fit(left, width, more)
	}
	if rw+1 >= width {
		return Fit(right, width, more)
	}
	return Fit(left, width-rw-1, more) + " " + right
}

// Wrap breaks text into lines of at most width cells: at spaces where it can, else behind a slash, never at a hyphen, for
// much of what is shown here is commands and references. A style or a hyperlink that is open at the end of a line is closed there
// and opened again on the next, so that it does not run into what stands beside.
func Wrap(text string, width int) []string {
	width = max(1, width)
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case Width(line) <= width:
			out = append(out, line)
		case strings.ContainsRune(line, '\x1b'):
			out = append(out, carry(split(line, breaks(ansi.Strip(line), width)))...)
		default:
			for _, r := range breaks(line, width) {
				out = append(out, line[r.from:r.to])
			}
		}
	}
	return out
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// breaks says where a line without escape sequences is broken; what lies between two spans is spaces. It looks at no
// character more often than twice, for a line may be a megabyte long.
func breaks(line string, width int) []span {
	var out []span
	from, used := 0, 0
	for i := 0; i < len(line); {
		c, w := cluster(line[i:])
		if used+w <= width || i == from {
			used += w
			i += len(c)
			continue
		}
		at := i
		if c != " " {
			at = from + breakIn(line[from:i])
		}
		out = append(out, span{from, from + len(strings.TrimRight(line[from:at], " "))})
		for at < len(line) && line[at] == ' ' {
			at++
		}
		from, i, used = at, at, 0
	}
	if from < len(line) || len(out) == 0 {
		out = append(out, span{from, len(line)})
	}
	return out
}

// cluster returns the first character of s, as a person counts them, and its width. A letter of ASCII stands for itself,
// as it does where ansi counts widths; the marks that follow it take no cell.
func cluster(s string) (string, int) {
	if s[0] < utf8.RuneSelf {
		return s[:1], 1
	}
	return ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
}

// breakIn says where a line that begins with head and goes on with a letter is broken: at the last space, or where there
// is none, behind a slash in its second half.
func breakIn(head string) int {
	if space := strings.LastIndexByte(head, ' '); space > 0 && strings.TrimSpace(head[:space]) != "" {
		return space
	}
	if slash := strings.LastIndexByte(head, '/') + 1; slash > len(head)/2 {
		return slash
	}
	return len(head)
}

// split cuts a line with escape sequences into spans of what it is without them.
func split(line string, spans []span) []string {
	out := make([]strings.Builder, len(spans))
	row, at := 0, 0 // at counts the bytes that are no escape sequences
	var state byte
	for line != "" {
		seq, _, n, next := ansi.DecodeSequence(line, state, nil)
		if seq[0] == '\x1b' {
			out[row].WriteString(seq)
		} else {
			if row+1 < len(spans) && at >= spans[row+1].from {
				row++
			}
			if at < spans[row].to {
				out[row].WriteString(seq)
			}
			at += n
		}
		state, line = next, line[n:]
	}
	lines := make([]string, len(out))
	for i := range out {
		lines[i] = out[i].String()
	}
	return lines
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// carry closes what style and hyperlink are open at the end of each line and opens them again on the next.
func carry(lines []string) []string {
	open, link := "", ""
	for i, line := range lines {
		before := link + open
		link = linkAfter(line, link)
		for _, s := range sgr.FindAllString(line, -1) {
			if s == "\x1b[m" || s == "\x1b[0m" {
				open = ""
			} else {
				open += s
			}
		}
		if open != "" {
			line += "\x1b[0m"
		}
		if link != "" {
			line += ansi.ResetHyperlink()
		}
		lines[i] = before + line
	}
	return lines
}

// Hang is Wrap with first before the first line and as many spaces before the others.
func Hang(first, text string, width int) []string {
	indent := Width(first)
	out := Wrap(text, width-indent)
	for i, line := range out {
		if i == 0 {
			out[i] = first + line
		} else {
			out[i] = Spaces(indent) + line
		}
	}
	return out
}

// Paint draws each line in a style.
func Paint(style lipgloss.Style, lines []string) []string {
	for i, line := range lines {
		lines[i] = style.Render(line)
	}
	return lines
}
