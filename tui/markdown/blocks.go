package markdown

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// page is one text that is drawn.
type page struct {
	theme  *theme.Theme
	source []byte
}

// blocks draws what parent holds, with a blank line between two blocks unless they are the items of a tight list.
func (p page) blocks(parent ast.Node, width int) []string {
	width = max(1, width) // deep nesting on a narrow screen
	var out []string
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		lines := p.block(n, width)
		if len(lines) == 0 {
			continue
		}
		if len(out) > 0 && apart(n) {
			out = append(out, "")
		}
		out = append(out, lines...)
	}
	return out
}

// apart reports whether a blank line goes before n.
func apart(n ast.Node) bool {
	switch {
	case n.Kind() == ast.KindTextBlock, n.PreviousSibling() != nil && n.PreviousSibling().Kind() == ast.KindTextBlock:
		return false
	case n.Kind() == ast.KindListItem:
		list, ok := n.Parent().(*ast.List)
		return !ok || !list.IsTight
	}
	return true
}

func (p page) block(n ast.Node, width int) []string {
	t := p.theme
	switch n := n.(type) {
	case *ast.Heading:
		return widget.Wrap(p.inline(n, t.Title), width)
	case *ast.List:
		return p.blocks(n, width)
	case *ast.ListItem:
		return p.item(n, width)
	case *ast.Blockquote:
		bar := t.Rule.Render(t.Lines.V) + " "
		return prefixed(bar, bar, p.blocks(n, width-2))
	case *ast.ThematicBreak:
		return []string{t.Rule.Render(strings.Repeat(t.Lines.H, width))}
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return prefixed("  ", "  ", widget.Paint(t.Command, p.literal(n, width-2)))
	case *ast.HTMLBlock:
		return p.literal(n, width)
	}
	if p.isTable(n) {
		return p.literal(n, width)
	}
	return widget.Wrap(p.inline(n, t.Plain), width)
}

// item draws an item of a list with its mark.
func (p page) item(n *ast.ListItem, width int) []string {
	mark := "• "
	if p.theme.Options.ASCII {
		mark = "* "
	}
	if list, ok := n.Parent().(*ast.List); ok && list.IsOrdered() {
		number := list.Start
		for before := n.PreviousSibling(); before != nil; before = before.PreviousSibling() {
			number++
		}
		mark = fmt.Sprintf("%d. ", number)
	}
	indent := widget.Width(mark)
	return prefixed(mark, widget.Spaces(indent), p.blocks(n, width-indent))
}

// literal draws the lines of a block as they are written; one that is too long is broken, never cut.
func (p page) literal(n ast.Node, width int) []string {
	var out []string
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		out = append(out, widget.Wrap(strings.TrimRight(string(line.Value(p.source)), "\n"), width)...)
	}
	return out
}

// isTable reports whether every line of a paragraph begins with a bar. Such a table reads best as it was written.
func (p page) isTable(n ast.Node) bool {
	if n.Kind() != ast.KindParagraph {
		return false
	}
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		if !strings.HasPrefix(strings.TrimSpace(string(line.Value(p.source))), "|") {
			return false
		}
	}
	return true
}

func prefixed(first, rest string, lines []string) []string {
	for i, line := range lines {
		switch {
		case i == 0:
			lines[i] = first + line
		case line != "" || strings.TrimSpace(rest) != "":
			lines[i] = rest + line
		}
	}
	return lines
}
