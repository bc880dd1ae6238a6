package verification

import (
	"bytes"
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
)

// layoutStorage is an OCI layout on the disk. Tags and digests are looked up in it, whatever repository they name.
type layoutStorage struct {
	*layout.Layout
	image v1.Descriptor
}

// onDisk opens the layout that a reference names. What belongs to the image is looked for in it and nowhere else.
func onDisk(ctx context.Context, asked string) (*source, error) {
	ref, err := layout.Parse(asked)
	if err != nil {
		return nil, err
	}
	opened, err := layout.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	image, err := opened.Image()
	if err != nil {
		_ = opened.Close()
		return nil, err
	}
	stored := &layoutStorage{opened, image}
	// The digest stands in index.json: what is signed is there only if the manifest is, and is that one.
	if _, err := opened.Manifest(image.Digest); err != nil {
		stored.close()
		return nil, stored.explainFor(ctx, err, asked)
	}
	return &source{storage: stored, asked: asked, ref: opened.Repository().Digest(image.Digest.String())}, nil
}

func (l *layoutStorage) head(_ context.Context, ref name.Reference) (*v1.Descriptor, error) {
	desc, err := l.find(ref)
	return &desc, err
}

func (l *layoutStorage) find(ref name.Reference) (v1.Descriptor, error) {
	d, ok := ref.(name.Digest)
	if !ok {
		return l.Find(ref.Identifier())
	}
	h, err := v1.NewHash(d.DigestStr())
	if err != nil {
		return v1.Descriptor{}, err
	}
	if h == l.image.Digest {
		return l.image, nil
	}
	return v1.Descriptor{Digest: h}, nil
}

func (l *layoutStorage) get(_ context.Context, ref name.Reference) (*held, error) {
	desc, err := l.find(ref)
	if err != nil {
		return nil, err
	}
	raw, err := l.Manifest(desc.Digest)
	if err != nil {
		return nil, err
	}
	desc.Size = int64(len(raw))
	if desc.MediaType == "" {
		// Within a layout a digest comes without its type, and the manifest says it itself.
		if m, err := v1.ParseManifest(bytes.NewReader(raw)); err == nil {
			desc.MediaType = m.MediaType
		}
	}
	return &held{desc, raw, func() ([]byte, v1.Hash, error) { return l.forLinux(ref, raw) }}, nil
}

// forLinux chooses the image of an index as go-containerregistry does in a registry.
func (l *layoutStorage) forLinux(ref name.Reference, raw []byte) ([]byte, v1.Hash, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, v1.Hash{}, err
	}
	for _, child := range index.Manifests {
		if p := child.Platform; p != nil && (p.OS != "linux" || p.Architecture != "amd64") {
			continue
		}
		content, err := l.Manifest(child.Digest)
		return content, child.Digest, err
	}
	return nil, v1.Hash{}, noPlatform(ref)
}

func (l *layoutStorage) read(_ context.Context, ref name.Digest, limit int64) ([]byte, error) {
	h, err := v1.NewHash(ref.DigestStr())
	if err != nil {
		return nil, err
	}
	return l.Blob(h, limit)
}

func (l *layoutStorage) refers(ctx context.Context, d name.Digest) ([]v1.Descriptor, error) {
	h, err := v1.NewHash(d.DigestStr())
	if err != nil {
		return nil, err
	}
	return l.Referrers(ctx, h)
}

func (l *layoutStorage) explainFor(ctx context.Context, err error, asked string) error {
	var known *actions.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &known):
		return err
	}
	return &actions.Error{
		Code: actions.CodeLayout, What: asked + " cannot be read", Why: err.Error(), Err: err,
		Next: "ask for it again from whoever made the copy",
	}
}

func (l *layoutStorage) close() { _ = l.Close() }

func (l *layoutStorage) awaited() int { return 0 }
