package signing

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/sync/errgroup"
)

// prepared is what can be done at the registry before the signature exists: the payload does not depend on the key, nor
// the configuration on the signature. It runs beside the calls to Fulcio and costs no time of its own.
type prepared struct {
	store  *store
	before *manifest // what the tag held
	done   chan struct{}
	err    error
}

// prepare starts.
func (s *Signer) prepare(ctx context.Context, tag name.Tag, payload []byte) (*prepared, error) {
	store, err := newStore(tag, s.opts.Registry.Remote(ctx))
	if err != nil {
		return nil, err
	}
	p := &prepared{store: store, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = p.run(ctx, payload)
	}()
	return p, nil
}

func (p *prepared) run(ctx context.Context, payload []byte) error {
	group, groupCtx := errgroup.WithContext(ctx)
	var coming layer
	group.Go(func() error {
		var err error
		coming.desc, err = p.store.blob(groupCtx, payload, signatureType)
		return err
	})
	group.Go(func() error {
		var err error
		p.before, err = p.store.read(groupCtx)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	base := p.before
	if base == nil {
		base = emptyManifest()
	}
	if total := len(base.layers) + 1; total > maxSignatures {
		return tooMany(p.store.tag.Name(), total)
	}
	_, err := p.store.nextConfig(ctx, base, []layer{coming})
	return err
}

// wait returns when everything is prepared, with the reason when it cannot be.
func (p *prepared) wait(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.err != nil && ctx.Err() != nil && errors.Is(p.err, context.Canceled) {
		return ctx.Err()
	}
	return p.err
}
