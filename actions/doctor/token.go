package doctor

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

// tokenChecks are about a token: the one at hand, or one that the user at hand gets.
func (e *examination) tokenChecks() []check {
	return []check{
		{
			id: "token/user", group: GroupIdentity, title: "the user at hand can sign in",
			needs: []string{"issuer/discovery"}, after: []string{"issuer/client", "issuer/password", "clock"}, run: e.signIn,
		},
		{
			id: "token/audience", group: GroupIdentity, title: "access tokens are for the client (audience mapper)",
			needs: []string{"token/user"}, after: []string{"fulcio/client"}, run: e.accessAudience,
		},
		{
			id: "token/fulcio", group: GroupFulcio, title: "Fulcio will take the token at hand",
			needs: []string{"fulcio/configuration"}, after: []string{"token/user", "fulcio/issuer", "fulcio/client", "clock"}, run: e.tokenAccepted,
		},
	}
}

// signIn gets tokens by the password grant.
func (e *examination) signIn(ctx context.Context) verdict {
	if e.opts.User == "" {
		if !e.opts.Token.IsZero() {
			return notApplicable("a token is at hand, and no user")
		}
		return skipped("no user is at hand who could sign in without a person", "set OIDC_USER and OIDC_PASSWORD, or SIGSTORE_ID_TOKEN")
	}
	answer, err := e.grant(ctx, url.Values{
		"grant_type": {"password"}, "scope": {"openid email"}, "username": {e.opts.User}, "password": {e.opts.Password.Reveal()},
	})
	if err != nil {
		return because(err)
	}
	if answer.ID == "" && answer.Access == "" {
		if answer.status >= http.StatusInternalServerError {
			return because(&actions.Error{
				Code: actions.CodeServer, What: "the identity provider fails when somebody signs in", Why: "it says " + answer.says(), Next: "try again; its own log says more",
			})
		}
		return failed(actions.CodeUserRefused, plain(e.opts.User)+" gets no token, and cannot sign", "check OIDC_USER and OIDC_PASSWORD, and the account at the provider (enabled, nothing to be done at a first login); where nobody has made a technical user yet, let sigwalk do it").
			saw("the provider says %s", answer.says()).try("sigwalk technical-user")
	}
	e.facts.idToken, e.facts.accessToken = actions.NewSecret(answer.ID), actions.NewSecret(answer.Access)
	v := passed("the provider gives " + plain(e.opts.User) + " a token")
	if answer.ID == "" {
		return failed(actions.CodeNotOffered, "the provider gives no identity token to the user", "give the client the scope openid").saw("its answer holds an access token alone")
	}
	return v
}

// accessAudience looks at whom an access token is for. Scripts that send it to Fulcio need an audience mapper at a Keycloak.
func (e *examination) accessAudience(context.Context) verdict {
	if e.facts.accessToken.IsZero() {
		return notApplicable("there is no access token")
	}
	token, err := identity.Parse(e.facts.accessToken)
	if err != nil {
		return notApplicable("access tokens of this provider are no JWT")
	}
	want := e.opts.Endpoints.OIDCClientID
	if slices.Contains(token.Audience, want) {
		return passed("an access token is for " + plain(strings.Join(token.Audience, ", ")))
	}
	v := failed(actions.CodeAudienceMapper, "a script that sends the access token to Fulcio is refused; the identity token works",
		"have the client's name written into the audience of its access tokens").
		saw("an access token is for %s", plain(strings.Join(token.Audience, ", "))).saw("Fulcio wants %s", plain(want))
	if e.facts.discovery.keycloak() {
		v.next = "in Keycloak: Clients, " + plain(want) + ", Client scopes, " + plain(want) + "-dedicated, Add mapper, By configuration, Audience; Included Client Audience " + plain(want) + ", Add to access token on; or let sigwalk do it, with the realm's administrator"
		v = v.try("sigwalk audience-mapper")
	}
	return v
}

// tokenAccepted foretells Fulcio's answer to the token.
func (e *examination) tokenAccepted(ctx context.Context) verdict {
	raw, which := e.opts.Token, "the token in SIGSTORE_ID_TOKEN"
	if raw.IsZero() {
		raw, which = e.facts.idToken, "the identity token of "+plain(e.opts.User)
	}
	if raw.IsZero() {
		return skipped("there is no token to look at", "set OIDC_USER and OIDC_PASSWORD, or SIGSTORE_ID_TOKEN")
	}
	token, err := identity.Parse(raw)
	if err != nil {
		return because(err)
	}
	report, err := inspect.Inspect(ctx, token, inspect.Options{Fulcio: e.opts.Endpoints.Fulcio, Transport: e.outside, Clock: e.opts.Clock})
	if err != nil {
		return because(unanswered(ctx, err, "Fulcio"))
	}
	for _, c := range report.Checks {
		if c.State != inspect.Failed {
			continue
		}
		code := c.Code
		if c.ID == inspect.CheckIdentity {
			code = actions.CodeEmail
		}
		return failed(code, "Fulcio will refuse "+which+": "+c.Why, c.Next).saw("%s", c.What)
	}
	v := passed(which + " will be taken")
	if report.Subject != nil {
		v = v.saw("the certificate will be for %s", plain(report.Subject.Name))
	}
	for _, c := range report.Checks {
		if c.State == inspect.Unsure {
			v = v.saw("not known: %s: %s", c.What, c.Why)
		}
	}
	return v
}
