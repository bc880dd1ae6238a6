package signing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions/registry"
)

// store is one tag in a registry. It authenticates once and reads the tag itself every time, never a cached
// answer to HEAD nor a list of tags: those lag (Quay's by two minutes).
type store struct {
	tag    name.Tag
	puller *remote.Puller
	pusher *remote.Pusher

	mu       sync.Mutex
	uploaded map[v1.Hash]bool
	parser   parser
}

// newStore uses the options of registry.Client.Remote. It adds that nothing is tried again behind its back: a push that
// is repeated later than it was reasoned about would overwrite what came in between.
func newStore(tag name.Tag, options []remote.Option) (*store, error) {
	options = append(append([]remote.Option{}, options...),
		remote.WithRetryPredicate(func(error) bool { return false }))
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	pusher, err := remote.NewPusher(options...)
	if err != nil {
		return nil, err
	}
	return &store{
		tag: tag, puller: puller, pusher: pusher, uploaded: map[v1.Hash]bool{}, parser: parser{index: listsReferrers(tag)},
	}, nil
}

// empty is where the first goes.
func (s *store) empty() *manifest {
	if s.parser.index {
		return emptyIndex()
	}
	return emptyManifest()
}

// full refuses more than cosign reads. Referrers it reads however many there are.
func (s *store) full(total int) error {
	if !s.parser.index && total > maxSignatures {
		return tooMany(s.tag, total)
	}
	return nil
}

// read returns what the tag names now, or nil when there is no such tag.
func (s *store) read(ctx context.Context) (*manifest, error) {
	return s.get(ctx, s.tag)
}

// first is read where it does not matter how long it takes.
func (s *store) first(ctx context.Context) (m *manifest, err error) {
	err = persist(ctx, func() error {
		m, err = s.read(ctx)
		return err
	})
	return m, err
}

// readDigest returns a manifest that the tag named once, or nil when the registry has it no longer.
func (s *store) readDigest(ctx context.Context, digest string) (*manifest, error) {
	return s.get(ctx, s.tag.Digest(digest))
}

func (s *store) get(ctx context.Context, ref name.Reference) (*manifest, error) {
	desc, err := s.puller.Get(ctx, ref)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parser.manifest(desc.Manifest, desc.MediaType)
}

func notFound(err error) bool {
	var refusal *transport.Error
	return errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound
}

// blob uploads content unless this store uploaded it before.
func (s *store) blob(ctx context.Context, content []byte, mediaType types.MediaType) (v1.Descriptor, error) {
	l := static.NewLayer(content, mediaType)
	hash, err := l.Digest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	desc := v1.Descriptor{MediaType: mediaType, Digest: hash, Size: int64(len(content))}
	if s.has(hash) {
		return desc, nil
	}
	if err := persist(ctx, func() error { return s.pusher.Upload(ctx, s.tag.Context(), l) }); err != nil {
		return v1.Descriptor{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploaded[hash] = true
	return desc, nil
}

// persist makes a call that does no harm when it is made twice, for longer than others are: the log may have the signature
// already, and an upload is four calls, any of which a bad line may cut.
func persist(ctx context.Context, call func() error) (err error) {
	for range 3 {
		if err = registry.Retry(ctx, call); err == nil || ctx.Err() != nil || !transient(err) {
			return err
		}
	}
	return err
}

func (s *store) has(hash v1.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploaded[hash]
}

// content reads a small blob.
func (s *store) content(ctx context.Context, hash v1.Hash) (content []byte, err error) {
	err = persist(ctx, func() error {
		content, err = s.contentOnce(ctx, hash)
		return err
	})
	return content, err
}

func (s *store) contentOnce(ctx context.Context, hash v1.Hash) ([]byte, error) {
	const limit = 8 << 20
	l, err := s.puller.Layer(ctx, s.tag.Digest(hash.String()))
	if err != nil {
		return nil, err
	}
	body, err := l.Compressed()
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if len(content) > limit {
		return nil, fmt.Errorf("blob %s is larger than %d bytes", hash, limit)
	}
	return content, nil
}

// extend pushes what w describes, and returns the manifest.
func (s *store) extend(ctx context.Context, w write) ([]byte, error) {
	config, err := s.nextConfig(ctx, w.base, w.more)
	if err != nil {
		return nil, err
	}
	if !w.until.IsZero() && time.Now().After(w.until) {
		return nil, errStale
	}
	raw, err := w.base.with(w.more, config)
	if err != nil {
		return nil, err
	}
	if err := s.push(ctx, raw, w.base.mediaType); err != nil {
		return nil, tooLarge(err, s.tag, len(raw))
	}
	return raw, nil
}

// push makes the tag name raw.
func (s *store) push(ctx context.Context, raw []byte, mediaType types.MediaType) error {
	return s.pusher.Put(ctx, s.tag, taggable{raw: raw, mediaType: mediaType})
}

type taggable struct {
	raw       []byte
	mediaType types.MediaType
}

func (t taggable) RawManifest() ([]byte, error) { return bytes.Clone(t.raw), nil }

func (t taggable) MediaType() (types.MediaType, error) { return t.mediaType, nil }

// nextConfig uploads the configuration of m with more signatures, and describes it.
func (s *store) nextConfig(ctx context.Context, m *manifest, more []layer) (v1.Descriptor, error) {
	if m.index {
		return v1.Descriptor{}, nil
	}
	plain, err := configOf(m.layers)
	if err != nil {
		return v1.Descriptor{}, err
	}
	var content []byte
	if len(m.layers) == 0 || digestOf(plain) == m.config.Digest.String() {
		content, err = configOf(append(append([]layer{}, m.layers...), more...))
	} else {
		var base []byte
		if base, err = s.content(ctx, m.config.Digest); err == nil {
			content, err = extendConfig(base, m.layers, more)
		}
	}
	if err != nil {
		return v1.Descriptor{}, err
	}
	return s.blob(ctx, content, m.config.MediaType)
}
