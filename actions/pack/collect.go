package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// The limits on what a registry may hand us.
const (
	maxManifests     = 20_000
	maxManifestBytes = 32 << 20
	maxAllManifests  = 256 << 20
	maxDepth         = 8 // of indexes in indexes and of referrers of referrers
	fetchers         = 8
)

// manifest is one that goes into the pack.
type manifest struct {
	desc v1.Descriptor
	raw  []byte
	tag  string // under which it is kept; empty for one that is named by digest alone
	kind string // cosign's, for what belongs to the image itself
	// listed is true for one that index.json names: the image, what has a tag, and what refers to something.
	listed bool
}

// blob is a layer or a configuration, and where it is read from.
type blob struct {
	digest v1.Hash
	size   int64
	repo   name.Repository
}

// collection is what goes into a pack.
type collection struct {
	packer  *Packer
	puller  *remote.Puller
	options []remote.Option
	image   name.Digest
	asked   name.Reference

	mu        sync.Mutex
	manifests map[string]*manifest
	blobs     map[string]*blob
	bytes     int64 // of manifests
}

func (c *collection) collect(ctx context.Context, image string) (string, error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return "", err
	}
	c.asked = ref
	c.options = c.packer.opts.Registry.Remote(ctx)
	if c.puller, err = remote.NewPuller(c.options...); err != nil {
		return "", err
	}
	c.options = append(c.options, remote.Reuse(c.puller))
	desc, err := c.puller.Get(ctx, ref)
	if err != nil {
		return "", c.packer.opts.Registry.Explain(ctx, err, image)
	}
	if !desc.MediaType.IsImage() && !desc.MediaType.IsIndex() {
		return "", &actions.Error{Code: actions.CodeNotAnImage, What: image + " is not an image", Why: "its manifest is of type " + string(desc.MediaType), Next: "name an image or an index of images"}
	}
	c.image = ref.Context().Digest(desc.Digest.String())
	kind := "dev.cosignproject.cosign/image"
	if desc.MediaType.IsIndex() {
		kind = "dev.cosignproject.cosign/imageIndex"
	}
	root := &manifest{desc: desc.Descriptor, raw: desc.Manifest, kind: kind, listed: true}
	if tag, ok := ref.(name.Tag); ok {
		root.tag = tag.TagStr()
	}
	if err := c.add(ctx, ref.Context(), root, 0); err != nil {
		return "", c.explain(ctx, err)
	}
	return counted(len(c.manifests), "manifest") + ", " + counted(len(c.blobs), "blob"), nil
}

func (c *collection) explain(ctx context.Context, err error) error {
	var known *actions.Error
	if errors.As(err, &known) {
		return err
	}
	return c.packer.opts.Registry.Explain(ctx, err, c.asked.String())
}

// add takes a manifest, what it is made of and what is attached to it. Whatever was taken before is passed over, so that
// manifests which refer to each other end.
func (c *collection) add(ctx context.Context, repo name.Repository, m *manifest, depth int) error {
	if depth > maxDepth {
		return tooMuch("it is attached to something attached, %d times over", maxDepth)
	}
	fresh, err := c.take(m)
	if err != nil || !fresh {
		return err
	}
	if m.desc.MediaType.IsIndex() {
		err = c.addChildren(ctx, repo, m, depth)
	} else {
		err = c.addBlobs(ctx, repo, m)
	}
	if err != nil {
		return err
	}
	return c.addAttached(ctx, repo, m, depth)
}

func (c *collection) take(m *manifest) (fresh bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, ok := c.manifests[m.desc.Digest.String()]; ok {
		if m.listed && !before.listed {
			// Which of the two ways to it was the faster must not show.
			before.listed, before.desc.ArtifactType, before.desc.Annotations = true, m.desc.ArtifactType, m.desc.Annotations
		}
		return false, nil
	}
	if len(m.raw) > maxManifestBytes {
		return false, tooMuch("a manifest has more than %d bytes", maxManifestBytes)
	}
	if c.bytes += int64(len(m.raw)); c.bytes > maxAllManifests {
		return false, tooMuch("its manifests have more than %d bytes", maxAllManifests)
	}
	if len(c.manifests) == maxManifests {
		return false, tooMuch("it has more than %d manifests", maxManifests)
	}
	c.manifests[m.desc.Digest.String()] = m
	return true, nil
}

func tooMuch(why string, limit int) error {
	return &actions.Error{
		Code: actions.CodeManifestTooLarge, What: "the image cannot be packed", Why: fmt.Sprintf(why, limit),
		Next: "look at what is attached to it with `sigwalk tree`, and ask whoever runs the registry to remove what does not belong there",
	}
}

func (c *collection) addChildren(ctx context.Context, repo name.Repository, m *manifest, depth int) error {
	index, err := v1.ParseIndexManifest(bytes.NewReader(m.raw))
	if err != nil {
		return unreadable(m, err)
	}
	return each(ctx, index.Manifests, func(ctx context.Context, child v1.Descriptor) error {
		got, err := c.puller.Get(ctx, repo.Digest(child.Digest.String()))
		if err != nil {
			return err
		}
		return c.add(ctx, repo, &manifest{desc: got.Descriptor, raw: got.Manifest}, depth+1)
	})
}

func (c *collection) addBlobs(ctx context.Context, repo name.Repository, m *manifest) error {
	parsed, err := v1.ParseManifest(bytes.NewReader(m.raw))
	if err != nil {
		return unreadable(m, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, desc := range append([]v1.Descriptor{parsed.Config}, parsed.Layers...) {
		switch {
		case desc.Digest.Hex == "": // a manifest without configuration
		case !desc.MediaType.IsDistributable() && desc.MediaType.IsLayer():
			c.packer.opts.Observer.Event(ctx, actions.Note{
				Level: actions.NoteWarning, Text: "the layer " + desc.Digest.String() + " is kept elsewhere by its licence and is not packed",
			})
		case c.blobs[desc.Digest.String()] == nil:
			c.blobs[desc.Digest.String()] = &blob{desc.Digest, desc.Size, repo}
		}
	}
	return nil
}

func unreadable(m *manifest, err error) error {
	return &actions.Error{
		Code: actions.CodeNotAnImage, What: m.desc.Digest.String() + " cannot be read as a manifest", Why: err.Error(), Err: err,
		Next: "look at it with `crane manifest`",
	}
}

// addAttached takes what is kept under the tags of m, and what refers to it.
func (c *collection) addAttached(ctx context.Context, repo name.Repository, m *manifest, depth int) error {
	beside := repo
	if other := c.packer.opts.Repository; other != "" && repo == c.asked.Context() {
		var err error
		if beside, err = name.NewRepository(other); err != nil {
			return &actions.Error{Code: actions.CodeReference, What: "COSIGN_REPOSITORY names no repository: " + other, Why: err.Error(), Next: "write it as REGISTRY/NAME, without a tag"}
		}
	}
	for _, part := range []struct{ suffix, kind string }{
		{"sig", "dev.cosignproject.cosign/sigs"}, {"att", "dev.cosignproject.cosign/atts"}, {"sbom", ""},
	} {
		tag := strings.Replace(m.desc.Digest.String(), ":", "-", 1) + "." + part.suffix
		got, err := c.puller.Get(ctx, beside.Tag(tag))
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		attached := &manifest{desc: got.Descriptor, raw: got.Manifest, tag: tag, listed: true}
		if m.desc.Digest.String() == c.image.DigestStr() {
			attached.kind = part.kind
		}
		if err := c.add(ctx, beside, attached, depth+1); err != nil {
			return err
		}
	}
	repositories := []name.Repository{repo}
	if beside != repo {
		repositories = append(repositories, beside)
	}
	for _, r := range repositories {
		if err := c.addReferrers(ctx, r, m, depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) addReferrers(ctx context.Context, repo name.Repository, m *manifest, depth int) error {
	index, err := remote.Referrers(repo.Digest(m.desc.Digest.String()), slices.Concat(c.options, []remote.Option{remote.WithContext(ctx)})...)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// There are registries that do not know the question and answer with an error.
		c.packer.opts.Observer.Event(ctx, actions.Note{
			Level: actions.NoteWarning, Text: "what refers to " + m.desc.Digest.String() + " is not packed: " + c.explain(ctx, err).Error(),
		})
		return nil
	}
	list, err := index.IndexManifest()
	if err != nil {
		return unreadable(m, err)
	}
	if len(list.Manifests) > maxManifests {
		return tooMuch("more than %d manifests refer to it", maxManifests)
	}
	return each(ctx, list.Manifests, func(ctx context.Context, desc v1.Descriptor) error {
		got, err := c.puller.Get(ctx, repo.Digest(desc.Digest.String()))
		if err != nil {
			return err
		}
		referrer := &manifest{desc: got.Descriptor, raw: got.Manifest, listed: true}
		referrer.desc.ArtifactType, referrer.desc.Annotations = desc.ArtifactType, desc.Annotations
		return c.add(ctx, repo, referrer, depth+1)
	})
}

func missing(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}

// each works on several descriptors at the same time.
func each(ctx context.Context, all []v1.Descriptor, work func(context.Context, v1.Descriptor) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for _, desc := range all {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return work(ctx, desc) })
	}
	return g.Wait()
}
