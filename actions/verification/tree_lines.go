package verification

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// TreeText returns the tree as text for `sigwalk tree`: one line a node, with who signed, where in the log, and what
// could not be read. It holds no colour and ends with a line end.
func TreeText(root *Node) string {
	var b strings.Builder
	b.WriteString(root.line() + "\n")
	if len(root.Children) == 0 && root.Err == nil {
		b.WriteString("└── nothing is attached\n")
	}
	writeBranches(&b, root.Children, "")
	return b.String()
}

func writeBranches(b *strings.Builder, nodes []*Node, indent string) {
	for i, node := range nodes {
		branch, below := "├── ", "│   "
		if i == len(nodes)-1 {
			branch, below = "└── ", "    "
		}
		b.WriteString(indent + branch + node.line() + "\n")
		children := node.Children
		if node.Signature != nil {
			// The one blob of a bundle is the signature itself.
			children = slices.DeleteFunc(slices.Clone(children), func(c *Node) bool { return c.Kind == NodeBlob })
		}
		writeBranches(b, children, indent+below)
	}
}

// line is a node on one line.
func (n *Node) line() string {
	var text string
	switch n.Kind {
	case NodeIndex, NodeImage:
		text = n.Title
		if n.Title != n.Digest.String() {
			text += "  " + n.Digest.String()
		}
	case NodeGroup:
		text = n.Title
		if n.Title != GroupReferrers {
			text += "  " + n.Reference
		}
	case NodeSignature, NodeAttestation, NodeSBOM, NodeReferrer, NodeBlob:
		text = n.Title
		if n.Signature == nil {
			text += "  " + n.Digest.String()
		}
	}
	if s := n.Signature; s != nil {
		if n.Kind == NodeAttestation {
			text += "  by " + s.title()
		}
		if s.Issuer != "" {
			text += "  " + s.Issuer
		}
		if s.Reason != nil {
			text += fmt.Sprintf("  not verified: %s", s.Reason.What)
		}
	}
	if s := n.Statement; s != nil && n.Kind == NodeAttestation {
		for _, subject := range s.Subjects[:min(len(s.Subjects), 3)] {
			if n.Signature == nil || !strings.HasSuffix(subject, n.Signature.Image.String()) {
				text += "  about " + subject // and not about what it is attached to
			}
		}
	}
	if n.Bill != "" {
		text += fmt.Sprintf("  %s, %s", n.Bill, counted(n.Packages, "package"))
	}
	if c, ok := n.Coverage(); ok {
		text += "  " + c.String()
	}
	switch {
	case n.Err != nil:
		text += "  cannot be read: " + n.Err.Error()
	case n.Bare():
		text += "  nothing is attached"
	}
	return oneLine(text)
}

// Bare reports whether a node is the image of a platform to which nothing is attached.
func (n *Node) Bare() bool {
	return n.Kind == NodeImage && n.Platform != "" && n.Title == n.Platform && !n.Unread && n.Err == nil && len(n.Children) == 0
}

// oneLine keeps foreign text from breaking out of its line or steering a terminal.
func oneLine(text string) string {
	return printable.Line(text, '�')
}
