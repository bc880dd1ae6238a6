// Package quay is what a person does with a Quay beyond what every registry has, through its REST interface: make an
// organisation, read the tags of a repository and what they named before, and look at the page that shows them.
package quay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
)

// TokenUser is the user name with which a token of an application logs in to a Quay's registry.
const TokenUser = "$oauthtoken"

// Options configure a Client.
type Options struct {
	// Registry knows the stored logins, and how the host answers.
	Registry *registry.Client
	// Host is the Quay, such as "quay.example.com" or "127.0.0.1:8080".
	Host string
	// Token is an application's OAuth token; zero for the one with which TokenUser is logged in to the registry, or none.
	Token     actions.Secret
	Transport http.RoundTripper // nil for http.DefaultTransport
}

// Client talks to one Quay. It is safe for concurrent use.
type Client struct {
	opts  Options
	http  *http.Client
	base  string
	token actions.Secret
}

const (
	answerTime = time.Minute
	maxAnswer  = 8 << 20 // bytes
)

// New finds the Quay at opts.Host and the token for it. It fails as registry.Client.Explain says when nothing answers
// there as a registry does.
func New(ctx context.Context, opts Options) (*Client, error) {
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport
	}
	c := &Client{opts: opts, token: opts.Token}
	c.http = &http.Client{Transport: opts.Transport, Timeout: answerTime, CheckRedirect: sameHost}
	var err error
	if c.base, err = opts.Registry.BaseURL(ctx, opts.Host); err != nil {
		return nil, err
	}
	if c.token.IsZero() {
		c.token, err = storedToken(ctx, opts)
	}
	return c, err
}

// sameHost keeps the token from wandering off with a redirect.
func sameHost(req *http.Request, via []*http.Request) error {
	if req.URL.Host != via[0].URL.Host || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}

// storedToken is the stored login when that is a token. A password is never tried as one: Quay writes what it does not
// know as a token into its log.
func storedToken(ctx context.Context, opts Options) (actions.Secret, error) {
	host, err := name.NewRegistry(opts.Host)
	if err != nil {
		return actions.Secret{}, err
	}
	auth, err := authn.Resolve(ctx, opts.Registry.Keychain(), host)
	if err != nil {
		return actions.Secret{}, err
	}
	config, err := authn.Authorization(ctx, auth)
	if err != nil || config.Username != TokenUser {
		return actions.Secret{}, err
	}
	return actions.NewSecret(config.Password), nil
}

// URL is the address of the Quay.
func (c *Client) URL() string { return c.base }

// HasToken reports whether there is a token to show.
func (c *Client) HasToken() bool { return !c.token.IsZero() }

// refusal is an answer of Quay that is no success.
type refusal struct {
	status  int
	kind    string // Quay's error type, such as "invalid_token"
	message string
	json    bool // it was an answer of Quay's interface, and not of something else at that address
}

// Error implements error.
func (r *refusal) Error() string {
	text := fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))
	if r.message != "" {
		return fmt.Sprintf("Quay says: %s (%s)", r.message, text)
	}
	return "it answered " + text
}

// call makes one call below /api/v1/ and reads a JSON answer into out, which may be nil.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	body := io.Reader(http.NoBody)
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	address := c.base + "/api/v1/" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "sigwalk")
	request.Header.Set("Accept", "application/json")
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if !c.token.IsZero() {
		request.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return readRefusal(response.StatusCode, content)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(content, out); err != nil {
		return &refusal{status: response.StatusCode, message: "the answer is no JSON of Quay"}
	}
	return nil
}

func readRefusal(status int, content []byte) *refusal {
	var answer struct {
		Message      string `json:"message"`
		ErrorMessage string `json:"error_message"`
		Detail       string `json:"detail"`
		ErrorType    string `json:"error_type"`
	}
	r := &refusal{status: status, json: json.Unmarshal(content, &answer) == nil}
	r.kind = answer.ErrorType
	for _, text := range []string{answer.ErrorMessage, answer.Message, answer.Detail} {
		if text != "" {
			r.message = oneLine(text)
			break
		}
	}
	return r
}

func oneLine(text string) string {
	const enough = 200
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || printable.Acts(r) }), " ")
	if runes := []rune(text); len(runes) > enough {
		text = string(runes[:enough]) + "…"
	}
	return text
}

// explain says which refusal of Quay it was. doing is what was tried, such as "make the organisation demo".
func (c *Client) explain(ctx context.Context, err error, doing string) error {
	var done *actions.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.As(err, &done):
		return err
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		if explained := web.Explain(err, c.opts.Host); actions.CodeOf(explained) != "" {
			return explained
		}
		return &actions.Error{
			Code: actions.CodeNotAsked, What: "cannot " + doing, Why: err.Error(), Err: err,
			Next: "check that " + c.base + " is a Quay",
		}
	}
	e := &actions.Error{What: "cannot " + doing, Why: refused.Error(), Err: err}
	switch {
	case refused.status == http.StatusUnauthorized && c.token.IsZero():
		e.Code = actions.CodeUnauthorized
		e.Next = "give a token in QUAY_TOKEN: on " + c.base + ", an organisation's Applications make one. A password is none"
	case refused.status == http.StatusUnauthorized:
		e.Code = actions.CodeWrongPassword
		e.Next = "the token is not known there, or it has expired: make a new one and give it in QUAY_TOKEN"
	case refused.status == http.StatusForbidden:
		e.Code = actions.CodeForbidden
		e.Next = "the token is good and its owner, or the scope it was made with, may not do this: make one with more scope, or ask an administrator"
	case refused.status >= http.StatusInternalServerError:
		e.Code = actions.CodeServer
		e.Next = "try again later; its administrator finds the reason in its log"
	case !refused.json || refused.status == http.StatusNotFound && refused.kind == "":
		e.Code = actions.CodeNotAsked
		e.Next = "check that " + c.base + " is a Quay: other registries have no such interface"
	case refused.status == http.StatusNotFound:
		e.Code = actions.CodeImageNotFound
		e.Next = "check the name; a repository is made by the first push to it"
	case refused.status == http.StatusTooManyRequests:
		e.Code = actions.CodeThrottled
		e.Next = "wait a minute and try again"
	case refused.kind == "tag_immutable":
		e.Code = actions.CodeImmutableTag
		e.Next = "ask the repository's administrator to make the tag mutable"
	default:
		e.Code = actions.CodeNotAsked
		e.Next = "check what was asked for"
	}
	return e
}
