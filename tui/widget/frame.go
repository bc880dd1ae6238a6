package widget

import (
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// Block makes exactly height lines of exactly width cells: what is too long is cut at the right and at the bottom, what
// is too short is padded. Bubble Tea's renderer cuts a view that is too tall from its top, so every view passes here.
func Block(lines []string, width, height int) []string {
	if height < 0 {
		height = 0
	}
	out := make([]string, height)
	blank := Spaces(width)
	for i := range out {
		if i < len(lines) {
			out[i] = Fit(oneLine(lines[i]), width, "")
		} else {
			out[i] = blank
		}
	}
	return out
}

// oneLine is the last defence: a line break within a line would shift everything below it.
func oneLine(s string) string {
	if strings.ContainsAny(s, "\n\r\t\v\f") {
		return strings.NewReplacer("\n", " ", "\r", " ", "\t", " ", "\v", " ", "\f", " ").Replace(s)
	}
	return s
}

// Screen joins the lines of a Block of the whole terminal.
func Screen(lines []string, width, height int) string {
	return strings.Join(Block(lines, width, height), "\n")
}

// Beside sets blocks of equal height next to each other.
func Beside(blocks ...[]string) []string {
	if len(blocks) == 0 {
		return nil
	}
	out := make([]string, len(blocks[0]))
	var b strings.Builder
	for i := range out {
		b.Reset()
		for _, block := range blocks {
			b.WriteString(block[i])
		}
		out[i] = b.String()
	}
	return out
}

// Rule draws a horizontal line of width cells with a title in it, and something at its right end. Either may be empty.
func Rule(t *theme.Theme, title, right string, style lipgloss.Style, width int) string {
	h := t.Lines.H
	left := ""
	if title != "" {
		left = t.Rule.Render(h+h+" ") + style.Render(Cut(title, width-8, t.Lines.More)) + " "
	}
	if right != "" {
		right = " " + t.Faint.Render(right) + t.Rule.Render(" "+h+h)
	}
	if Width(left)+Width(right) > width {
		right = ""
	}
	fill := width - Width(left) - Width(right)
	if fill < 0 {
		fill = 0
	}
	return Fit(left+t.Rule.Render(strings.Repeat(h, fill))+right, width, "")
}

// Junction draws a horizontal line of width cells with joint where the vertical lines at the given columns meet it.
func Junction(t *theme.Theme, width int, joint string, at ...int) string {
	var b strings.Builder
	for x := range width {
		if slices.Contains(at, x) {
			b.WriteString(joint)
		} else {
			b.WriteString(t.Lines.H)
		}
	}
	return t.Rule.Render(b.String())
}

// Boxed draws a frame of exactly width x height around lines, with a title in its upper edge and a hint in its lower.
func Boxed(t *theme.Theme, title, hint string, style lipgloss.Style, lines []string, width, height int) []string {
	if width < 6 || height < 3 {
		return Block(lines, width, height)
	}
	l := t.Lines
	inner := Block(lines, width-4, height-2)
	out := make([]string, 0, height)
	out = append(out, style.Render(l.TopLeft+l.H)+edge(t, title, style, width-4, true)+style.Render(l.H+l.TopRight))
	v := style.Render(l.V)
	for _, line := range inner {
		out = append(out, v+" "+line+" "+v)
	}
	return append(out, style.Render(l.BottomLeft+l.H)+edge(t, hint, style, width-4, false)+style.Render(l.H+l.BottomRight))
}

func edge(t *theme.Theme, text string, style lipgloss.Style, width int, strong bool) string {
	if text == "" {
		return style.Render(strings.Repeat(t.Lines.H, width))
	}
	text = " " + Cut(text, width-2, t.Lines.More) + " "
	face := t.Faint
	if strong {
		face = t.Title
	}
	return face.Render(text) + style.Render(strings.Repeat(t.Lines.H, width-Width(text)))
}

// Overlay lays box over base with its upper left corner at column x, line y. Every line of base keeps its width.
func Overlay(base, box []string, x, y, width int) []string {
	out := append([]string(nil), base...)
	for i, line := range box {
		if y+i < 0 || y+i >= len(out) {
			continue
		}
		under := out[y+i]
		left := Fit(ansi.Truncate(under, x, ""), x, "")
		from := x + Width(line)
		right := ""
		if from < width {
			right = ansi.TruncateLeft(under, from, "")
			right = Spaces(width-from-Width(right)) + right
		}
		out[y+i] = Fit(left+"\x1b[m"+line+"\x1b[m"+right, width, "")
	}
	return out
}

// Centre lays box over the middle of base, which is width cells wide. Where little of base would be left beside the box,
// nothing is.
func Centre(base, box []string, width int) []string {
	if len(box) == 0 {
		return base
	}
	x, y := max(0, (width-Width(box[0]))/2), max(0, (len(base)-len(box))/2)
	if x >= 20 {
		return Overlay(base, box, x, y, width)
	}
	out := append([]string(nil), base...)
	for i := y - 1; i <= y+len(box); i++ {
		switch {
		case i < 0 || i >= len(out):
		case i < y || i == y+len(box):
			out[i] = Spaces(width)
		default:
			out[i] = Fit(Spaces(x)+box[i-y], width, "")
		}
	}
	return out
}

// Bar draws how much of total is done, width cells wide; nothing is known of a total of zero.
func Bar(t *theme.Theme, done, total int64, width int) string {
	if width <= 0 {
		return ""
	}
	full := 0
	if total > 0 {
		full = int(min(int64(width), done*int64(width)/total))
	}
	return t.Good.Render(strings.Repeat(t.Lines.Full, full)) + t.Rule.Render(strings.Repeat(t.Lines.Empty, width-full))
}
