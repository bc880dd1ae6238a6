package tree

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Branches makes the branches that stand for an image and what hangs off it.
func Branches(node *verification.Node) *widget.Branch {
	b := branch(node)
	if node.Unread {
		return b
	}
	if none := absent(node); none != "" {
		// Before the platforms: behind them it would seem to be about the last one.
		at := slices.IndexFunc(b.Children, func(c *widget.Branch) bool {
			child, ok := c.Value.(*verification.Node)
			return ok && child.Kind != verification.NodeGroup
		})
		if at < 0 {
			at = len(b.Children)
		}
		b.Children = slices.Insert(b.Children, at, &widget.Branch{Label: none, Value: node})
	}
	return b
}

func branch(node *verification.Node) *widget.Branch {
	b := &widget.Branch{Unread: node.Unread, Label: label(node), KeepEnd: node.Signature == nil, Aside: aside(node), Right: right(node), State: state(node), Value: node, Words: words(node)}
	for _, child := range node.Children {
		b.Children = append(b.Children, branch(child))
	}
	return b
}

// words are what finds a node beside what is seen of it: what one pastes from elsewhere.
func words(n *verification.Node) string {
	text := n.Digest.String() + " " + n.Reference + " " + n.MediaType + " " + n.Title
	if s := n.Signature; s != nil {
		text += " " + s.Issuer
	}
	return text
}

// absent says what was looked for at an image and is not there: a tree has only the groups that hold something.
func absent(n *verification.Node) string {
	var none []string
	for _, group := range []struct{ title, name string }{
		{verification.GroupSignatures, "signatures"},
		{verification.GroupAttestations, "attestations"},
		{verification.GroupSBOMs, "SBOMs"},
		{verification.GroupReferrers, "referrers"},
	} {
		if !slices.ContainsFunc(n.Children, func(c *verification.Node) bool { return c.Kind == verification.NodeGroup && c.Title == group.title }) {
			none = append(none, "no "+group.name)
		}
	}
	return strings.Join(none, ", ")
}

func label(n *verification.Node) string {
	title := widget.Clean(n.Title)
	if s := n.Signature; s != nil {
		where := "no log entry"
		if s.LogIndex != nil {
			where = "index " + signatures.Index(s)
		}
		if n.Kind == verification.NodeAttestation {
			return where + "  " + Predicate(title) + bill(n) + "  " + signatures.Subject(s)
		}
		return where + "  " + signatures.Subject(s)
	}
	if title == "" {
		title = widget.Clean(n.Reference)
	}
	if n.Platform != "" && n.Platform != n.Title {
		title += "  " + widget.Clean(n.Platform)
	}
	return title + bill(n)
}

// Predicate shortens the type of a statement to what tells it apart.
func Predicate(uri string) string {
	short := strings.TrimPrefix(strings.TrimPrefix(uri, "https://"), "http://")
	if i := strings.IndexByte(short, '/'); i > 0 && strings.Contains(short[:i], ".") {
		short = short[i+1:]
	}
	if short == "" {
		return uri
	}
	return short
}

// bill counts the packages of a software bill of materials.
func bill(n *verification.Node) string {
	switch {
	case n.Bill == "":
		return ""
	case n.Packages == 1:
		return "  " + n.Bill + ", 1 package"
	}
	return fmt.Sprintf("  %s, %d packages", n.Bill, n.Packages)
}

// aside is what cosign tree shows: the digest, and for a group of a tag, that tag.
func aside(n *verification.Node) string {
	switch {
	case n.Kind == verification.NodeGroup:
		if i := strings.LastIndexByte(n.Reference, ':'); i >= 0 && n.Title != verification.GroupReferrers {
			return widget.CutMiddle(widget.Clean(n.Reference[i+1:]), 24, "...")
		}
		return ""
	case n.Digest.Hex == "" || n.Title == n.Digest.String():
		return ""
	}
	return "sha256:" + n.Digest.Hex[:min(8, len(n.Digest.Hex))]
}

func right(n *verification.Node) string {
	switch {
	case n.Err != nil:
		return "cannot be read "
	case n.Kind == verification.NodeGroup:
		return fmt.Sprintf("%d ", len(n.Children))
	case n.Signature != nil:
		if n.Signature.Verified {
			return "verified "
		}
		return "not verified "
	case n.Kind == verification.NodeIndex:
		if c, ok := n.Coverage(); ok {
			return c.String() + " "
		}
		return ""
	case n.Bare():
		return "nothing attached "
	case n.Kind == verification.NodeImage:
		return "" // its size is that of a manifest, and would be taken for the image's
	case n.Size > 0:
		return Size(n.Size) + " "
	}
	return ""
}

func state(n *verification.Node) *theme.State {
	s := theme.Failed
	switch {
	case n.Err != nil:
		return &s
	case n.Signature != nil:
		s = signatures.Verdict(n.Signature)
		return &s
	}
	return nil
}

// Size writes a number of bytes for people, with decimal prefixes.
func Size(bytes int64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	case bytes >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%d B", bytes)
}

// Summary draws the whole tree in lines of width cells, at most limit of them.
func Summary(t *theme.Theme, node *verification.Node, width, limit int) []string {
	w := widget.NewTree(t)
	w.Still = true
	w.SetRoot(Branches(node))
	out := w.View(width, min(limit, w.Len()))
	if rest := w.Len() - limit; rest > 0 {
		out = append(out, t.Faint.Render(fmt.Sprintf("  and %d more", rest)))
	}
	if note := sameLayer(node); note != "" {
		out = append(out, widget.Paint(t.Faint, widget.Wrap(note, width))...)
	}
	return out
}

// sameLayer explains what puzzles everyone at first: the same digest once for every signature.
func sameLayer(node *verification.Node) string {
	count := map[string]int{}
	most := 0
	var walk func(*verification.Node)
	walk = func(n *verification.Node) {
		if n.Signature != nil {
			key := n.Signature.Layer.String()
			count[key]++
			most = max(most, count[key])
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(node)
	if most < 2 {
		return ""
	}
	return fmt.Sprintf("cosign tree shows the same digest %d times: the payload is the same for every signer; certificate and log entry differ.", most)
}
