package registry

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

// CopyRequest says what to copy where. Platform picks one image of an index ("linux/amd64"); empty copies all there is.
type CopyRequest struct {
	Source, Destination string
	Platform            string
	// SourceLogin and DestinationLogin are used in place of the stored credentials; nil for those.
	SourceLogin, DestinationLogin *Credentials
}

// Credentials are a login that is given for one use and stored nowhere. Without a user name they stand for nobody.
type Credentials struct {
	Username string
	Password actions.Secret
}

// CopyResult is what a copy left at the destination.
type CopyResult struct {
	Source, Destination name.Reference
	Digest              v1.Hash // equal at both ends
	MediaType           types.MediaType
	Platforms           []string // such as "linux/arm64/v8", in the order of the index
	Blobs               int      // blobs the image has: layers and configurations
	Skipped             int      // of them, already there or mounted
	Bytes               int64    // bytes that travelled, those that did so twice included
	Took                time.Duration
}

// Copy copies an image or an index with all its platforms. It reports the stages "resolve", "blobs", "manifest" and
// "confirm" and the progress of each blob. Cancelled or cut off, it leaves blobs behind that the next try skips, and no
// tag that names an incomplete image.
func (c *Client) Copy(ctx context.Context, req CopyRequest) (*CopyResult, error) {
	start := c.opts.Clock.Now()
	cp, err := c.newCopy(ctx, req)
	if err != nil {
		return nil, err
	}
	stages := []struct {
		id, title string
		work      func(context.Context) (string, error)
	}{
		{"resolve", "look up the image at both ends", cp.resolve},
		{"blobs", "copy layers and configuration", cp.copyBlobs},
		{"manifest", "write manifest and tag", cp.writeManifests},
		{"confirm", "read the image back", cp.confirm},
	}
	for _, s := range stages {
		work := func(ctx context.Context) (string, error) {
			detail, err := s.work(ctx)
			return detail, cp.explain(ctx, err)
		}
		if err := actions.RunStage(ctx, c.opts.Observer, c.opts.Clock, s.id, s.title, work); err != nil {
			return nil, err
		}
	}
	return &CopyResult{
		Source:      cp.source.ref,
		Destination: cp.destination.ref,
		Digest:      cp.root.digest,
		MediaType:   cp.root.mediaType,
		Platforms:   cp.platforms,
		Blobs:       len(cp.blobs),
		Skipped:     int(cp.skipped.Load()),
		Bytes:       cp.travelled.Load(),
		Took:        c.opts.Clock.Now().Sub(start),
	}, nil
}

// copying is one copy under way.
type copying struct {
	client              *Client
	source, destination end
	platform            *v1.Platform // nil for all

	manifests [][]*manifest // what must be there first comes first; the last is only the root
	root      *manifest
	blobs     []*blob
	platforms []string

	tagged    atomic.Bool // the destination named the root before
	skipped   atomic.Int64
	travelled atomic.Int64
}

// end is one side of a copy.
type end struct {
	ref  name.Reference
	text string // as the person wrote it
	auth authn.Authenticator
	*endpoint
}

func (c *Client) newCopy(ctx context.Context, req CopyRequest) (*copying, error) {
	cp := &copying{client: c}
	if req.Platform != "" {
		p, err := v1.ParsePlatform(req.Platform)
		if err != nil || p.OS == "" || p.Architecture == "" {
			return nil, &actions.Error{
				Code: actions.CodeUsage,
				What: fmt.Sprintf("%q is not a platform", req.Platform),
				Next: "write it as OS/ARCHITECTURE, such as linux/amd64",
				Err:  err,
			}
		}
		cp.platform = p
	}
	for _, side := range []struct {
		end   *end
		text  string
		login *Credentials
	}{{&cp.source, req.Source, req.SourceLogin}, {&cp.destination, req.Destination, req.DestinationLogin}} {
		ref, err := Parse(side.text)
		if err != nil {
			return nil, err
		}
		auth, err := c.authFor(ctx, ref, side.login)
		if err != nil {
			return nil, err
		}
		*side.end = end{ref: ref, text: side.text, auth: auth}
	}
	return cp, nil
}

func (c *Client) authFor(ctx context.Context, ref name.Reference, login *Credentials) (authn.Authenticator, error) {
	switch {
	case login == nil:
		return authn.Resolve(ctx, c.Keychain(), ref.Context())
	case login.Username == "":
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: login.Username, Password: login.Password.Reveal()}), nil
}

// sideError marks which end of a copy an error belongs to.
type sideError struct {
	destination bool
	error
}

// Unwrap returns the cause.
func (e *sideError) Unwrap() error { return e.error }

func atSource(err error) error {
	if err == nil {
		return nil
	}
	return &sideError{false, err}
}

func atDestination(err error) error {
	var marked *sideError
	if err == nil || errors.As(err, &marked) {
		return err
	}
	return &sideError{true, err}
}

func (cp *copying) explain(ctx context.Context, err error) error {
	var side *sideError
	if !errors.As(err, &side) {
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	at := cp.source
	if side.destination {
		at = cp.destination
	}
	return cp.client.explain(ctx, side.error, at.text, intent{push: side.destination, auth: at.auth})
}

// sameRegistry reports whether blobs can be mounted instead of copied: both ends are repositories of one registry, seen
// with one login.
func (cp *copying) sameRegistry() bool {
	return cp.source.ref.Context().Registry == cp.destination.ref.Context().Registry && cp.sameLogin()
}

func (cp *copying) sameLogin() bool {
	if cp.source.auth == authn.Anonymous || cp.destination.auth == authn.Anonymous {
		return cp.source.auth == cp.destination.auth
	}
	a, errA := cp.source.auth.Authorization()
	b, errB := cp.destination.auth.Authorization()
	return errA == nil && errB == nil && *a == *b
}

// resolve connects to both ends and reads the manifests of the source.
func (cp *copying) resolve(ctx context.Context) (string, error) {
	push := cp.destination.ref.Scope(transport.PushScope)
	if cp.sameRegistry() {
		pull := cp.source.ref.Scope(transport.PullScope)
		both, err := cp.connect(ctx, &cp.destination, push, pull)
		if err != nil {
			return "", atDestination(err)
		}
		cp.destination.endpoint = both
		cp.source.endpoint = endpointOn(cp.source.ref.Context(), both.auth, both.signed)
		if err := cp.readSource(ctx); err != nil {
			return "", atSource(err)
		}
		return cp.root.digest.String(), nil
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		cp.destination.endpoint, err = cp.connect(gctx, &cp.destination, push)
		return atDestination(err)
	})
	g.Go(func() (err error) {
		cp.source.endpoint, err = cp.connect(gctx, &cp.source, cp.source.ref.Scope(transport.PullScope))
		if err == nil {
			err = cp.readSource(gctx)
		}
		return atSource(err)
	})
	if err := g.Wait(); err != nil {
		return "", err
	}
	return cp.root.digest.String(), nil
}

func (cp *copying) connect(ctx context.Context, side *end, scopes ...string) (e *endpoint, err error) {
	err = retry(ctx, func() error {
		e, err = cp.client.connect(ctx, side.ref.Context(), side.auth, scopes...)
		return err
	})
	return e, err
}
