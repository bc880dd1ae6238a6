package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

// manifest is one manifest as the source has it, byte for byte.
type manifest struct {
	raw       []byte
	mediaType types.MediaType
	digest    v1.Hash
}

// RawManifest implements remote.Taggable.
func (m *manifest) RawManifest() ([]byte, error) { return m.raw, nil }

// MediaType tells the remote package what to call it.
func (m *manifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }

// puller and pusher go over the endpoint's own connection; the library's retries wait without a context, so they are off.
func (e *endpoint) options() []remote.Option {
	return []remote.Option{remote.WithTransport(e.signed), remote.WithRetryBackoff(remote.Backoff{Steps: 1})}
}

func (e *endpoint) manifest(ctx context.Context, ref name.Reference) (*manifest, error) {
	puller, err := remote.NewPuller(e.options()...)
	if err != nil {
		return nil, err
	}
	var desc *remote.Descriptor
	err = retry(ctx, func() error {
		desc, err = puller.Get(ctx, ref)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := checkImage(ref, &desc.Descriptor); err != nil {
		return nil, err
	}
	return &manifest{raw: desc.Manifest, mediaType: desc.MediaType, digest: desc.Digest}, nil
}

// readSource reads the source's manifests, from the root down, and lists the blobs they name.
func (cp *copying) readSource(ctx context.Context) error {
	root, err := cp.source.manifest(ctx, cp.source.ref)
	if err != nil {
		return err
	}
	if cp.platform != nil && root.mediaType.IsIndex() {
		if root, err = cp.pick(ctx, root); err != nil {
			return err
		}
	}
	cp.root = root
	if want, ok := cp.destination.ref.(name.Digest); ok && want.DigestStr() != root.digest.String() {
		return &actions.Error{
			Code: actions.CodeDigestMismatch,
			What: fmt.Sprintf("%s cannot become %s", cp.source.text, cp.destination.text),
			Why:  "the source has the digest " + root.digest.String(),
			Next: "name the destination by tag",
		}
	}
	seen := map[v1.Hash]bool{root.digest: true}
	for level := []*manifest{root}; len(level) > 0; {
		cp.manifests = append(cp.manifests, level)
		if level, err = cp.below(ctx, level, seen); err != nil {
			return err
		}
	}
	slices.Reverse(cp.manifests)
	return nil
}

// below lists the blobs of the images in level and fetches the manifests that its indexes name.
func (cp *copying) below(ctx context.Context, level []*manifest, seen map[v1.Hash]bool) ([]*manifest, error) {
	var wanted []v1.Descriptor
	for _, m := range level {
		if !m.mediaType.IsIndex() {
			if err := cp.listBlobs(m, seen); err != nil {
				return nil, err
			}
			continue
		}
		index, err := v1.ParseIndexManifest(bytes.NewReader(m.raw))
		if err != nil {
			return nil, err
		}
		for _, d := range index.Manifests {
			if m == cp.root && d.Platform != nil && d.Platform.OS != "unknown" {
				cp.platforms = append(cp.platforms, d.Platform.String())
			}
			switch {
			case seen[d.Digest]:
			case d.MediaType.IsIndex() || d.MediaType.IsImage():
				wanted = append(wanted, d)
			default:
				// The specification lets an index name anything; what is no manifest is a blob.
				cp.addBlob(d, "blob")
			}
			seen[d.Digest] = true
		}
	}
	found := make([]*manifest, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, d := range wanted {
		g.Go(func() (err error) {
			found[i], err = cp.source.manifest(ctx, cp.source.repo.Digest(d.Digest.String()))
			if isMissing(err) {
				err = cp.source.lacks("the manifest "+d.Digest.String(), err)
			}
			return err
		})
	}
	return found, g.Wait()
}

func (cp *copying) listBlobs(m *manifest, seen map[v1.Hash]bool) error {
	image, err := v1.ParseManifest(bytes.NewReader(m.raw))
	if err != nil {
		return err
	}
	if !seen[image.Config.Digest] {
		seen[image.Config.Digest] = true
		b := cp.addBlob(image.Config, "config")
		// An image alone says for which platform it is in its configuration only.
		b.tellsPlatform = m == cp.root && len(cp.platforms) == 0 && image.Config.MediaType.IsConfig()
	}
	for _, layer := range image.Layers {
		if !seen[layer.Digest] && layer.MediaType.IsDistributable() {
			seen[layer.Digest] = true
			cp.addBlob(layer, "layer")
		}
	}
	return nil
}

func (cp *copying) addBlob(d v1.Descriptor, kind string) *blob {
	b := &blob{digest: d.Digest, size: d.Size, data: d.Data, title: kind + " " + short(d.Digest)}
	cp.blobs = append(cp.blobs, b)
	return b
}

func short(h v1.Hash) string { return h.Hex[:min(12, len(h.Hex))] }

// pick returns the image of the index that is for the wanted platform.
func (cp *copying) pick(ctx context.Context, index *manifest) (*manifest, error) {
	list, err := v1.ParseIndexManifest(bytes.NewReader(index.raw))
	if err != nil {
		return nil, err
	}
	var there []string
	for _, d := range list.Manifests {
		if d.Platform == nil || !d.MediaType.IsImage() {
			continue
		}
		if d.Platform.Satisfies(*cp.platform) {
			cp.platforms = []string{d.Platform.String()}
			return cp.source.manifest(ctx, cp.source.repo.Digest(d.Digest.String()))
		}
		if d.Platform.OS != "unknown" {
			there = append(there, d.Platform.String())
		}
	}
	return nil, cp.wrongPlatform(there)
}

func (cp *copying) wrongPlatform(there []string) error {
	return &actions.Error{
		Code: actions.CodeImageNotFound,
		What: fmt.Sprintf("%s has no image for %s", cp.source.text, cp.platform),
		Why:  "it is for " + strings.Join(there, ", "),
		Next: "name one of these, or leave the platform out to copy all there is",
	}
}

// writeManifests writes what the root names before the root itself, so that the tag never names anything incomplete.
func (cp *copying) writeManifests(ctx context.Context) (string, error) {
	pusher, err := remote.NewPusher(cp.destination.options()...)
	if err != nil {
		return "", err
	}
	for _, level := range cp.manifests[:len(cp.manifests)-1] {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(parallel)
		for _, m := range level {
			g.Go(func() error {
				ref := cp.destination.repo.Digest(m.digest.String())
				return retry(ctx, func() error { return pusher.Put(ctx, ref, m) })
			})
		}
		if err := g.Wait(); err != nil {
			return "", atDestination(err)
		}
	}
	if cp.tagged.Load() {
		return "the same image was there already", nil
	}
	err = retry(ctx, func() error { return pusher.Put(ctx, cp.destination.ref, cp.root) })
	return cp.destination.ref.Name(), atDestination(err)
}

// lookAhead finds out whether the destination names this very image already. Then its tag is not written again, which a
// registry with immutable tags would refuse.
func (cp *copying) lookAhead(ctx context.Context) error {
	puller, err := remote.NewPuller(cp.destination.options()...)
	if err != nil {
		return err
	}
	desc, err := puller.Head(ctx, cp.destination.ref)
	cp.tagged.Store(err == nil && desc.Digest == cp.root.digest)
	return nil
}

// confirm reads the manifest back by the name under which it was written.
func (cp *copying) confirm(ctx context.Context) (string, error) {
	found, err := cp.destination.manifest(ctx, cp.destination.ref)
	var refusal *transport.Error
	if errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound {
		return "", &actions.Error{
			Code: actions.CodeServer,
			What: fmt.Sprintf("%s took %s and does not have it", cp.destination.repo.RegistryStr(), cp.destination.text),
			Next: "try again; if it stays so, the registry is broken or somebody deletes the tag",
			Err:  err,
		}
	}
	if err != nil {
		return "", atDestination(err)
	}
	if !bytes.Equal(found.raw, cp.root.raw) {
		return "", &actions.Error{
			Code: actions.CodeDigestMismatch,
			What: fmt.Sprintf("%s is not the image that was copied", cp.destination.text),
			Why:  fmt.Sprintf("its digest is %s and the source's is %s", found.digest, cp.root.digest),
			Next: "somebody else may have moved the tag in this moment: look at it, then copy again",
		}
	}
	return cp.root.digest.String(), nil
}
