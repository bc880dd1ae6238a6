package doctor

import (
	"context"
	"net/url"

	"github.com/sigwalk/sigwalk/actions"
)

// deviceAllowed asks for a device's token without naming a device: a provider that lets the client do so misses the name
// (RFC 8628, section 3.4), and nothing is begun.
func (e *examination) deviceAllowed(ctx context.Context) verdict {
	const grant = "urn:ietf:params:oauth:grant-type:device_code"
	next := "allow the client the device authorization grant"
	if e.facts.discovery.keycloak() {
		next = "in Keycloak: Clients, " + plain(e.opts.Endpoints.OIDCClientID) + ", OAuth 2.0 Device Authorization Grant on"
	}
	if e.facts.discovery.Device == "" {
		return failed(actions.CodeDeviceOff, "signing in with a code on another device fails: the provider does not offer it", next).
			saw("its description names no device_authorization_endpoint")
	}
	answer, err := e.grant(ctx, url.Values{"grant_type": {grant}})
	if err != nil {
		return because(err)
	}
	if answer.Error == "invalid_request" {
		return passed("the provider asks which device")
	}
	return failed(actions.CodeDeviceOff, "signing in with a code on another device fails: the client may not", next).
		saw("the grant is refused with %s", answer.says())
}

// passwordAllowed asks for a token by the password grant, for nobody: whether the client may is looked at before who it is.
func (e *examination) passwordAllowed(ctx context.Context) verdict {
	answer, err := e.grant(ctx, url.Values{"grant_type": {"password"}, "scope": {"openid email"}})
	if err != nil {
		return because(err)
	}
	switch answer.Error {
	case "unauthorized_client", "unsupported_grant_type":
		v := failed(actions.CodePasswordOff, "a technical user gets no token: the client may not sign in with a password", "allow the client the password grant").
			saw("the grant is refused with %s", answer.says())
		if e.facts.discovery.keycloak() {
			v.next = "in Keycloak: Clients, " + plain(e.opts.Endpoints.OIDCClientID) + ", Direct access grants on"
		}
		return v
	}
	return passed("the provider asks who it is")
}
