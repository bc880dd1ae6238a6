// Package markdown draws the Markdown of lessons. Its style is chosen by the theme and never asked of the terminal.
package markdown

import (
	"strings"

	"github.com/charmbracelet/glamour"
	"github.com/charmbracelet/glamour/ansi"
	"github.com/charmbracelet/glamour/styles"
	xansi "github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Renderer draws Markdown at one width. It is not safe for concurrent use.
type Renderer struct {
	width    int
	renderer *glamour.TermRenderer
}

// New returns a renderer for lines of at most width cells.
func New(t *theme.Theme, width int) *Renderer {
	width = max(10, width)
	renderer, err := glamour.NewTermRenderer(
		glamour.WithStyles(style(t)),
		glamour.WithColorProfile(t.Options.Profile),
		glamour.WithWordWrap(width),
	)
	if err != nil {
		renderer = nil
	}
	return &Renderer{width: width, renderer: renderer}
}

// Render returns text as lines without blank ones at the ends. Markdown that cannot be drawn comes out as it was written.
func (r *Renderer) Render(text string) []string {
	out := text
	if r.renderer != nil {
		if drawn, err := r.renderer.Render(clean(text)); err == nil {
			out = drawn
		}
	}
	var lines []string
	for line := range strings.SplitSeq(out, "\n") {
		// Glamour counts cells in a way of its own, and fills lines with spaces.
		line = trimRight(line)
		lines = append(lines, widget.Wrap(line, r.width)...)
	}
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func clean(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(widget.Clean(strings.ReplaceAll(line, "\t", "    ")))
	}
	return b.String()
}

func blank(line string) bool { return strings.TrimSpace(xansi.Strip(line)) == "" }

// trimRight takes off the spaces at the end, those between escape sequences included.
func trimRight(line string) string {
	stripped := xansi.Strip(line)
	return widget.Cut(line, widget.Width(strings.TrimRight(stripped, " ")), "")
}

// style is glamour's own for the background, without its margins, and quieter.
func style(t *theme.Theme) ansi.StyleConfig {
	var s ansi.StyleConfig
	switch {
	case t.Options.Profile == termenv.Ascii:
		s = styles.NoTTYStyleConfig
	case t.Options.Dark:
		s = styles.DarkStyleConfig
	default:
		s = styles.LightStyleConfig
	}
	none, yes := uint(0), true
	s.Document.Margin = &none
	s.Document.BlockPrefix, s.Document.BlockSuffix = "", ""
	s.Document.Color = nil
	s.CodeBlock.Margin = &none
	s.H1 = ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Bold: &yes}}
	for _, h := range []*ansi.StyleBlock{&s.H2, &s.H3, &s.H4, &s.H5, &s.H6} {
		h.Prefix = ""
	}
	s.Code.BackgroundColor = nil
	s.Code.Prefix, s.Code.Suffix = "", ""
	if t.Options.Profile == termenv.Ascii {
		// Marks that stand for a style are noise where the text says enough; those of code are not.
		s.Emph, s.Strong = ansi.StylePrimitive{}, ansi.StylePrimitive{}
		s.Code.BlockPrefix, s.Code.BlockSuffix = "`", "`"
	}
	if t.Options.ASCII {
		s.Item.BlockPrefix = "* "
	}
	return s
}
