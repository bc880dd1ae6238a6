package doctor

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

const outOfBand = identity.OutOfBand

// loopbackRedirect is where cosign has the browser come back to, with a port that is free at the time (RFC 8252, 7.3).
const loopbackRedirect = "http://localhost:45678/auth/callback"

// verifier and challenge are a pair of PKCE (RFC 7636) that is used for nothing: no code is ever redeemed with them.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWw1buJSstw-cM"
)

// loopbackAllowed asks for a login page that comes back to this machine.
func (e *examination) loopbackAllowed(ctx context.Context) verdict {
	v, ok := e.authorize(ctx, loopbackRedirect)
	if ok || v.code != actions.CodeRedirectMissing {
		return v
	}
	v.code = actions.CodeLoopbackMissing
	v.means = "signing in with a browser fails: the client may not send it back to a program on this machine"
	v.next = "add http://localhost/* to the client's redirect URIs: programs listen on a port that is free at the time"
	if e.facts.discovery.keycloak() {
		v.next += ". In Keycloak: Clients, " + plain(e.opts.Endpoints.OIDCClientID) + ", Valid redirect URIs"
	}
	return v
}

// outOfBandAllowed asks for a login page that shows the code.
func (e *examination) outOfBandAllowed(ctx context.Context) verdict {
	v, ok := e.authorize(ctx, outOfBand)
	if ok || v.code != actions.CodeRedirectMissing {
		return v
	}
	v.means = "signing in from a machine without a browser fails: the client may not show the code to the person"
	v.next = "add " + outOfBand + " to the client's redirect URIs"
	if e.facts.discovery.keycloak() {
		v.next += ". In Keycloak: Clients, " + plain(e.opts.Endpoints.OIDCClientID) + ", Valid redirect URIs"
	}
	return v
}

// authorize asks for a login page with an address to return to. A provider that does not take the address must say so
// on a page of its own (RFC 6749, section 4.1.2.1); nobody logs in here.
func (e *examination) authorize(ctx context.Context, redirect string) (verdict, bool) {
	s := e.service("issuer")
	u, err := url.Parse(e.facts.discovery.Auth)
	if err != nil {
		return because(&actions.Error{Code: actions.CodeNotAsked, What: "the provider's address for logins is no URL", Why: plain(e.facts.discovery.Auth), Next: "have it corrected at the provider"}), false
	}
	query := u.Query()
	for name, value := range map[string]string{
		"client_id": e.opts.Endpoints.OIDCClientID, "redirect_uri": redirect, "response_type": "code", "scope": "openid email",
		"state": "sigwalk-doctor", "nonce": "sigwalk-doctor", "code_challenge": challenge, "code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	got, err := e.visit(ctx, s.who, u)
	if err != nil {
		return because(err), false
	}
	switch {
	case got.status >= http.StatusInternalServerError:
		return because(&actions.Error{
			Code: actions.CodeServer, What: s.who + " fails when it is asked for a login page", Why: "it answers with HTTP status " + http.StatusText(got.status),
			Next: "try again; its own log says more",
		}), false
	case got.status >= http.StatusBadRequest:
		return failed(actions.CodeRedirectMissing, "", "").saw("a login that returns to %s is refused with HTTP status %d", redirect, got.status), false
	}
	// A refusal that is not about the address comes back to it.
	to, err := url.Parse(got.header.Get("Location"))
	if err == nil && strings.HasPrefix(got.header.Get("Location"), redirect) && to.Query().Get("error") != "" {
		return failed(actions.CodeClientRefused, "signing in with a browser fails: the client may not begin it",
			"allow the client the authorization code flow (Keycloak: Standard flow)").
			saw("a login is refused with %s", plain(to.Query().Get("error")+": "+to.Query().Get("error_description"))), false
	}
	return passed("a login may return to " + redirect), true
}

// visit goes to a page as a browser does, as long as the provider sends on to another of its own.
func (e *examination) visit(ctx context.Context, who string, u *url.URL) (*answer, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := *e.client
	browser.Jar = jar
	const enough = 5
	for range enough {
		got, err := requestBy(ctx, &browser, who, http.MethodGet, u.String(), "", nil)
		if err != nil || got.status < http.StatusMultipleChoices || got.status >= http.StatusBadRequest {
			return got, err
		}
		next, err := u.Parse(got.header.Get("Location"))
		if err != nil || next.Host != u.Host || next.Scheme != u.Scheme {
			return got, nil
		}
		u = next
	}
	return nil, &actions.Error{
		Code: actions.CodeNotAsked, What: who + " sends a browser round in circles", Why: "it never comes to a login page", Next: "open " + e.opts.Endpoints.OIDCIssuer + " in a browser, and look at the provider's log",
	}
}
