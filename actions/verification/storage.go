package verification

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

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
	// awaited is how many answers are awaited.
	awaited() int
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
	// patience is how long one answer may take, to its last byte: one that comes a byte at a time never ends.
	patience time.Duration
	// slots bound how many answers are waited for at the same time, whoever asks.
	slots chan struct{}
}

// maxRequests is how many requests a registry gets at the same time.
const maxRequests = 64

func inRegistry(ctx context.Context, client *registry.Client, patience time.Duration) (*remoteStorage, error) {
	// A puller fetches no more than four blobs at the same time unless it is told otherwise, and slots bound them already.
	opts := append(client.Remote(ctx), remote.WithJobs(maxRequests))
	puller, err := remote.NewPuller(opts...)
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeInternal, What: "the registry options cannot be used", Why: err.Error(), Err: err}
	}
	return &remoteStorage{client, puller, append(opts, remote.Reuse(puller)), patience, make(chan struct{}, maxRequests)}, nil
}

// errSlow ends an answer that takes too long.
var errSlow = errors.New("the registry's answer takes too long")

// inTime runs work with a context that ends when patience does, which is then the error.
func (r *remoteStorage) inTime(ctx context.Context, work func(context.Context) error) error {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	bounded, stop := context.WithTimeoutCause(ctx, r.patience, errSlow)
	defer stop()
	err := work(bounded)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return &actions.Error{
			Code: actions.CodeUnreachable, What: "the registry does not answer to the end", Why: fmt.Sprintf("an answer was not complete after %s", r.patience),
			Next: "try again; if it stays so, ask whoever runs the registry", Err: errSlow,
		}
	}
	return err
}

func (r *remoteStorage) head(ctx context.Context, ref name.Reference) (desc *v1.Descriptor, err error) {
	err = r.inTime(ctx, func(ctx context.Context) error {
		desc, err = r.heads(ctx, ref)
		return err
	})
	return desc, err
}

func (r *remoteStorage) heads(ctx context.Context, ref name.Reference) (*v1.Descriptor, error) {
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
	var desc *remote.Descriptor
	err := r.inTime(ctx, func(ctx context.Context) (err error) {
		desc, err = r.puller.Get(ctx, ref)
		return err
	})
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

func (r *remoteStorage) read(ctx context.Context, ref name.Digest, limit int64) (content []byte, err error) {
	err = r.inTime(ctx, func(ctx context.Context) error {
		content, err = r.reads(ctx, ref, limit)
		return err
	})
	return content, err
}

func (r *remoteStorage) reads(ctx context.Context, ref name.Digest, limit int64) ([]byte, error) {
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
	var index v1.ImageIndex
	err := r.inTime(ctx, func(ctx context.Context) (err error) {
		index, err = remote.Referrers(d, slices.Concat(r.opts, []remote.Option{remote.WithContext(ctx)})...)
		return err
	})
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
		return known // and not what the HTTP client puts in front of it
	}
	return r.client.Explain(ctx, err, asked)
}

func (r *remoteStorage) awaited() int { return len(r.slots) }

func (r *remoteStorage) close() {}

// noPlatform is an index without an image for linux/amd64, which is what cosign looks for.
func noPlatform(ref name.Reference) error {
	return fmt.Errorf("no child with platform linux/amd64 in index %s", ref)
}
