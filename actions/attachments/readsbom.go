package attachments

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/oci/platform"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// ReadSBOM returns the list of packages that is attached to an image, or to that of an index for a platform such as
// "linux/arm64", and its media type. Nobody signed it.
func (c *Client) ReadSBOM(ctx context.Context, image, forPlatform string) (content []byte, mediaType string, err error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return nil, "", err
	}
	opts := ociremote.WithRemoteOptions(c.remote(ctx)...)
	entity, err := ociremote.SignedEntity(ref, opts)
	var missing *ociremote.EntityNotFoundError
	if d, ok := ref.(name.Digest); ok && errors.As(err, &missing) {
		entity, err = ociremote.SignedUnknown(d, opts), nil // what is attached is found without the image
	}
	if err != nil {
		return nil, "", c.explain(ctx, err, image)
	}
	if entity, err = platform.SignedEntityForPlatform(entity, forPlatform); err != nil {
		return nil, "", noPlatform(image, forPlatform, err)
	}
	file, err := entity.Attachment("sbom")
	if errors.Is(err, ociremote.ErrImageNotFound) {
		return nil, "", &actions.Error{
			Code: actions.CodeImageNotFound, What: "no sbom attached to reference", Why: "there is none at the tag that is made from the digest",
			Next: "an SBOM may have been attested: cosign download attestation " + image + "; in an index each platform has its own, see --platform", Err: err,
		}
	}
	if err != nil {
		return nil, "", c.explain(ctx, err, image)
	}
	kind, err := file.FileMediaType()
	if err == nil {
		content, err = file.Payload()
	}
	if err != nil {
		return nil, "", c.explain(ctx, err, image)
	}
	return content, string(kind), nil
}

func noPlatform(image, wanted string, err error) error {
	return &actions.Error{
		Code: actions.CodeImageNotFound, What: image + " has no image for " + wanted, Why: err.Error(), Next: "see its platforms: crane manifest " + image, Err: err,
	}
}
