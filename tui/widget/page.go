package widget

import (
	"strings"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// Page collects the lines of a text that is read and scrolled: facts, sentences, documents. Text that is given to it may come
// from anywhere.
type Page struct {
	Theme *theme.Theme
	Width int
	Lines []string
}

// Fact adds a name and what it is; nothing where it is nothing.
func (p *Page) Fact(name, value string) {
	if value != "" {
		p.Lines = append(p.Lines, Hang(p.Theme.Faint.Render(Fit(name, 12, ""))+" ", Linked(p.Theme, Clean(value)), p.Width)...)
	}
}

// Say adds a sentence.
func (p *Page) Say(text string) {
	p.Lines = append(p.Lines, Wrap(Linked(p.Theme, Clean(text)), p.Width)...)
}

// Note adds a sentence that one may overlook.
func (p *Page) Note(text string) {
	p.Lines = append(p.Lines, Paint(p.Theme.Faint, Wrap(Clean(text), p.Width))...)
}

// Blank adds an empty line.
func (p *Page) Blank() { p.Lines = append(p.Lines, "") }

// Title adds a heading.
func (p *Page) Title(text string) {
	p.Lines = append(p.Lines, p.Theme.Strong.Render(Cut(Clean(text), p.Width, p.Theme.Lines.More)))
}

// Add adds text behind something that is drawn already, such as a glyph.
func (p *Page) Add(first, text string) {
	p.Lines = append(p.Lines, Hang(first, Linked(p.Theme, Clean(text)), p.Width)...)
}

// mostDrawn bounds how much of a foreign document is drawn: a screen is no place to read the rest.
const mostDrawn = 2000

// Document adds a text as it is, each line of it broken where it is too long.
func (p *Page) Document(text []byte) {
	for line := range strings.Lines(string(text)) {
		if len(p.Lines) > mostDrawn {
			p.Note("and more, which is not drawn")
			return
		}
		line = strings.TrimRight(line, "\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		p.Lines = append(p.Lines, Hang(Spaces(min(indent, p.Width/2)), Clean(line[indent:]), p.Width)...)
	}
}
