package signing

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
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
	mayPush := func(ctx context.Context) error { return s.mayPush(ctx, tag) }
	go func() {
		defer close(p.done)
		p.err = p.run(ctx, payload, mayPush)
	}()
	return p, nil
}

// mayPush asks the registry for the right to push, without writing anything that stays.
func (s *Signer) mayPush(ctx context.Context, tag name.Tag) error {
	access, err := s.opts.Registry.Access(ctx, tag.Context().Name())
	switch {
	case err != nil:
		return err
	case access.Push || access.PushUnknown:
		return nil
	}
	host := tag.RegistryStr()
	if !access.LoggedIn {
		return &actions.Error{
			Code: actions.CodeUnauthorized,
			What: "nothing can be pushed to " + tag.Context().Name(),
			Why:  "no login is stored for " + host + ", or the registry does not accept it",
			Next: "log in: cosign login " + host + " -u USER",
		}
	}
	return &actions.Error{
		Code: actions.CodeForbidden,
		What: "nothing can be pushed to " + tag.Context().Name(),
		Why:  "the registry accepts the login, and it has no right to write there",
		Next: "ask whoever runs the repository for the right to write, or log in as somebody who has it",
	}
}

// run uploads the payload, or asks for the right to push where there is none yet whose upload would show it, and reads the
// tag meanwhile.
func (p *prepared) run(ctx context.Context, payload []byte, mayPush func(context.Context) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	var coming layer
	group.Go(func() error {
		if payload == nil {
			return mayPush(groupCtx)
		}
		var err error
		coming.desc, err = p.store.blob(groupCtx, payload, signatureType)
		return err
	})
	group.Go(func() error {
		var err error
		p.before, err = p.store.first(groupCtx)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	base := p.before
	if base == nil {
		base = p.store.empty()
	}
	if err := p.store.full(len(base.layers) + 1); err != nil {
		return err
	}
	if payload == nil {
		return nil
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
