// Package attachments is what a person does with what hangs off an image, beside signing and verifying: find its place, attach
// a list of packages, copy an image with all of it, read it, and remove it.
package attachments

import (
	"context"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
)

// Kind is what is attached to an image. Each kind has a tag of its own beside the image.
type Kind string

// The kinds.
const (
	Signatures   Kind = "signature"   // sha256-<hex>.sig
	Attestations Kind = "attestation" // sha256-<hex>.att
	SBOM         Kind = "sbom"        // sha256-<hex>.sbom, a document that nobody signed
	// Bundles are Sigstore bundles that refer to the image. Their tag, sha256-<hex>, is there only where the registry does not
	// list by itself what refers to an image.
	Bundles Kind = "bundle"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Signatures, Attestations, SBOM, Bundles} }

// suffix is the end of the kind's tag.
func (k Kind) suffix() string {
	switch k {
	case Signatures:
		return ".sig"
	case Attestations:
		return ".att"
	case SBOM:
		return ".sbom"
	case Bundles:
	}
	return ""
}

// tag is where the kind is kept for an image.
func (k Kind) tag(d name.Digest) name.Tag {
	return d.Context().Tag(strings.Replace(d.DigestStr(), ":", "-", 1) + k.suffix())
}

// Options configure a Client.
type Options struct {
	Registry *registry.Client
	// Signer attaches what is copied, so that nothing at the destination is lost.
	Signer   *signing.Signer
	Observer actions.Observer // nil for actions.Discard
}

// Client works on what is attached. It is safe for concurrent use.
type Client struct{ opts Options }

// New returns a client.
func New(opts Options) *Client {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	return &Client{opts}
}

// Tag returns where a kind is kept for an image, whether anything is there or not. An image that is named by its digest need
// not exist.
func (c *Client) Tag(ctx context.Context, image string, kind Kind) (name.Tag, error) {
	d, err := c.digest(ctx, image)
	if err != nil {
		return name.Tag{}, err
	}
	return kind.tag(d), nil
}

// digest is what image names now; a digest is taken at its word.
func (c *Client) digest(ctx context.Context, image string) (name.Digest, error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return name.Digest{}, err
	}
	if d, ok := ref.(name.Digest); ok {
		return d, nil
	}
	resolved, err := c.opts.Registry.Resolve(ctx, image)
	if err != nil {
		return name.Digest{}, err
	}
	return resolved.Digest, nil
}

// say tells whoever watches what was done.
func (c *Client) say(ctx context.Context, level actions.NoteLevel, text string) {
	c.opts.Observer.Event(ctx, actions.Note{Level: level, Text: text})
}

func (c *Client) remote(ctx context.Context) []remote.Option { return c.opts.Registry.Remote(ctx) }
