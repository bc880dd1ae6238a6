package verification

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// storage is where an image and what belongs to it are kept. Where something is not there the error is one of notFound.
type storage interface {
	head(ctx context.Context, ref name.Reference) (*v1.Descriptor, error)
	get(ctx context.Context, ref name.Reference) (*held, error)
	// read returns a blob, whose digest was checked, or its first limit+1 bytes.
	read(ctx context.Context, ref name.Digest, limit int64) ([]byte, error)
	refers(ctx context.Context, d name.Digest) ([]v1.Descriptor, error)
	// explainFor says what an error means to who asked for a reference.
	explainFor(ctx context.Context, err error, asked string) error
	close()
}

// held is a manifest as it is stored.
type held struct {
	v1.Descriptor
	raw []byte
	// image follows an index to its image for linux/amd64.
	image func() (raw []byte, digest v1.Hash, err error)
}

// remoteStorage is a registry. It pings and asks for a token once, however much it reads.
type remoteStorage struct {
	client *registry.Client
	puller *remote.Puller
	opts   []remote.Option
}

func inRegistry(ctx context.Context, client *registry.Client) (*remoteStorage, error) {
	opts := client.Remote(ctx)
	puller, err := remote.NewPuller(opts...)
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeInternal, What: "the registry options cannot be used", Why: err.Error(), Err: err}
	}
	return &remoteStorage{client, puller, append(opts, remote.Reuse(puller))}, nil
}

func (r *remoteStorage) head(ctx context.Context, ref name.Reference) (*v1.Descriptor, error) {
	desc, err := r.puller.Head(ctx, ref)
	var connection *url.Error
	if err != nil && !errors.As(err, &connection) {
		// Some registries answer HEAD badly, and a refusal has no body to read: GET says why.
		var got *remote.Descriptor
		if got, err = r.puller.Get(ctx, ref); err == nil {
			desc = &got.Descriptor
		}
	}
	return desc, err
}

func (r *remoteStorage) get(ctx context.Context, ref name.Reference) (*held, error) {
	desc, err := r.puller.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &held{desc.Descriptor, desc.Manifest, func() ([]byte, v1.Hash, error) {
		img, err := desc.Image()
		if err != nil {
			return nil, v1.Hash{}, err
		}
		raw, err := img.RawManifest()
		if err != nil {
			return nil, v1.Hash{}, err
		}
		digest, err := img.Digest()
		return raw, digest, err
	}}, nil
}

func (r *remoteStorage) read(ctx context.Context, ref name.Digest, limit int64) ([]byte, error) {
	layer, err := r.puller.Layer(ctx, ref)
	if err != nil {
		return nil, err
	}
	// Compressed is the blob as stored.
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	return io.ReadAll(io.LimitReader(content, limit+1))
}

func (r *remoteStorage) refers(ctx context.Context, d name.Digest) ([]v1.Descriptor, error) {
	index, err := remote.Referrers(d, slices.Concat(r.opts, []remote.Option{remote.WithContext(ctx)})...)
	if err != nil {
		return nil, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeNotAsked,
			What: "the list of what refers to " + d.String() + " cannot be read",
			Why:  err.Error(),
			Next: "look at it with `crane manifest " + d.Context().String() + ":" + strings.Replace(d.DigestStr(), ":", "-", 1) + "`",
			Err:  err,
		}
	}
	return m.Manifests, nil
}

func (r *remoteStorage) explainFor(ctx context.Context, err error, asked string) error {
	var known *actions.Error
	if errors.As(err, &known) {
		return err
	}
	return r.client.Explain(ctx, err, asked)
}

func (r *remoteStorage) close() {}

// noPlatform is an index without an image for linux/amd64, which is what cosign looks for.
func noPlatform(ref name.Reference) error {
	return fmt.Errorf("no child with platform linux/amd64 in index %s", ref)
}
