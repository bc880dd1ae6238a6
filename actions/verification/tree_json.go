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
}

// MarshalJSON implements json.Marshaler with the node and what is below it.
func (n *Node) MarshalJSON() ([]byte, error) {
	out := nodeJSON{
		Kind: n.Kind, Title: n.Title, Reference: n.Reference, MediaType: n.MediaType,
		Size: n.Size, Platform: n.Platform, Signature: n.Signature, Children: n.Children,
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
