package tree

import (
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// kind says what each kind of node is, for a person who sees one for the first time.
func kind(k verification.NodeKind) string {
	switch k {
	case verification.NodeIndex:
		return "an index: one image for each platform"
	case verification.NodeImage:
		return "an image"
	case verification.NodeGroup:
		return "a group"
	case verification.NodeSignature:
		return "a signature"
	case verification.NodeAttestation:
		return "an attestation: a signed statement about the image"
	case verification.NodeSBOM:
		return "a software bill of materials"
	case verification.NodeReferrer:
		return "a referrer: a manifest that names the image as its subject"
	case verification.NodeBlob:
		return "a blob"
	}
	return string(k)
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
	fact("what", kind(n.Kind))
	if n.Digest.Hex != "" {
		fact("digest", n.Digest.String())
	}
	fact("reference", n.Reference)
	fact("media type", n.MediaType)
	fact("platform", n.Platform)
	if n.Size > 0 {
		fact("size", Size(n.Size))
	}
	if n.Signature != nil {
		out = append(out, "")
		out = append(out, signatures.Detail(t, n.Signature, width)...)
	}
	return out
}
