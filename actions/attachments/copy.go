package attachments

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// CopyRequest says what to copy where.
type CopyRequest struct {
	Source, Destination string
	// Only leaves the image itself where it is, and copies these kinds alone; empty to copy everything.
	Only []Kind
	// Force is true when another image that the destination names may be replaced, and what is attached there may be added
	// to.
	Force bool
	// Platform such as "linux/arm64" copies that image of an index; empty for all.
	Platform string
}

// Copy copies an image with what is attached to it, and to the images in it where it is an index. The destination's tag
// comes last, so that nobody sees an image without its signatures.
//
// cosign's copy replaces the destination's signatures with the source's. Here what is attached there stays, and the source's is
// added in the way in which new ones are: docs/attaching.md. Bundles come along, which cosign 2 leaves behind; and the
// image is not stored under the tag sha256-<hex>, as cosign does, because that is where bundles are listed.
//
// It tells the observer of each thing that it copies. It fails with CodeImageInTheWay where another image is at the destination and
// Force is not set, before anything was copied.
func (c *Client) Copy(ctx context.Context, req CopyRequest) error {
	source, err := c.root(ctx, req)
	if err != nil {
		return err
	}
	destination, err := registry.Parse(req.Destination)
	if err != nil {
		return err
	}
	whole := len(req.Only) == 0
	if whole && !req.Force {
		if err := c.refuseAnother(ctx, source.DigestStr(), destination); err != nil {
			return err
		}
	}
	digests, err := c.opts.Registry.Descend(ctx, source.Name())
	if err != nil {
		return err
	}
	kinds := req.Only
	if whole {
		kinds = Kinds()
	}
	if !req.Force {
		for _, d := range digests {
			if err := c.refuseOthers(ctx, d, destination.Context(), kinds); err != nil {
				return err
			}
		}
	}
	for _, d := range digests {
		if err := c.copyAttached(ctx, d, destination.Context(), kinds); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	return c.copyImage(ctx, source, destination)
}

// root is the digest of what is copied.
func (c *Client) root(ctx context.Context, req CopyRequest) (name.Digest, error) {
	if req.Platform == "" {
		return c.digest(ctx, req.Source)
	}
	platform, err := v1.ParsePlatform(req.Platform)
	if err != nil || platform.OS == "" || platform.Architecture == "" {
		return name.Digest{}, &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("%q is not a platform", req.Platform), Next: "write it as OS/ARCHITECTURE, such as linux/amd64", Err: err,
		}
	}
	ref, err := registry.Parse(req.Source)
	if err != nil {
		return name.Digest{}, err
	}
	desc, err := remote.Get(ref, append(c.remote(ctx), remote.WithPlatform(*platform))...)
	if err != nil {
		return name.Digest{}, c.opts.Registry.Explain(ctx, err, req.Source)
	}
	image, err := desc.Image()
	if err != nil {
		return name.Digest{}, c.opts.Registry.Explain(ctx, err, req.Source)
	}
	digest, err := image.Digest()
	if err != nil {
		return name.Digest{}, err
	}
	return ref.Context().Digest(digest.String()), nil
}

// refuseAnother refuses to replace what a reference names, unless it is the same.
func (c *Client) refuseAnother(ctx context.Context, digest string, destination name.Reference) error {
	there, err := c.head(ctx, destination)
	if err != nil || there == "" || there == digest {
		return err
	}
	return exists(destination)
}

func exists(ref name.Reference) error {
	return &actions.Error{
		Code: actions.CodeImageInTheWay,
		What: fmt.Sprintf("image %q already exists. Use `-f` to overwrite", ref.Name()),
		Why:  "something else is there",
		Next: "look at it first (cosign tree); with -f an image is replaced, and signatures and attestations that are there stay beside those that come",
	}
}

// refuseOthers refuses to touch what is attached at the destination already, unless it is the same.
func (c *Client) refuseOthers(ctx context.Context, d name.Digest, to name.Repository, kinds []Kind) error {
	for _, kind := range kinds {
		if kind == Bundles { // each has a name of its own
			continue
		}
		there, err := c.head(ctx, kind.tag(to.Digest(d.DigestStr())))
		if err != nil || there == "" {
			if err != nil {
				return err
			}
			continue
		}
		here, err := c.head(ctx, kind.tag(d))
		if err != nil {
			return err
		}
		if here != "" && here != there {
			return exists(kind.tag(to.Digest(d.DigestStr())))
		}
	}
	return nil
}

// copyAttached copies what is attached to one image.
func (c *Client) copyAttached(ctx context.Context, d name.Digest, to name.Repository, kinds []Kind) error {
	there := to.Digest(d.DigestStr())
	for _, kind := range kinds {
		if kind == Bundles {
			if err := c.copyBundles(ctx, d, there); err != nil {
				return err
			}
			continue
		}
		source, destination := kind.tag(d), kind.tag(there)
		here, err := c.head(ctx, source)
		if err != nil || here == "" {
			if err != nil {
				return err
			}
			continue
		}
		c.copying(ctx, source, destination)
		if kind == SBOM {
			_, err = c.opts.Registry.Copy(ctx, registry.CopyRequest{Source: source.Name(), Destination: destination.Name()})
		} else {
			_, err = c.opts.Signer.Join(ctx, source, destination)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyBundles copies the bundles that refer to an image.
func (c *Client) copyBundles(ctx context.Context, d, there name.Digest) error {
	bundles, _, err := c.referrers(ctx, d)
	if err != nil {
		return err
	}
	for _, bundle := range bundles {
		source, destination := d.Context().Digest(bundle.Digest.String()), there.Context().Digest(bundle.Digest.String())
		c.copying(ctx, source, destination)
		if _, err := c.opts.Registry.Copy(ctx, registry.CopyRequest{Source: source.Name(), Destination: destination.Name()}); err != nil {
			return err
		}
	}
	if len(bundles) == 0 {
		return nil
	}
	listed, _, err := c.referrers(ctx, there)
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(bundles, func(b v1.Descriptor) bool {
		return slices.ContainsFunc(listed, func(l v1.Descriptor) bool { return l.Digest == b.Digest })
	})
	_, err = c.opts.Signer.List(ctx, there, missing)
	return err
}

func (c *Client) copyImage(ctx context.Context, source name.Digest, destination name.Reference) error {
	there, err := c.head(ctx, destination)
	if err != nil || there == source.DigestStr() {
		return err
	}
	c.copying(ctx, source, destination)
	_, err = c.opts.Registry.Copy(ctx, registry.CopyRequest{Source: source.Name(), Destination: destination.Name()})
	return err
}

// copying says what is on its way, as cosign does.
func (c *Client) copying(ctx context.Context, source, destination name.Reference) {
	c.say(ctx, actions.NoteInfo, fmt.Sprintf("Copying %s to %s...", source, destination))
}
