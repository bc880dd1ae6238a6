package signing

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

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

const (
	serviceTimeout = 30 * time.Second
	serviceTries   = 3
	serviceLimit   = 8 << 20 // bytes of an answer
)

// call is one request to Fulcio, Rekor or a timestamp authority.
type call struct {
	service     string // for people: "Fulcio"
	method, url string
	contentType string
	accept      string
	bearer      actions.Secret
	body        []byte
}

// target names the call's other end.
func (c call) target() string {
	if c.service == "" {
		return c.url
	}
	return c.service + " at " + c.url
}

// answer is what a service said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask makes a call and returns the answer whatever its status. What the service calls temporary, or a cut connection left
// unanswered, is asked again, twice at most: Fulcio and a timestamp authority give another certificate or time stamp then,
// and the log says that it has the entry.
func (s *Signer) ask(ctx context.Context, c call) (*answer, error) {
	for try := 1; ; try++ {
		a, err := s.askOnce(ctx, c)
		if try == serviceTries || !passing(a, err) {
			return a, err
		}
		if err := sleep(ctx, time.Duration(try)*200*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// passing reports whether another try may well be answered in another way.
func passing(a *answer, err error) bool {
	if err != nil {
		return web.CutOff(err)
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func (s *Signer) askOnce(ctx context.Context, c call) (*answer, error) {
	bounded, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(bounded, c.method, c.url, bytes.NewReader(c.body))
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("%q is no URL", c.url), Err: err}
	}
	if c.contentType != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	if c.accept != "" {
		request.Header.Set("Accept", c.accept)
	}
	if !c.bearer.IsZero() {
		request.Header.Set("Authorization", "Bearer "+c.bearer.Reveal())
	}
	request.Header.Set("User-Agent", "sigwalk")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, unreachable(ctx, err, c.target())
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, serviceLimit))
	if err != nil {
		return nil, unreachable(ctx, err, c.target())
	}
	return &answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

// unreachable says why there was no answer; the end of ctx is told apart from a service that is slow.
func unreachable(ctx context.Context, err error, target string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	explained := web.Explain(err, target)
	var known *actions.Error
	if errors.As(explained, &known) {
		return explained
	}
	return &actions.Error{
		Code: actions.CodeUnreachable, What: target + " gave no answer that can be read", Why: innermost(err).Error(),
		Next: "check the address; if it is right, try again", Err: err,
	}
}

// innermost leaves out the address, which the library repeats with its query.
func innermost(err error) error {
	var withAddress *url.Error
	if errors.As(err, &withAddress) {
		return withAddress.Err
	}
	return err
}

// reason is what a service gave as the reason of a refusal: the message of its JSON, or its text, on one line.
func (a *answer) reason() string {
	var message struct {
		Message string `json:"message"`
	}
	text := strings.TrimSpace(string(a.body))
	if json.Unmarshal(a.body, &message) == nil && message.Message != "" {
		text = message.Message
	}
	text, _, _ = strings.Cut(text, "\n")
	if strings.HasPrefix(text, "<") { // a page for people, of a proxy in between
		text = ""
	}
	const enough = 300
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	if text == "" {
		return fmt.Sprintf("HTTP status %d", a.status)
	}
	return fmt.Sprintf("%s (HTTP status %d)", text, a.status)
}

// join appends a path of the API to a base URL.
func join(base, path string) string {
	joined, err := url.JoinPath(base, path)
	if err != nil {
		return base + path
	}
	return joined
}

// needed refuses an endpoint that is not set.
func needed(endpoint, service, flag string) error {
	if endpoint != "" {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeUsage,
		What: "no address of " + service + " is set",
		Next: "give it with " + flag,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// interrupted reports whether err is only the end of the work.
func interrupted(err error) bool { return errors.Is(err, context.Canceled) }
