package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
)

// verifier returns a verifier for the deployment.
func (p *place) verifier(obs actions.Observer) (*verification.Verifier, error) {
	return p.verifierWith(obs, materialFlags{})
}

// verifierWith is verifier with the trust root that flags name in place of the deployment's.
func (p *place) verifierWith(obs actions.Observer, flags materialFlags) (*verification.Verifier, error) {
	roots, err := p.roots(obs)
	if err != nil {
		return nil, err
	}
	opts, err := p.verification(obs)
	if err != nil {
		return nil, err
	}
	opts.Trust, opts.TrustFlags = roots, flags.given()
	if opts.Material, err = flags.material(roots.Material); err != nil {
		return nil, err
	}
	return verification.New(opts), nil
}

// verifierUnder is verifier with a trust root of its own.
func (p *place) verifierUnder(obs actions.Observer, trusted root.TrustedMaterial) (*verification.Verifier, error) {
	opts, err := p.verification(obs)
	if err != nil {
		return nil, err
	}
	opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
	return verification.New(opts), nil
}

// verification is how images are verified here, without the trust root.
func (p *place) verification(obs actions.Observer) (verification.Options, error) {
	transport, err := p.transport(obs)
	if err != nil {
		return verification.Options{}, err
	}
	return verification.Options{
		Registry:  registry.New(registry.Options{Homes: p.homes, Transport: transport, Observer: obs}),
		Endpoints: p.env.Endpoints(), Observer: obs, Transport: transport, Repository: p.value("COSIGN_REPOSITORY"),
	}, nil
}

// roots is the trust root of the state directory.
func (p *place) roots(obs actions.Observer) (*trust.Client, error) {
	transport, err := p.transport(obs)
	if err != nil {
		return nil, err
	}
	return trust.New(trust.Options{Homes: p.homes, Endpoints: p.env.Endpoints(), Transport: transport, Observer: obs}), nil
}

// value is that of a variable, empty when it is not set.
func (p *place) value(name string) string {
	v, _ := p.env.Get(name)
	return v.Value
}

func (p *place) transport(obs actions.Observer) (http.RoundTripper, error) {
	return web.Transport(web.Options{CAFile: p.env.Endpoints().CAFile, Observer: obs})
}

// verifier implements tui.Options.Verifier.
func (g *guide) verifier() (*verification.Verifier, error) {
	g.mu.Lock()
	p := g.place
	g.mu.Unlock()
	if p == nil {
		return nil, errors.New("nothing is set up yet")
	}
	return p.verifier(actions.Discard)
}
