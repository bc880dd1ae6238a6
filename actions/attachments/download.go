package attachments

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci/platform"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// Signatures returns the signatures of an image, each as `cosign download signature` prints it: payload, signature,
// certificate and log entry as one JSON object. Where there are bundles alone, it returns those, as cosign 3 does. Nothing is
// verified. It fails with CodeNoSignatures where there are none.
func (c *Client) Signatures(ctx context.Context, image string) ([]json.RawMessage, error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return nil, err
	}
	opts := ociremote.WithRemoteOptions(c.remote(ctx)...)
	entity, err := ociremote.SignedEntity(ref, opts)
	if err != nil {
		return nil, c.explain(ctx, err, image)
	}
	signatures, err := entity.Signatures()
	if err != nil {
		return nil, c.explain(ctx, err, image)
	}
	list, err := signatures.Get()
	if err != nil {
		return nil, c.explain(ctx, err, image)
	}
	if len(list) == 0 {
		return c.bundles(ctx, ref, "", true)
	}
	payloads, err := cosign.FetchSignatures(entity)
	if err != nil {
		return nil, c.explain(ctx, err, image)
	}
	return each(payloads)
}

// Attestations returns what is said about an image, each as `cosign download attestation` prints it: the bundles, and the signed
// envelopes of the tag. With kind, one of cosign's names or a URI, those of a type; with a platform such as "linux/arm64" those
// in the tag of that image of an index. Nothing is verified.
func (c *Client) Attestations(ctx context.Context, image, kind, forPlatform string) ([]json.RawMessage, error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return nil, err
	}
	uri := ""
	if kind != "" {
		if uri, err = options.ParsePredicateType(kind); err != nil {
			return nil, &actions.Error{Code: actions.CodeUsage, What: err.Error(), Next: "give one of cosign's names, such as slsaprovenance1, or a URI"}
		}
	}
	found, err := c.bundles(ctx, ref, uri, false)
	if err != nil {
		return nil, err
	}
	opts := ociremote.WithRemoteOptions(c.remote(ctx)...)
	entity, err := ociremote.SignedEntity(ref, opts)
	var missing *ociremote.EntityNotFoundError
	if d, ok := ref.(name.Digest); ok && errors.As(err, &missing) {
		entity, err = ociremote.SignedUnknown(d, opts), nil // what is attached is found without the image
	}
	if err != nil {
		return nil, c.explain(ctx, err, image)
	}
	if entity, err = platform.SignedEntityForPlatform(entity, forPlatform); err != nil {
		return nil, noPlatform(image, forPlatform, err)
	}
	attestations, err := cosign.FetchAttestations(entity, uri)
	if err != nil {
		return nil, c.explain(ctx, err, image)
	}
	more, err := each(attestations)
	return append(found, more...), err
}

// bundles are the bundles that refer to an image and make a statement of a type, "" for any.
func (c *Client) bundles(ctx context.Context, ref name.Reference, uri string, needed bool) ([]json.RawMessage, error) {
	all, _, err := cosign.GetBundles(ctx, ref, &cosign.CheckOpts{RegistryClientOpts: []ociremote.Option{ociremote.WithRemoteOptions(c.remote(ctx)...)}})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil || len(all) == 0 { // it fails where there are none
		if !needed {
			return nil, nil
		}
		return nil, &actions.Error{
			Code: actions.CodeNoSignatures, What: ref.String() + ": no signatures associated",
			Why: "neither its signature tag nor a bundle that refers to it holds any", Next: "sign it first: cosign sign " + ref.String(),
		}
	}
	var found []json.RawMessage
	for _, b := range all {
		if uri != "" {
			envelope, err := b.Envelope()
			if err != nil || envelope == nil {
				continue
			}
			statement, err := envelope.Statement()
			if err != nil || statement.GetPredicateType() != uri {
				continue
			}
		}
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, nil
}

func each[T any](values []T) ([]json.RawMessage, error) {
	texts := make([]json.RawMessage, len(values))
	for i, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// explain says what a failure of the registry means.
func (c *Client) explain(ctx context.Context, err error, image string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return c.opts.Registry.Explain(ctx, err, image)
}
