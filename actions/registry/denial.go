package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
)

// probeTime bounds the calls that find out the reason of a refusal.
const probeTime = 10 * time.Second

// explainDenial tells apart what many registries answer with the same words: nobody logged in, wrong credentials, a
// missing organisation, and a login without the right. Quay answers 401 to all of them; the token it gives out says
// which.
func (s *subject) explainDenial(ctx context.Context, refusal *transport.Error) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	repo := s.ref.Context()
	auth := s.auth
	if auth == nil {
		var err error
		if auth, err = authn.Resolve(ctx, s.client.Keychain(), repo); err != nil {
			return err
		}
	}
	e := &actions.Error{Err: refusal, Why: says(refusal)}
	pushing := s.push || wantsPush(refusal.Request)
	if auth == authn.Anonymous {
		return s.explainAnonymous(ctx, e, pushing)
	}
	user := userOf(ctx, auth)
	d, err := s.client.open(ctx, repo.Registry)
	if err == nil {
		if accepted, _, err := s.client.verify(ctx, d, auth); !accepted && isDenied(err) {
			return refused(s.host(), user, err)
		}
	}
	if s.organizationMissing(ctx) {
		return s.noOrganization(e)
	}
	e.Code = actions.CodeForbidden
	if strings.Contains(strings.ToLower(e.Why), "quota") {
		e.What = fmt.Sprintf("%s has no room for %s", s.host(), s.text)
		e.Next = "delete images that nobody needs, or ask the organisation's owner for more room"
		return e
	}
	as := "the stored login"
	if user != "" {
		as = user
	}
	e.What = fmt.Sprintf("%s has no right to pull %s", as, s.text)
	e.Next = "check the repository's name, or ask its owner for the right to read it"
	if pushing {
		e.What = fmt.Sprintf("%s has no right to push to %s", as, s.text)
		e.Next = fmt.Sprintf("ask the owner of %s for the right to write, or log in as somebody who has it: cosign login %s", repo.RepositoryStr(), s.host())
	}
	if d != nil && d.bearer() {
		scope := transport.PullScope
		if pushing {
			scope = transport.PushScope // the push asked for this before; nothing new can come of it
		}
		if allowed, known, err := s.client.rights(ctx, d, auth, repo, scope); err == nil && known {
			e.Why = "the login works, and " + inWords(allowed) + "; " + e.Why
		}
	}
	return e
}

func (s *subject) explainAnonymous(ctx context.Context, e *actions.Error, pushing bool) error {
	if s.organizationMissing(ctx) {
		return s.noOrganization(e)
	}
	e.Code = actions.CodeUnauthorized
	e.What = fmt.Sprintf("%s does not show %s to who is not logged in", s.host(), s.text)
	e.Next = fmt.Sprintf("check the name, and log in if the repository is private: cosign login %s", s.host())
	if pushing {
		e.What = fmt.Sprintf("%s takes nothing for %s from who is not logged in", s.host(), s.text)
		e.Next = "log in first: cosign login " + s.host()
	}
	return e
}

func (s *subject) noOrganization(e *actions.Error) error {
	namespace, _, _ := strings.Cut(s.ref.Context().RepositoryStr(), "/")
	e.Code = actions.CodeNoOrganization
	e.What = fmt.Sprintf("%s has no organisation %s, so there can be no %s", s.host(), namespace, s.text)
	e.Next = fmt.Sprintf("create the organisation %s there first, or correct the name", namespace)
	return e
}

// organizationMissing asks Quay's interface for people whether the namespace exists. Only a Quay's own "not found"
// counts: other registries have no such page.
func (s *subject) organizationMissing(ctx context.Context) bool {
	namespace, _, found := strings.Cut(s.ref.Context().RepositoryStr(), "/")
	return found && s.quaySaysMissing(ctx, "/api/v1/organization/"+namespace) &&
		!s.quayHas(ctx, "/api/v1/users/"+namespace)
}

func (s *subject) quaySaysMissing(ctx context.Context, path string) bool {
	status, body := s.ask(ctx, path)
	var answer struct {
		Message *string `json:"error_message"`
	}
	return status == http.StatusNotFound && json.Unmarshal(body, &answer) == nil && answer.Message != nil
}

func (s *subject) quayHas(ctx context.Context, path string) bool {
	status, _ := s.ask(ctx, path)
	return status == http.StatusOK
}

func (s *subject) ask(ctx context.Context, path string) (int, []byte) {
	registry := s.ref.Context().Registry
	scheme := "https"
	if _, plain := s.client.transport.plain.Load(registry.RegistryStr()); plain {
		scheme = "http"
	}
	u := url.URL{Scheme: scheme, Host: registry.RegistryStr(), Path: path}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return 0, nil
	}
	resp, err := (&http.Client{Transport: s.client.polite(), CheckRedirect: sameStanding}).Do(req)
	if err != nil {
		return 0, nil
	}
	defer drain(resp)
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, nil
	}
	return resp.StatusCode, body
}

// explainMissing tells a missing tag from a missing repository, and names the tags there are.
func (s *subject) explainMissing(ctx context.Context, refusal *transport.Error) error {
	e := &actions.Error{Err: refusal, Why: says(refusal), Code: actions.CodeImageNotFound}
	if len(refusal.Errors) == 0 && refusal.Request != nil && refusal.Request.Method != http.MethodHead {
		// Every registry explains a 404 in JSON; a web server does not.
		e.Code = actions.CodeNotAsked
		e.What = fmt.Sprintf("%s does not answer as a container registry does", s.host())
		e.Next = "check host and port in " + s.text
		return e
	}
	repository := s.host() + "/" + s.ref.Context().RepositoryStr()
	e.What = fmt.Sprintf("there is no repository %s", repository)
	e.Next = "check the name; a push to it creates it, if you have the right"
	if hasCode(refusal, transport.NameUnknownErrorCode) {
		return e
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	options := s.client.Remote(ctx)
	if s.auth != nil {
		options = append(options, remote.WithAuthFromKeychain(fixed{s.auth}))
	}
	tags, err := listTags(ctx, s.ref.Context(), options...)
	if isMissing(err) {
		return e
	}
	tag, isTag := s.ref.(name.Tag)
	if !isTag {
		e.What = fmt.Sprintf("there is no %s in %s", s.ref.Identifier(), repository)
		e.Next = "check the digest; it may have been deleted, or belong to another repository"
		return e
	}
	e.Code = actions.CodeTagNotFound
	e.What = fmt.Sprintf("there is no tag %s in %s", tag.TagStr(), repository)
	e.Next = "check the tag's name" + offer(tags)
	return e
}

// offer lists some of the tags that people gave, without those that tools gave to signatures.
func offer(tags []string) string {
	tags = slices.DeleteFunc(tags, func(t string) bool { return strings.HasPrefix(t, "sha256-") })
	const most = 8
	slices.Sort(tags)
	switch {
	case len(tags) == 0:
		return ""
	case len(tags) > most:
		return fmt.Sprintf("; some that are there: %s", strings.Join(tags[:most], ", "))
	}
	return "; there are: " + strings.Join(tags, ", ")
}

// fixed is a keychain with one answer.
type fixed struct{ auth authn.Authenticator }

// Resolve implements authn.Keychain.
func (f fixed) Resolve(authn.Resource) (authn.Authenticator, error) { return f.auth, nil }

// wantsPush reports whether a request was part of a push: a changing method, a question
// about a layer, or a token that includes the right.
func wantsPush(req *http.Request) bool {
	if req == nil {
		return false
	}
	for _, scope := range req.URL.Query()["scope"] {
		if i := strings.LastIndexByte(scope, ':'); i >= 0 && slices.Contains(strings.Split(scope[i+1:], ","), "push") {
			return true
		}
	}
	path, isAPI := strings.CutPrefix(req.URL.Path, "/v2/")
	switch {
	case !isAPI, req.Method == http.MethodGet:
		return false
	case req.Method == http.MethodHead:
		// Only who is about to push asks whether a layer is there.
		return strings.Contains(path, "/blobs/")
	}
	return true
}

func userOf(ctx context.Context, auth authn.Authenticator) string {
	config, err := authn.Authorization(ctx, auth)
	if err != nil {
		return ""
	}
	return config.Username
}

func inWords(allowed []string) string {
	switch {
	case mayPush(allowed):
		return "the registry's token even allows this: its administrator may have set the repository or the whole registry to read-only"
	case mayPull(allowed):
		return "it may only pull"
	case len(allowed) == 0:
		return "it has no right there at all, or there is no such repository"
	}
	return "it may only " + strings.Join(allowed, ", ")
}
