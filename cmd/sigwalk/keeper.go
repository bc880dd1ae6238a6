package main

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// keeper puts signatures back that another tool overwrote, for as long as it runs. The zero value is ready.
type keeper struct {
	guard atomic.Pointer[signing.Guard] // nil until start: a registry may tell of pushes before
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// pushed tells of a manifest that the sandbox's registry stored or removed. It never blocks.
func (k *keeper) pushed(push sandbox.Push) {
	if guard := k.guard.Load(); guard != nil {
		guard.Pushed(signing.Push(push))
	}
}

// start guards what sigwalk attached below the homes. say is told, in a sentence, of each signature that was put back.
func (k *keeper) start(ctx context.Context, opts signing.GuardOptions, say func(string)) {
	ctx, k.stop = context.WithCancel(ctx)
	opts.Observer = sayer(say)
	guard := signing.NewGuard(opts)
	k.guard.Store(guard)
	k.done.Go(func() { guard.Run(ctx) })
}

// close ends the guarding and waits until it has ended.
func (k *keeper) close() {
	if k.stop != nil {
		k.stop()
	}
	k.done.Wait()
}

// sandboxGuard guards the sandbox's own registry, with the login that the sandbox itself has.
func sandboxGuard(dir string, s sandbox.Settings) (signing.GuardOptions, error) {
	transport, err := web.Transport(web.Options{})
	if err != nil {
		return signing.GuardOptions{}, err
	}
	login := &registry.Credentials{Username: s.RegistryUser, Password: actions.NewSecret(s.RegistryPass)}
	return signing.GuardOptions{
		Registry: registry.New(registry.Options{Transport: transport, Login: login}),
		Host:     s.Registry,
		Homes:    actions.HomesBelow(dir),
	}, nil
}

// ownGuard guards what was signed at a registry of the person's own, with the login that is stored. Nobody tells of
// pushes there, so it looks at the tags by itself.
func ownGuard(p *place) (signing.GuardOptions, error) {
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return signing.GuardOptions{}, err
	}
	return signing.GuardOptions{
		Registry: registry.New(registry.Options{Homes: p.homes, Transport: transport}),
		Homes:    p.homes,
	}, nil
}

// sayer is an observer that passes notes on. It has nobody to ask.
type sayer func(string)

// Event implements actions.Observer.
func (s sayer) Event(_ context.Context, event actions.Event) {
	if note, ok := event.(actions.Note); ok {
		s(note.Text)
	}
}

// Ask implements actions.Observer.
func (s sayer) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}
