package tree

import (
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// what says what a node is, for a person who sees one for the first time.
func what(n *verification.Node) string {
	switch n.Kind {
	case verification.NodeIndex:
		return "an index: one image for each platform"
	case verification.NodeImage:
		return "an image"
	case verification.NodeGroup:
		switch n.Title {
		case verification.GroupSignatures:
			return "signatures, under a tag made from the digest of the image"
		case verification.GroupAttestations:
			return "attestations, under a tag made from the digest of the image"
		case verification.GroupSBOMs:
			return "bills of materials, under a tag made from the digest of the image"
		case verification.GroupReferrers:
			return "manifests that name what they hang off as their subject (OCI 1.1)"
		}
	case verification.NodeSignature:
		return "a signature"
	case verification.NodeAttestation:
		return "an attestation: a signed statement about the image"
	case verification.NodeSBOM:
		return "a software bill of materials"
	case verification.NodeReferrer:
		return "a referrer: a manifest that names what it hangs off as its subject"
	case verification.NodeBlob:
		return "a blob"
	}
	return string(n.Kind)
}

// Detail says all that is known of one node, in lines of at most width cells.
func Detail(t *theme.Theme, n *verification.Node, width int) []string {
	var out []string
	fact := func(name, value string) {
		if value == "" {
			return
		}
		out = append(out, widget.Hang(t.Faint.Render(widget.Fit(name, 12, "")), widget.Clean(value), width)...)
	}
	if n.Err != nil {
		out = append(out, widget.Hang(t.Bad.Render("x")+" ", "could not be read: "+widget.Clean(n.Err.Error()), width)...)
	}
	fact("what", what(n))
	if n.Digest.Hex != "" {
		fact("digest", n.Digest.String())
	}
	fact("reference", n.Reference)
	fact("media type", n.MediaType)
	fact("platform", n.Platform)
	if n.Size > 0 {
		name := "size"
		if n.Kind == verification.NodeIndex || n.Kind == verification.NodeImage {
			name = "manifest"
		}
		fact(name, Size(n.Size))
	}
	if s := n.Statement; s != nil {
		fact("predicate", s.PredicateType)
		for _, subject := range s.Subjects[:min(len(s.Subjects), 5)] {
			fact("about", subject)
		}
	}
	fact("lists", strings.TrimSpace(bill(n)))
	if c, ok := n.Coverage(); ok {
		fact("coverage", c.String())
	}
	if note := sameLayer(n); n.Kind == verification.NodeGroup && note != "" {
		out = append(out, "")
		out = append(out, widget.Wrap(note, width)...)
	}
	if n.Signature != nil {
		out = append(out, "")
		out = append(out, signatures.Detail(t, n.Signature, width)...)
	}
	return out
}
