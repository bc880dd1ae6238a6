package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// door is how a registry asks for credentials: the answer to GET /v2/.
type door struct {
	registry  name.Registry
	challenge *transport.Challenge
}

// open asks a registry how it wants credentials.
func (c *Client) open(ctx context.Context, registry name.Registry) (*door, error) {
	challenge, err := transport.Ping(ctx, registry, c.polite())
	if err != nil {
		return nil, err
	}
	return &door{registry, challenge}, nil
}

// polite is the client's transport with its name in the User-Agent header.
func (c *Client) polite() http.RoundTripper { return transport.NewUserAgent(c.transport, userAgent) }

func (d *door) bearer() bool { return strings.EqualFold(d.challenge.Scheme, "bearer") }
func (d *door) basic() bool  { return strings.EqualFold(d.challenge.Scheme, "basic") }

// createsOnAsking reports whether asking this registry for the right to push to a repository that is not there makes it:
// Quay does, whose tokens come from /v2/auth.
func (d *door) createsOnAsking() bool {
	realm, err := url.Parse(d.challenge.Parameters["realm"])
	return err == nil && realm.Path == "/v2/auth"
}

// verify reports whether the registry accepts the credentials at all, without asking for a right. A registry that
// wants no credentials accepts any: certain is false then.
func (c *Client) verify(ctx context.Context, d *door, auth authn.Authenticator) (accepted, certain bool, err error) {
	if !d.bearer() && !d.basic() {
		return true, false, nil
	}
	through, err := transport.NewWithContext(ctx, d.registry, auth, c.polite(), nil)
	if err == nil {
		err = c.getBase(ctx, through, d.registry)
	}
	var refusal *transport.Error
	if errors.As(err, &refusal) && denied(refusal) {
		return false, true, err
	}
	return err == nil, err == nil, err
}

// getBase makes the call that every registry answers with 200 to whoever it knows.
func (c *Client) getBase(ctx context.Context, through http.RoundTripper, registry name.Registry) error {
	u := url.URL{Scheme: registry.Scheme(), Host: registry.RegistryStr(), Path: "/v2/"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: through, CheckRedirect: sameStanding}).Do(req)
	if err != nil {
		return err
	}
	defer drain(resp)
	return transport.CheckError(resp, http.StatusOK)
}

// rights asks a registry with bearer tokens what the credentials may do with a repository. It returns the actions that
// the token carries, and known false when the token does not tell.
func (c *Client) rights(ctx context.Context, d *door, auth authn.Authenticator, repo name.Repository, scope string) (allowed []string, known bool, err error) {
	token, err := transport.Exchange(ctx, d.registry, auth, c.polite(), []string{repo.Scope(scope)}, d.challenge)
	if err != nil {
		return nil, false, err
	}
	text := token.Token
	if text == "" {
		text = token.AccessToken
	}
	allowed, known = actionsInToken(text, repo.RepositoryStr())
	return allowed, known, nil
}

// actionsInToken reads access[].actions of a registry token (distribution's token specification). Opaque tokens do not
// tell.
func actionsInToken(token, repository string) (allowed []string, known bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil, false
	}
	var claims struct {
		Access *[]struct {
			Type    string   `json:"type"`
			Name    string   `json:"name"`
			Actions []string `json:"actions"`
		} `json:"access"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Access == nil {
		return nil, false
	}
	for _, a := range *claims.Access {
		if a.Type == "repository" && a.Name == repository {
			allowed = append(allowed, a.Actions...)
		}
	}
	return allowed, true
}

func mayPull(allowed []string) bool {
	return slices.Contains(allowed, "pull") || slices.Contains(allowed, "*")
}

func mayPush(allowed []string) bool {
	return slices.Contains(allowed, "push") || slices.Contains(allowed, "*")
}

// denied reports whether a refusal is about credentials or rights.
func denied(refusal *transport.Error) bool {
	return refusal.StatusCode == http.StatusUnauthorized || refusal.StatusCode == http.StatusForbidden
}

// sameStanding refuses a redirect from a public host to an address of a private network, as go-containerregistry does.
func sameStanding(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	origin, target := via[0].URL.Hostname(), req.URL.Hostname()
	if target != origin && isPrivate(target) && !isPrivate(origin) {
		return fmt.Errorf("redirect from %s to the private address %s refused", origin, target)
	}
	return nil
}

// drain reads what is left of an answer, so that its connection can be used again.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
}
