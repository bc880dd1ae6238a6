// Package loginpage logs in at an identity provider's own page as a person with a browser would, but over HTTP alone. A
// rehearsal uses it where a lesson asks a learner to sign in.
//
// It knows what the pages of Dex and Keycloak have in common: a form with a password, a form for the code of a device, a
// form that asks for consent, and a page that shows a code. It runs no scripts.
package loginpage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// Visit is one visit.
type Visit struct {
	// URL is the link that a person would open.
	URL string
	// UserCode is entered where a page asks for the code of a device and does not know it from the link.
	UserCode string
	Username string
	Password actions.Secret
	// Transport carries the calls; nil for http.DefaultTransport.
	Transport http.RoundTripper
}

const (
	most      = 12 // pages of one visit
	pageLimit = 1 << 20
	timeout   = 30 * time.Second
)

// Log logs in and returns the code that the last page shows, or nothing where the answer goes elsewhere. It fails with
// CodeWrongPassword when the provider refuses the user, and with CodeNotAsked at a page that it does not understand. No
// error holds the password or a code.
func (v Visit) Log(ctx context.Context) (actions.Secret, error) {
	b, err := newBrowser(v.Transport)
	if err != nil {
		return actions.Secret{}, err
	}
	now, err := b.open(ctx, v.URL)
	for pages, sent := 0, false; err == nil; pages++ {
		if !now.code.IsZero() {
			return now.code, nil
		}
		f, what := now.next()
		switch {
		case pages >= most:
			return actions.Secret{}, now.strange("it leads from page to page without an end")
		case what == formNone && sent:
			return actions.Secret{}, nil
		case what == formNone:
			return actions.Secret{}, now.strange("it has no form to log in with")
		case what == formPassword && sent:
			return actions.Secret{}, v.refused(now)
		}
		sent = sent || what == formPassword
		now, err = b.submit(ctx, f, f.filled(what, v))
	}
	return actions.Secret{}, err
}

func (v Visit) refused(now *page) error {
	e := &actions.Error{
		Code: actions.CodeWrongPassword, What: now.at.Host + " does not let " + v.Username + " in", Why: now.complaint,
		Next: "check the user and the password of the rehearsal",
	}
	if e.Why == "" {
		e.Why = "its page asks for the password again"
	}
	return e
}

// browser keeps cookies and follows redirects.
type browser struct{ client *http.Client }

// errOutOfBand stops at a redirect to the out-of-band URN, which carries the code.
var errOutOfBand = errors.New("the code came in a redirect")

func newBrowser(transport http.RoundTripper) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	if transport == nil {
		transport = http.DefaultTransport
	}
	return &browser{client: &http.Client{
		Transport: &loopbackCookies{transport}, Jar: jar, Timeout: timeout,
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			switch {
			case request.URL.Scheme == "urn":
				return errOutOfBand
			case len(via) >= most:
				return (&page{at: request.URL}).strange(fmt.Sprintf("it leads on and on, over more than %d redirects", most))
			}
			return nil
		},
	}}, nil
}

func (b *browser) open(ctx context.Context, address string) (*page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeUsage, What: "the link of the sign-in is no URL"}
	}
	return b.do(request)
}

func (b *browser) submit(ctx context.Context, f *form, values url.Values) (*page, error) {
	target, body := *f.action, io.Reader(http.NoBody)
	if f.method == http.MethodPost {
		body = strings.NewReader(values.Encode())
	} else {
		target.RawQuery = values.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, f.method, target.String(), body)
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeNotAsked, What: "the form of the login page leads nowhere"}
	}
	if f.method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(request)
}

func (b *browser) do(request *http.Request) (*page, error) {
	response, err := b.client.Do(request)
	if response != nil && errors.Is(err, errOutOfBand) {
		location, parseErr := url.Parse(response.Header.Get("Location"))
		if parseErr != nil {
			return nil, &actions.Error{Code: actions.CodeNotAsked, What: "the redirect of the login page cannot be read"}
		}
		return &page{at: request.URL, code: actions.NewSecret(location.Query().Get("code"))}, nil
	}
	if err != nil {
		if ended := request.Context().Err(); ended != nil {
			return nil, ended
		}
		return nil, unreachable(err, request.URL)
	}
	defer func() { _ = response.Body.Close() }()
	now, err := read(io.LimitReader(response.Body, pageLimit), response.Request.URL)
	if err != nil {
		return nil, unreachable(err, request.URL)
	}
	// A page that asks again may come as a refusal.
	if _, what := now.next(); response.StatusCode >= http.StatusBadRequest && what == formNone {
		return nil, now.strange(fmt.Sprintf("it answers with HTTP status %d", response.StatusCode))
	}
	return now, nil
}

// unreachable names the host alone: the rest of the address holds what ties a sign-in together.
func unreachable(err error, at *url.URL) error {
	var withAddress *url.Error
	if errors.As(err, &withAddress) {
		err = withAddress.Err
	}
	return web.Explain(err, "the login page at "+at.Host)
}

// loopbackCookies lets cookies that want a secure connection travel to this machine without one, as browsers do:
// Keycloak marks all of its own so.
type loopbackCookies struct{ inner http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l *loopbackCookies) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.inner.RoundTrip(request)
	if err != nil || request.URL.Scheme != "http" || !loopback(request.URL.Hostname()) {
		return response, err
	}
	cookies := response.Cookies()
	response.Header.Del("Set-Cookie")
	for _, cookie := range cookies {
		cookie.Secure = false
		response.Header.Add("Set-Cookie", cookie.String())
	}
	return response, nil
}
