package doctor

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

// grantAnswer is what a token endpoint says (RFC 6749, sections 5.1 and 5.2).
type grantAnswer struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	ID          string `json:"id_token"`
	Access      string `json:"access_token"`

	status int
}

// says is the refusal in words.
func (g *grantAnswer) says() string {
	text := g.Error
	if g.Description != "" {
		text += ": " + g.Description
	}
	return plain(text)
}

// grant sends a form to the token endpoint as the client.
func (e *examination) grant(ctx context.Context, form url.Values) (*grantAnswer, error) {
	s := e.service("issuer")
	form.Set("client_id", e.opts.Endpoints.OIDCClientID)
	address := e.facts.discovery.Token
	got, err := e.request(ctx, s.who, http.MethodPost, address, "application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	answer := &grantAnswer{status: got.status}
	if json.Unmarshal(got.body, answer) != nil || answer.Error == "" && answer.ID == "" && answer.Access == "" {
		return nil, &actions.Error{
			Code: actions.CodeNotAsked, What: "the token endpoint of " + s.who + " gives no answer of its protocol",
			Why:  "POST " + address + " is answered with HTTP status " + http.StatusText(got.status) + " and no error code",
			Next: "look at what stands in front of it, and at its log",
		}
	}
	return answer, nil
}

// clientExists redeems a code that nobody was given: a provider that does not know the client says so before it looks at
// the code (RFC 6749, section 5.2: invalid_client).
func (e *examination) clientExists(ctx context.Context) verdict {
	id := e.opts.Endpoints.OIDCClientID
	if id == "" {
		return skipped("no client is set", "give it with --oidc-client-id (COSIGN_OIDC_CLIENT_ID); in a private deployment it is usually trusted-artifact-signer")
	}
	answer, err := e.grant(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {"sigwalk-doctor-asks-whether-the-client-is-there"},
		"redirect_uri": {loopbackRedirect}, "code_verifier": {verifier},
	})
	if err != nil {
		return because(err)
	}
	switch answer.Error {
	case "invalid_client", "unauthorized_client":
		v := failed(actions.CodeClientMissing, "nobody can sign in: the provider does not know the client, or it is confidential and wants a secret that cosign does not have",
			"make the client "+plain(id)+" at the provider: public (no client authentication), with the standard flow").
			saw("redeeming a code as %s is refused with %s", plain(id), answer.says())
		if e.facts.trusts != nil {
			if entry, ok := inspect.Find(e.facts.trusts.Issuers, e.opts.Endpoints.OIDCIssuer); ok {
				v = v.saw("Fulcio wants tokens for %s", plain(entry.Audience))
				if entry.Audience != id {
					v.next += "; or use the client that Fulcio wants, with --oidc-client-id " + plain(entry.Audience)
				}
			}
		}
		if e.facts.discovery.keycloak() {
			v.next = "in Keycloak: Clients, Create client, Client ID " + plain(id) + "; Client authentication off, Standard flow, Direct access grants and OAuth 2.0 Device Authorization Grant on; " +
				"Valid redirect URIs http://localhost/* and " + outOfBand
		}
		return v
	}
	return passed("the provider knows the client " + plain(id))
}
