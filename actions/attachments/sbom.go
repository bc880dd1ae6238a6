package attachments

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions"
)

// Attached says where a document was put, and what was there before.
type Attached struct {
	Tag name.Tag
	// Replaced is the digest of the manifest that the tag named before; empty when it named none, or the same.
	Replaced string
}

// AttachSBOM puts a list of packages beside an image, as `cosign attach sbom` does: unsigned, so that whoever may write to the
// repository may replace it. There is one at a time; what was there before can still be read by its digest.
func (c *Client) AttachSBOM(ctx context.Context, image string, content []byte, mediaType types.MediaType) (*Attached, error) {
	d, err := c.digest(ctx, image)
	if err != nil {
		return nil, err
	}
	tag := SBOM.tag(d)
	file, err := static.NewFile(content, static.WithLayerMediaType(mediaType))
	if err != nil {
		return nil, err
	}
	ours, err := file.Digest()
	if err != nil {
		return nil, err
	}
	attached := &Attached{Tag: tag}
	there, err := c.head(ctx, tag)
	if err != nil {
		return nil, err
	}
	if there != "" && there != ours.String() {
		attached.Replaced = there
	}
	if err := remote.Write(tag, file, c.remote(ctx)...); err != nil {
		return nil, c.opts.Registry.ExplainPush(ctx, err, tag.Name())
	}
	if attached.Replaced != "" {
		c.say(ctx, actions.NoteWarning, "it replaced another SBOM, which can still be read as "+tag.Digest(there).Name())
	}
	return attached, nil
}

// head returns the digest that a tag names, "" for nothing.
func (c *Client) head(ctx context.Context, ref name.Reference) (string, error) {
	desc, err := remote.Get(ref, c.remote(ctx)...) // some registries answer HEAD from a cache
	switch {
	case notFound(err):
		return "", nil
	case err != nil:
		return "", c.opts.Registry.Explain(ctx, err, ref.Name())
	}
	return desc.Digest.String(), nil
}

func notFound(err error) bool {
	var refusal *transport.Error
	return errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound
}
