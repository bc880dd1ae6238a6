package verification

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/go-openapi/runtime"
	httptransport "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/rekor/pkg/generated/client"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
)

// look collects what is attached to image and verifies it, f telling of it. The trust root is read while the registry answers.
func (v *Verifier) look(ctx context.Context, image string, policy Policy, sought Kind, f *follower) (*Report, error) {
	src, err := v.source(ctx, image)
	if err != nil {
		return nil, err
	}
	defer src.close()
	src.follower = f
	report := &Report{Image: image, Policy: policy, TrustFlags: v.opts.TrustFlags, sought: sought}
	if layout.IsReference(image) {
		policy.Offline = true // as cosign's --local-image: what is on the disk is judged by itself
	} else {
		report.reference = src.ref
	}
	collecting, stop := context.WithCancel(ctx)
	defer stop()
	collected := make(chan struct{})
	var refused error
	go func() {
		defer close(collected)
		refused = v.collect(collecting, src, report)
	}()

	co, err := v.checks(ctx, policy)
	if err != nil {
		// The same failure whichever of the two came first.
		stop()
		<-collected
		return nil, err
	}
	f.trust(co, policy)
	if <-collected; refused != nil {
		return nil, refused
	}
	report.online = co.RekorClient != nil
	err = v.stage(ctx, "verify", "Verify each signature", func(ctx context.Context) (string, error) {
		x, err := f.examination(report.Digest, policy, co)
		if err != nil {
			return "", err
		}
		if err := judge(ctx, report.Signatures, x, co, f); err != nil {
			return "", err
		}
		for i := range report.Signatures {
			report.Signatures[i].Image = x.digest
		}
		order(report.Signatures)
		return fmt.Sprintf("%d of %s verified", len(report.Verified()), counted(len(report.Signatures), string(report.kind()))), nil
	})
	if err != nil {
		return nil, err
	}
	f.done(report)
	return report, nil
}

// collect fills in the digest of the report's image and the signatures beside it.
func (v *Verifier) collect(ctx context.Context, src *source, report *Report) error {
	err := v.stage(ctx, "resolve", "Resolve the image", func(ctx context.Context) (string, error) {
		var err error
		report.Digest, err = src.resolve(ctx)
		return report.Digest.String(), err
	})
	if err != nil {
		return err
	}
	src.follower.begin(report)
	return v.stage(ctx, "collect", "Collect the signatures", func(ctx context.Context) (string, error) {
		var err error
		report.Signatures, err = v.attached(ctx, src, report.Digest, report.sought)
		return counted(len(report.Signatures), string(report.kind())), err
	})
}

// attached reads both storages at the same time.
func (v *Verifier) attached(ctx context.Context, src *source, d name.Digest, kind Kind) ([]Signature, error) {
	var referring []Signature
	var refused error
	var g sync.WaitGroup
	g.Go(func() { referring, refused = src.referring(ctx, d) })
	tagged, err := src.inTag(ctx, d, kind)
	g.Wait()
	switch {
	case err != nil:
		return nil, err
	case refused != nil && (len(tagged) == 0 || ctx.Err() != nil):
		return nil, refused
	case refused != nil:
		// There are registries that do not know the question and answer with an error. cosign passes over it.
		v.opts.Observer.Event(ctx, actions.Note{
			Level: actions.NoteWarning,
			Text:  fmt.Sprintf("only the %ss in %s are shown: %v", kind, tagFor(d, kind.suffix()), refused),
		})
	}
	return append(tagged, referring...), nil
}

// checks are cosign's options for the policy, with the trust root, the key and the log.
func (v *Verifier) checks(ctx context.Context, policy Policy) (*cosign.CheckOpts, error) {
	co := policy.checkOptions()
	if policy.KeyReference != "" {
		key, err := v.opts.Keys.PublicKey(ctx, policy.KeyReference)
		if err != nil {
			return nil, err
		}
		co.SigVerifier = key
	}
	material, err := v.material(ctx)
	switch {
	case err == nil:
		co.TrustedMaterial = material
	case ctx.Err() != nil || policy.needsMaterial():
		return nil, err
	default:
		// A bundle's verifier wants a trust root even where nothing is looked up in it.
		co.TrustedMaterial = &root.TrustedRoot{}
	}
	if policy.Certificate != "" {
		if co.SigVerifier, err = certified(policy.Certificate, v.opts.ReadFile, co); err != nil {
			return nil, err
		}
	}
	if !policy.IgnoreLog && !policy.Offline && v.opts.Endpoints.Rekor != "" {
		if co.RekorClient, err = v.rekor(v.opts.Endpoints.Rekor); err != nil {
			return nil, err
		}
	}
	return co, nil
}

func (v *Verifier) material(ctx context.Context) (root.TrustedMaterial, error) {
	if v.opts.Material != nil {
		return v.opts.Material(ctx)
	}
	if v.opts.Trust == nil {
		return nil, errNoTrust
	}
	return v.opts.Trust.Material(ctx)
}

var errNoTrust = &actions.Error{
	Code: actions.CodeNoTrustRoot,
	What: "there is no trust root to verify against",
	Next: "run `cosign initialize`",
}

// rekor returns a client for signatures that carry no log entry. It makes no call by itself.
func (v *Verifier) rekor(address string) (*client.Rekor, error) {
	u, err := url.Parse(address)
	if err == nil && u.Host == "" {
		err = errors.New("it names no host")
	}
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "the address of the transparency log cannot be used: " + address, Why: err.Error(), Err: err,
			Next: "correct --rekor-url or COSIGN_REKOR_URL",
		}
	}
	path := u.Path
	if path == "" {
		path = client.DefaultBasePath
	}
	rt := httptransport.NewWithClient(u.Host, path, []string{u.Scheme}, v.httpClient())
	rt.Consumers["application/json"] = runtime.JSONConsumer()
	rt.Consumers["application/x-pem-file"] = runtime.TextConsumer()
	rt.Producers["application/json"] = runtime.JSONProducer()
	return client.New(rt, strfmt.Default), nil
}

func (v *Verifier) httpClient() *http.Client {
	if v.opts.Transport == nil {
		return &http.Client{Transport: http.DefaultTransport}
	}
	return &http.Client{Transport: v.opts.Transport}
}

func (v *Verifier) stage(ctx context.Context, id, title string, work func(context.Context) (string, error)) error {
	return actions.RunStage(ctx, v.opts.Observer, v.opts.Clock, id, title, work)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
