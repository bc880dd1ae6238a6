package widget

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// A part of a line that can be clicked carries a number, between two sequences that take no cell and go along when the line is
// cut, padded and set beside others. They are taken out before anything reaches the terminal. bubblezone does the same, but finds
// its zones beside the event loop, so that a click may meet those of the frame before.

// Spot marks text as what the number stands for, where the mouse is in use: a row, a key.
func Spot(t *theme.Theme, number int, text string) string {
	if !t.Options.Mouse {
		return text
	}
	return "\x1b[" + strconv.Itoa(number+1) + "z" + text + "\x1b[z"
}

// What is marked with a number from here on is no row: the heading of a column, and what is around rows.
const (
	firstHead = 1 << 16
	firstArea = 1 << 17
)

// Head is the number of the heading of a column, and HeadOf is its column; ok is false where the number means something else.
func Head(column int) int { return firstHead + column }

// HeadOf returns the column of a number that Head returned.
func HeadOf(number int) (column int, ok bool) {
	return number - firstHead, number >= firstHead && number < firstArea
}

// Area marks lines as a whole, such as a pane. What is marked within keeps its own number. AreaOf knows the number again.
func Area(t *theme.Theme, area int, lines []string) []string {
	if !t.Options.Mouse {
		return lines
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = Spot(t, firstArea+area, line)
	}
	return out
}

// AreaOf returns the area of a number; ok is false where that means something else.
func AreaOf(number int) (area int, ok bool) { return number - firstArea, number >= firstArea }

// SpotAt is where a marked text is drawn: in line Y, from column From up to but not including To.
type SpotAt struct{ Number, Y, From, To int }

var spot = regexp.MustCompile(`\x1b\[(\d*)z`)

// Spots takes the marks out of lines, and says where they were: what is marked within an area before the area.
func Spots(lines []string) (clean []string, at []SpotAt) {
	clean = make([]string, len(lines))
	for y, line := range lines {
		marks := spot.FindAllStringSubmatchIndex(line, -1)
		if marks == nil {
			clean[y] = line
			continue
		}
		var b strings.Builder
		from, x := 0, 0
		var open []SpotAt // around x, the innermost last
		for _, m := range marks {
			part := line[from:m[0]]
			b.WriteString(part)
			x += ansi.StringWidth(part)
			from = m[1]
			if number, err := strconv.Atoi(line[m[2]:m[3]]); err == nil {
				open = append(open, SpotAt{Number: number - 1, Y: y, From: x})
				continue
			}
			if len(open) == 0 {
				continue
			}
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if last.To = x; x > last.From {
				at = append(at, last)
			}
		}
		b.WriteString(line[from:])
		clean[y] = b.String()
	}
	return clean, at
}
