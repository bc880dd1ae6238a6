package verification

import (
	"encoding/json"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
)

// nodeJSON is the form of `sigwalk tree -o json`. It is stable: fields are added, never renamed or removed.
type nodeJSON struct {
	Kind      NodeKind    `json:"kind"`
	Title     string      `json:"title"`
	Reference string      `json:"reference"`
	Digest    string      `json:"digest,omitempty"`
	MediaType string      `json:"mediaType,omitempty"`
	Size      int64       `json:"size,omitempty"` // bytes
	Platform  string      `json:"platform,omitempty"`
	Signature *Signature  `json:"signature,omitempty"`
	Error     *reasonJSON `json:"error,omitempty"` // why this node could not be read
	Children  []*Node     `json:"children"`        // never null
	// Subjects are what an attestation is about.
	Subjects []string `json:"subjects,omitempty"`
	// SBOM is the format of a software bill of materials ("SPDX", "CycloneDX", "syft"), with how many packages it lists.
	SBOM     string `json:"sbom,omitempty"`
	Packages *int   `json:"packages,omitempty"`
	// Coverage is that of an index: how many of its images are signed.
	Coverage *coverageJSON `json:"coverage,omitempty"`
	// Consumers say what programs will find; only of the image that was asked for.
	Consumers []consumerJSON `json:"consumers,omitempty"`
}

type coverageJSON struct {
	Platforms int `json:"platforms"`
	Signed    int `json:"signed"`
	Verified  int `json:"verified"`
	Unknown   int `json:"unknown"` // could not be read
}

type consumerJSON struct {
	Name  string `json:"name"`
	Sees  string `json:"sees"`
	Why   string `json:"why"`
	Finds bool   `json:"finds"` // at least one signature that verified, whoever made it
	// WithKey: at least one by a key pair, which counts for who names the right public key.
	WithKey bool `json:"withKey"`
}

// MarshalJSON implements json.Marshaler with the node and what is below it.
func (n *Node) MarshalJSON() ([]byte, error) {
	out := nodeJSON{
		Kind: n.Kind, Title: n.Title, Reference: n.Reference, MediaType: n.MediaType,
		Size: n.Size, Platform: n.Platform, Signature: n.Signature, Children: n.Children,
	}
	if n.Statement != nil {
		out.Subjects = n.Statement.Subjects
	}
	if n.Bill != "" {
		out.SBOM, out.Packages = n.Bill, &n.Packages
	}
	if c, ok := n.Coverage(); ok {
		out.Coverage = &coverageJSON{c.Platforms, c.Signed, c.Verified, c.Unknown}
	}
	if n.asked {
		for _, c := range n.Consumers() {
			out.Consumers = append(out.Consumers, consumerJSON(c))
		}
	}
	if n.Digest != (v1.Hash{}) {
		out.Digest = n.Digest.String()
	}
	if out.Children == nil {
		out.Children = []*Node{}
	}
	if n.Err != nil {
		out.Error = &reasonJSON{Code: actions.CodeOf(n.Err), What: n.Err.Error()}
		var e *actions.Error
		if errors.As(n.Err, &e) {
			out.Error = &reasonJSON{e.Code, e.What, e.Why, e.Next}
		}
	}
	return json.Marshal(out)
}
