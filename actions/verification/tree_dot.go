package verification

import (
	"fmt"
	"strings"
)

// TreeDOT returns the tree in the language of Graphviz, for `dot -Tsvg`: an edge for what hangs off what, a box a node. What
// did not verify or could not be read has a broken border, so that it is told without colour.
func TreeDOT(root *Node) string {
	var b strings.Builder
	b.WriteString("digraph tree {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n")
	count := 0
	writeDOT(&b, root, &count)
	b.WriteString("}\n")
	return b.String()
}

// writeDOT writes a node and what hangs off it, and returns its name in the graph.
func writeDOT(b *strings.Builder, n *Node, count *int) string {
	id := fmt.Sprintf("n%d", *count)
	*count++
	style := "solid"
	switch {
	case n.Kind == NodeGroup:
		style = "rounded"
	case n.Err != nil, n.Signature != nil && !n.Signature.Verified:
		style = "dashed"
	case n.Signature != nil:
		style = "bold"
	}
	fmt.Fprintf(b, "  %s [label=%s, style=%s];\n", id, quoteDOT(n.label()), style)
	for _, child := range n.Children {
		if n.Signature != nil && child.Kind == NodeBlob {
			continue // the bundle itself
		}
		fmt.Fprintf(b, "  %s -> %s;\n", id, writeDOT(b, child, count))
	}
	return id
}

// label is a node in a few lines.
func (n *Node) label() string {
	lines := []string{string(n.Kind)}
	if n.Title != "" && n.Title != string(n.Kind) {
		lines = append(lines, n.Title)
	}
	if n.Digest.Hex != "" && n.Title != n.Digest.String() {
		lines = append(lines, n.Digest.Algorithm+":"+n.Digest.Hex[:min(12, len(n.Digest.Hex))])
	}
	if s := n.Signature; s != nil {
		if n.Kind == NodeAttestation {
			lines = append(lines, "by "+s.title())
		}
		if s.Issuer != "" {
			lines = append(lines, s.Issuer)
		}
		if !s.Verified {
			lines = append(lines, "not verified")
		}
	}
	if n.Bill != "" {
		lines = append(lines, fmt.Sprintf("%s, %s", n.Bill, counted(n.Packages, "package")))
	}
	if c, ok := n.Coverage(); ok {
		lines = append(lines, c.String())
	}
	if n.Err != nil {
		lines = append(lines, "cannot be read: "+n.Err.Error())
	}
	for i, line := range lines {
		lines[i] = oneLine(line)
	}
	return strings.Join(lines, "\n")
}

// quoteDOT is text as a string of the language, in which a line ends with \n and nothing else is special.
func quoteDOT(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}
