package inspect

import (
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// The issuers of CI systems whose habits are known.
const (
	github = "https://token.actions.githubusercontent.com"
	gitlab = "https://gitlab.com"
)

// ambientAudience is what cosign asks a CI system for when it finds out by itself that it runs in one.
const ambientAudience = "sigstore"

// unknownIssuer says that Fulcio does not trust the issuer, and whom it trusts.
func (r *Report) unknownIssuer(trusted []Issuer) {
	issuer := r.token.Issuer
	var names []string
	near := ""
	for _, entry := range trusted {
		name := entry.URL + entry.Wildcard
		names = append(names, name)
		if alike(name) == alike(issuer) {
			near = name
		}
	}
	why := "Fulcio trusts no issuer at all"
	if len(names) > 0 {
		why = "Fulcio trusts " + plain(strings.Join(names, ", "))
	}
	var next string
	switch {
	case near != "":
		why = fmt.Sprintf("Fulcio trusts %s, and the two must be the same to the last character", plain(near))
		next = "have the issuer named in Fulcio's configuration exactly as its tokens name it (iss)"
	default:
		next = fmt.Sprintf("get a token from one of those, or have whoever runs Fulcio add %s with the client %s: in Trusted Artifact Signer in the "+
			"Securesign resource, under fulcio.config.OIDCIssuers; for a sandbox: sigwalk sandbox up --oidc-issuer %s --oidc-client-id %s",
			plain(issuer), r.client(), plain(issuer), r.client())
	}
	r.fail(CheckIssuer, actions.CodeTokenRefused, "Fulcio does not know "+plain(issuer), why, next)
}

// alike leaves out of a URL what people mistake: capitals, the slash at the end, the scheme.
func alike(url string) string {
	url = strings.TrimSuffix(strings.ToLower(url), "/")
	_, rest, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	return rest
}

// client is the client that a token seems to have been made for.
func (r *Report) client() string {
	if party := r.text("azp"); party != "" {
		return plain(party)
	}
	if len(r.token.Audience) > 0 {
		return plain(r.token.Audience[0])
	}
	return "CLIENT"
}

// audienceAdvice is what to change, and where, for a token to be for Fulcio's client.
func (r *Report) audienceAdvice(wanted string) string {
	wanted = plain(wanted)
	ambient := false
	for _, audience := range r.token.Audience {
		ambient = ambient || audience == ambientAudience
	}
	switch {
	case r.token.Issuer == github && ambient:
		return fmt.Sprintf("cosign asks GitHub for the audience %s by itself. Ask for the token in the workflow instead, "+
			"curl -H \"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\" \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=%s\", and give its value as "+
			"SIGSTORE_ID_TOKEN; or have Fulcio's entry for GitHub name the client %s", ambientAudience, wanted, ambientAudience)
	case r.token.Issuer == github:
		return "ask GitHub for the right audience: append &audience=" + wanted + " to ACTIONS_ID_TOKEN_REQUEST_URL"
	case r.token.Issuer == gitlab, r.text("ci_config_ref_uri") != "":
		return "write it in the job: id_tokens: SIGSTORE_ID_TOKEN: aud: " + wanted
	case r.ofKeycloak() && r.accessToken():
		return fmt.Sprintf("this is Keycloak's access token, which is for whoever the client's mappers say. Add an audience mapper: Clients, %s, Client scopes, "+
			"%s-dedicated, Add mapper by configuration, Audience; Included Client Audience %s; Add to access token. Or use the id_token in place of the "+
			"access_token (with the scope openid)", r.client(), r.client(), wanted)
	case r.ofKeycloak():
		return "get the token with client_id=" + wanted + ": Keycloak makes an id_token for the client that asked"
	case ambient:
		return "ask for the audience " + wanted + ": cosign asks for " + ambientAudience + " by itself, so that the token must be fetched and given as SIGSTORE_ID_TOKEN"
	}
	return "get a token for the client " + wanted
}

// ofKeycloak reports whether a Keycloak made the token: it says so in a claim of its own about the kind of token.
func (r *Report) ofKeycloak() bool {
	switch r.text("typ") {
	case "Bearer", "ID":
		return strings.Contains(r.token.Issuer, "/realms/")
	}
	return false
}

// accessToken reports whether this is an access token rather than an identity token: only those carry a scope.
func (r *Report) accessToken() bool {
	_, scope := r.Claims["scope"]
	return scope || r.text("typ") == "Bearer"
}

// ofClient reports whether the token is a client's own (client credentials), in which nobody signed in.
func (r *Report) ofClient() bool {
	return strings.HasPrefix(r.text("preferred_username"), "service-account-") || r.text("gty") == "client-credentials"
}

// noEmailAdvice is what to change where a token names no e-mail address.
func (r *Report) noEmailAdvice() (why, next string) {
	why = "Fulcio makes the certificate for the e-mail address in a token of this issuer (type email)"
	switch {
	case r.ofClient():
		return why + ", and this one was given to the client itself (client credentials): nobody signed in, so there is no address",
			"sign in as a technical user in place of the client (grant_type=password, with the same client); or give the client's service account an address " +
				"that is marked as verified; or have Fulcio trust this issuer with the type uri or username, which go by sub"
	case r.ofKeycloak():
		return why, "give the user an e-mail address (Users, the user, Email, and Email verified), and the client the scope email (Clients, " + r.client() + ", Client scopes)"
	}
	return why, "ask for the scope email, and have the user given an address at " + plain(r.token.Issuer)
}

// unverifiedAdvice is what to change where the address is not verified.
func (r *Report) unverifiedAdvice() string {
	if r.ofKeycloak() {
		return "mark the address as verified in Keycloak (Users, the user, Email verified), then get a new token"
	}
	return "have the address confirmed at " + plain(r.token.Issuer) + " (an administrator can mark it as verified), then get a new token"
}

// text is a claim that is text, or empty.
func (r *Report) text(claim string) string {
	text, _ := r.Claims[claim].(string)
	return text
}
