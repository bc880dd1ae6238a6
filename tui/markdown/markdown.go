// Package markdown draws the Markdown of lessons (CommonMark). How it looks is the theme's, and nothing is asked of the
// terminal.
//
// It parses with goldmark and draws by itself: the renderer at hand, glamour, wraps wrongly at hyphens, of which commands
// are full, and costs a tenth of a second when the program starts.
package markdown

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Renderer draws Markdown at one width. It is not safe for concurrent use.
type Renderer struct {
	theme  *theme.Theme
	width  int
	parser parser.Parser
}

// New returns a renderer for lines of at most width cells.
func New(t *theme.Theme, width int) *Renderer {
	return &Renderer{theme: t, width: max(10, width), parser: goldmark.DefaultParser()}
}

// Render returns text as lines without blank ones at the ends.
func (r *Renderer) Render(markdown string) []string {
	source := []byte(clean(markdown))
	p := page{theme: r.theme, source: source}
	return p.blocks(r.parser.Parse(text.NewReader(source)), r.width)
}

// clean takes out what must not reach the terminal and leaves the lines as they are.
func clean(markdown string) string {
	var b strings.Builder
	for i, line := range strings.Split(markdown, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(widget.Clean(strings.ReplaceAll(strings.TrimSuffix(line, "\r"), "\t", "    ")))
	}
	return b.String()
}
