package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// identityChecks are about the issuer, its client, and a token.
func (e *examination) identityChecks() []check {
	const found = "issuer/discovery"
	client := []string{found, "issuer/client"}
	return []check{
		{id: found, group: GroupIdentity, title: "the identity provider describes itself, by the name that it is configured with", needs: []string{"connect/issuer"}, run: e.discover},
		{id: "issuer/client", group: GroupIdentity, title: "the client exists", needs: []string{found}, follows: []string{"fulcio/configuration"}, run: e.clientExists},
		{id: "issuer/redirect", group: GroupIdentity, title: "the client may send the browser back to this machine", needs: client, run: e.loopbackAllowed},
		{id: "issuer/out-of-band", group: GroupIdentity, title: "the client may show the code to the person (out of band)", needs: client, after: []string{"issuer/redirect"}, run: e.outOfBandAllowed},
		{id: "issuer/device", group: GroupIdentity, title: "the client may sign in a device", needs: client, run: e.deviceAllowed},
		{id: "issuer/password", group: GroupIdentity, title: "the client may sign in with a password", needs: client, run: e.passwordAllowed},
	}
}

// discovery is the part of an issuer's document (OpenID Connect Discovery 1.0) that matters here.
type discovery struct {
	Issuer  string   `json:"issuer"`
	Auth    string   `json:"authorization_endpoint"`
	Token   string   `json:"token_endpoint"`
	Keys    string   `json:"jwks_uri"`
	Device  string   `json:"device_authorization_endpoint"`
	Methods []string `json:"code_challenge_methods_supported"`
	// Frame is Keycloak's alone under its name.
	Frame string `json:"check_session_iframe"`
}

func (d *discovery) keycloak() bool { return strings.HasSuffix(d.Frame, "/login-status-iframe.html") }

// discover reads the document.
func (e *examination) discover(ctx context.Context) verdict {
	s := e.service("issuer")
	if s.url == nil {
		return s.unset()
	}
	configured := e.opts.Endpoints.OIDCIssuer
	address := join(configured, "/.well-known/openid-configuration")
	got, err := e.request(ctx, s.who, http.MethodGet, address, "", nil)
	if err != nil {
		return because(err)
	}
	if got.status == http.StatusNotFound {
		return failed(actions.CodeIssuerMissing, "nobody can sign in: the server answers, and has no such issuer",
			"check the path of --oidc-issuer; with Keycloak it ends in /realms/ and the name of a realm, and the realm must be there").
			saw("GET %s is answered with HTTP status 404", address)
	}
	if err := web.Refused(got.status, s.who, "GET "+address); err != nil {
		return because(err)
	}
	d := &discovery{}
	if json.Unmarshal(got.body, d) != nil || d.Issuer == "" {
		return because(garbage(s.who, address, got))
	}
	if d.Issuer != configured {
		return failed(actions.CodeIssuerDiffers, "tokens name the issuer as it calls itself, and Fulcio and cosign compare that with their configuration to the last character",
			"use the name that the issuer gives itself; or, if that is wrong, correct it there (Keycloak: the hostname of the realm)").
			saw("configured: %s", plain(configured)).saw("it says:    %s", plain(d.Issuer)).
			try("export COSIGN_OIDC_ISSUER=%s", plain(d.Issuer))
	}
	if d.Auth == "" || d.Token == "" || d.Keys == "" {
		return failed(actions.CodeNotAsked, "one cannot sign in there: its description lacks the addresses of a sign-in", "check that it is an OpenID Connect provider").
			saw("GET %s", address)
	}
	e.facts.discovery = d
	v := passed("issuer " + plain(d.Issuer))
	if !slices.Contains(d.Methods, "S256") {
		v = failed(actions.CodeNotOffered, "codes could be redeemed by whoever gets hold of them: the provider does not say that it checks (PKCE with S256)", "have PKCE switched on there").
			saw("code_challenge_methods_supported: %s", plain(fmt.Sprint(d.Methods)))
	}
	return v
}
