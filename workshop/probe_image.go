package workshop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// imageAtDigest asks whether the image is there, and equals the source's digest or the one given.
func (a *asked) imageAtDigest(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	digest, outcome := a.digestOf(ctx, c)
	if outcome.State != CheckHolds {
		return outcome
	}
	if want := a.with["digest"]; want != "" && want != digest {
		return fails(fmt.Sprintf("%s is there, and %s is wanted", short(digest), short(want)))
	}
	if a.with["source"] == "" {
		return holds("%s", digest)
	}
	source, err := c.registry.Resolve(ctx, a.with["source"])
	if err != nil {
		return refused(err)
	}
	if want := source.Digest.DigestStr(); want != digest {
		return fails(fmt.Sprintf("%s is there, and the source has %s", short(digest), short(want)))
	}
	return holds("%s, as at the source", digest)
}

// digestOf returns the digest that the image has in its registry: asked with the stored credentials, and before there are
// any with the user and password that the check names.
func (a *asked) digestOf(ctx context.Context, c *clients) (string, CheckResult) {
	ref, err := registry.Parse(a.with["image"])
	if err != nil {
		return "", refused(err)
	}
	auth, err := authn.Resolve(ctx, c.registry.Keychain(), ref.Context())
	if err != nil {
		return "", broken(err)
	}
	if auth == authn.Anonymous && a.with["user"] != "" {
		return a.digestAs(ctx, c, ref)
	}
	image, err := c.registry.Resolve(ctx, a.with["image"])
	switch {
	case actions.CodeOf(err) == actions.CodeUnauthorized || actions.CodeOf(err) == actions.CodeWrongPassword:
		return "", refused(err)
	case certainly(err):
		return "", failsBy("no such image: "+a.with["image"], err)
	case err != nil:
		return "", broken(err)
	}
	return image.Digest.DigestStr(), CheckResult{State: CheckHolds}
}

// digestAs asks as the user that the check names, whose login is not stored anywhere.
func (a *asked) digestAs(ctx context.Context, c *clients, ref name.Reference) (digest string, outcome CheckResult) {
	login := &authn.Basic{Username: a.with["user"], Password: a.with["password"]}
	key := "given " + ref.Context().RegistryStr() + " " + login.Username + " " + login.Password
	outcome = a.unlessRefused(key, func() (CheckResult, bool) {
		found, err := remote.Head(ref, remote.WithContext(ctx), remote.WithTransport(c.transport), remote.WithAuth(login))
		var refusal *transport.Error
		switch {
		case err == nil:
			digest = found.Digest.String()
			return CheckResult{State: CheckHolds}, false
		case !errors.As(err, &refusal):
			return broken(c.registry.Explain(ctx, err, a.with["image"])), false
		case refusal.StatusCode == http.StatusNotFound:
			return failsBy("no such image: "+a.with["image"], err), false
		case refusal.StatusCode == http.StatusUnauthorized || refusal.StatusCode == http.StatusForbidden:
			// Quay answers so for a repository that is not there, too.
			return failsBy(fmt.Sprintf("%s shows no such image to %s", ref.Context().RegistryStr(), login.Username), err), true
		}
		return broken(c.registry.Explain(ctx, err, a.with["image"])), false
	})
	return digest, outcome
}

// refusals remembers that credentials were refused: to ask again with the same wrong password every two seconds would lock
// an account.
type refusals struct {
	mu    sync.Mutex
	known map[string]refusal
}

type refusal struct {
	outcome CheckResult
	until   time.Time
}

// refusalLasts is how long a refusal counts while the credentials stay the same.
const refusalLasts = 10 * time.Second

// unlessRefused asks, unless the same was refused a moment ago. A check that follows a command always asks.
func (a *asked) unlessRefused(key string, ask func() (outcome CheckResult, denied bool)) CheckResult {
	memory := &a.world.refusals
	memory.mu.Lock()
	known, found := memory.known[key]
	memory.mu.Unlock()
	if found && a.result == nil && time.Now().Before(known.until) {
		return known.outcome
	}
	outcome, denied := ask()
	memory.mu.Lock()
	defer memory.mu.Unlock()
	delete(memory.known, key)
	if denied {
		if memory.known == nil {
			memory.known = map[string]refusal{}
		}
		memory.known[key] = refusal{outcome: outcome, until: time.Now().Add(refusalLasts)}
	}
	return outcome
}

// short cuts a digest for a sentence.
func short(digest string) string {
	if i := strings.IndexByte(digest, ':'); i >= 0 && len(digest) > i+13 {
		return digest[:i+13]
	}
	return digest
}
