package plain

import (
	"fmt"
	"io"

	"github.com/sigwalk/sigwalk/tui/markdown"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// printer prints line by line. What was printed is never touched again.
type printer struct {
	out   io.Writer
	width int
	paper *markdown.Renderer
}

// look is what everything is drawn with: no colour, and no character that a terminal may lack.
func look() *theme.Theme { return theme.New(theme.Options{Profile: theme.NoColour, ASCII: true}) }

// say prints a sentence, broken at the width.
func (p *printer) say(format string, args ...any) {
	for _, l := range widget.Wrap(fmt.Sprintf(format, args...), p.width) {
		_, _ = fmt.Fprintln(p.out, l)
	}
}

// text prints Markdown.
func (p *printer) text(text string) {
	if p.paper == nil {
		p.paper = markdown.New(look(), p.width)
	}
	for _, l := range p.paper.Render(text) {
		_, _ = fmt.Fprintln(p.out, l)
	}
}

// plainly prints a line as it is, unbroken: it is to be copied or compared.
func (p *printer) plainly(text string) { _, _ = fmt.Fprintln(p.out, widget.Clean(text)) }

// ask prints what an answer is typed behind.
func (p *printer) ask(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }
