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

// SpotAt is where a marked text is drawn: in line Y, from column From up to but not including To.
type SpotAt struct{ Number, Y, From, To int }

var spot = regexp.MustCompile(`\x1b\[(\d*)z`)

// Spots takes the marks out of lines, and says where they were.
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
		open := SpotAt{Number: -1}
		for _, m := range marks {
			part := line[from:m[0]]
			b.WriteString(part)
			x += ansi.StringWidth(part)
			from = m[1]
			if open.Number >= 0 && x > open.From {
				open.To = x
				at = append(at, open)
			}
			number, err := strconv.Atoi(line[m[2]:m[3]])
			open = SpotAt{Number: number - 1, Y: y, From: x}
			if err != nil { // the end of one
				open.Number = -1
			}
		}
		b.WriteString(line[from:])
		clean[y] = b.String()
	}
	return clean, at
}
