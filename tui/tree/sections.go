package tree

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// The sections of the detail, by the keys 1 to 6.
const (
	sectionNode = iota
	sectionManifest
	sectionAnnotations
	sectionCertificate
	sectionPayload
	sectionConsumers
	sections
)

var names = [sections]string{"node", "manifest", "notes", "cert", "data", "seen"}

// tabs is the title of the pane: the sections by their keys, the shown one in capitals.
func tabs(section int) string {
	parts := make([]string, sections)
	for i, name := range names {
		if i == section {
			name = strings.ToUpper(name)
		}
		parts[i] = fmt.Sprintf("%d %s", i+1, name)
	}
	return strings.Join(parts, " ")
}

// lines are those of the chosen section of a node.
func (m *Model) lines(n *verification.Node, width int) []string {
	t := m.deps.Theme
	switch m.section {
	case sectionManifest:
		return m.manifestLines(n, width)
	case sectionAnnotations:
		return m.annotationLines(n, width)
	case sectionCertificate:
		if n.Signature == nil {
			return noted(t, "Only signatures and attestations have a certificate.", width)
		}
		return signatures.Certificate(t, n.Signature, width)
	case sectionPayload:
		return payload(t, n, width)
	case sectionConsumers:
		return consumers(t, m.root, width)
	}
	lines := Detail(t, n, width)
	if n.Unread && m.opts.Grow != nil {
		lines = append(lines, noted(t, "What hangs off it has not been asked yet: space asks.", width)...)
	}
	return lines
}

func noted(t *theme.Theme, text string, width int) []string {
	p := &widget.Page{Theme: t, Width: width}
	p.Note(text)
	return p.Lines
}

// manifestOf is the manifest that a node names; lines says why it is not there.
func (m *Model) manifestOf(n *verification.Node, width int) (raw []byte, lines []string) {
	t := m.deps.Theme
	found := m.manifests[n.Reference]
	switch {
	case m.opts.Manifest == nil:
		return nil, noted(t, "Manifests are shown by sigwalk browse IMAGE.", width)
	case found.err != nil:
		return nil, widget.Hang(t.Bad.Render("x")+" ", "could not be read: "+widget.Clean(found.err.Error()), width)
	case !found.here:
		return nil, noted(t, "It is being read.", width)
	}
	return found.raw, nil
}

func (m *Model) manifestLines(n *verification.Node, width int) []string {
	raw, lines := m.manifestOf(n, width)
	if raw == nil {
		return lines
	}
	p := &widget.Page{Theme: m.deps.Theme, Width: width}
	p.Note("The manifest " + n.Reference)
	p.Document(verification.Indented(raw))
	return p.Lines
}

// annotationLines show the annotations of the manifest, and those of the layer that the node stands for.
func (m *Model) annotationLines(n *verification.Node, width int) []string {
	raw, lines := m.manifestOf(n, width)
	if raw == nil {
		return lines
	}
	t := m.deps.Theme
	p := &widget.Page{Theme: t, Width: width}
	put := func(title string, annotations map[string]string) {
		if len(annotations) == 0 {
			return
		}
		p.Title(title)
		for _, key := range slices.Sorted(maps.Keys(annotations)) {
			p.Lines = append(p.Lines, t.Faint.Render(widget.Cut(widget.Clean(key), width, t.Lines.More)))
			p.Add("  ", strings.TrimSpace(annotations[key]))
		}
	}
	parsed, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return noted(t, "It is no manifest of an image: "+err.Error(), width)
	}
	put("of the manifest", parsed.Annotations)
	if layer, ok := layerOf(n, parsed.Layers); ok {
		put("of the layer", layer.Annotations)
	}
	if len(p.Lines) == 0 {
		p.Note("There are none.")
	}
	return p.Lines
}

// layerOf is the layer that a node stands for: that of a signature by its place, for many have the same digest.
func layerOf(n *verification.Node, layers []v1.Descriptor) (v1.Descriptor, bool) {
	if s := n.Signature; s != nil && s.Storage == verification.StoredInTag && s.Position < len(layers) {
		return layers[s.Position], true
	}
	i := slices.IndexFunc(layers, func(d v1.Descriptor) bool { return d.Digest == n.Digest })
	if i < 0 {
		return v1.Descriptor{}, false
	}
	return layers[i], true
}

// payload is what was signed, and what a statement says.
func payload(t *theme.Theme, n *verification.Node, width int) []string {
	p := &widget.Page{Theme: t, Width: width}
	if s := n.Statement; s != nil {
		p.Fact("predicate", s.PredicateType)
		for _, subject := range s.Subjects {
			p.Fact("about", subject)
		}
	}
	p.Fact("lists", strings.TrimSpace(bill(n)))
	switch {
	case n.Signature == nil:
		if len(p.Lines) == 0 {
			p.Note("Nothing was signed here.")
		}
	case len(n.Signature.Payload) == 0:
		p.Note("What was signed could not be read.")
	default:
		if len(p.Lines) > 0 {
			p.Blank()
		}
		p.Document(verification.Indented(n.Signature.Signed()))
	}
	return p.Lines
}

// consumers says what programs will find of what is stored: first of every one, so that all are seen at once, then why.
func consumers(t *theme.Theme, root *verification.Node, width int) []string {
	p := &widget.Page{Theme: t, Width: width}
	all := root.Consumers()
	longest := 0
	for _, c := range all {
		longest = max(longest, widget.Width(c.Name))
	}
	for _, c := range all {
		state := theme.Failed
		switch {
		case c.Finds:
			state = theme.OK
		case c.WithKey:
			state = theme.Skipped
		}
		p.Add(t.Glyph(state)+" "+widget.Fit(c.Name, longest+2, ""), c.Sees)
	}
	if c, ok := root.Coverage(); ok {
		p.Note("of the index: " + c.String())
	}
	for _, c := range all {
		p.Blank()
		p.Title(c.Name)
		p.Lines = append(p.Lines, widget.Paint(t.Faint, widget.Hang("   ", widget.Clean(c.Why), width))...)
	}
	p.Blank()
	p.Note("This is what is stored now. Whether a program is content with who signed is for its policy.")
	return p.Lines
}
