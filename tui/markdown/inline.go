package markdown

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// inline draws the text of a block on one line, but for the line breaks that the author asked for.
func (p page) inline(parent ast.Node, style lipgloss.Style) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		b.WriteString(p.span(n, style))
	}
	return b.String()
}

func (p page) span(n ast.Node, style lipgloss.Style) string {
	t := p.theme
	switch n := n.(type) {
	case *ast.Text:
		return p.text(n, style)
	case *ast.String:
		return style.Render(widget.Clean(string(n.Value)))
	case *ast.CodeSpan:
		return p.code(n)
	case *ast.Emphasis:
		if n.Level == 1 {
			return p.inline(n, style.Italic(true))
		}
		return p.inline(n, style.Bold(true))
	case *ast.AutoLink:
		address := widget.Clean(string(n.URL(p.source)))
		return widget.Link(t, address, t.Link.Render(address))
	case *ast.Link:
		words, address := p.inline(n, style), widget.Clean(string(n.Destination))
		if p.words(n) == address {
			return widget.Link(t, address, t.Link.Render(address))
		}
		return widget.Link(t, address, words) + " " + widget.Link(t, address, t.Link.Render(address))
	case *ast.Image:
		return style.Render("[") + p.inline(n, style) + style.Render("]")
	case *ast.RawHTML:
		var b strings.Builder
		for i := range n.Segments.Len() {
			part := n.Segments.At(i)
			b.Write(part.Value(p.source))
		}
		return style.Render(widget.Clean(b.String()))
	}
	return p.inline(n, style)
}

func (p page) text(n *ast.Text, style lipgloss.Style) string {
	value := n.Segment.Value(p.source)
	if !n.IsRaw() {
		value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
	}
	// An entity can be any character, escape included.
	out := style.Render(widget.Clean(string(value)))
	switch {
	case n.HardLineBreak():
		out += "\n"
	case n.SoftLineBreak():
		out += " "
	}
	return out
}

// code draws code in a line. Without colours it keeps its quotes, or nobody could tell where it ends.
func (p page) code(n *ast.CodeSpan) string {
	code := p.words(n)
	if p.theme.Options.Profile == theme.NoColour {
		return "`" + code + "`"
	}
	return p.theme.Command.Render(code)
}

// words is the text below n without any style.
func (p page) words(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(p.source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
	}
	return widget.Clean(b.String())
}
