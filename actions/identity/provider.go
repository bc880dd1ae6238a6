package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/web"
)

// provider is an OpenID Connect provider as its discovery document describes it (OpenID Connect Discovery 1.0).
type provider struct {
	opts     SignInOptions
	courier  *courier
	metadata metadata
	inner    *oidc.Provider
	keycloak bool
}

// metadata is the part of the document that a sign-in needs.
type metadata struct {
	oidc.ProviderConfig
	Challenges   []string `json:"code_challenge_methods_supported"`
	TokenAuth    []string `json:"token_endpoint_auth_methods_supported"`
	SessionFrame string   `json:"check_session_iframe"`
}

// discover reads the provider's document.
func discover(ctx context.Context, c *courier, opts SignInOptions) (*provider, error) {
	p := &provider{opts: opts, courier: c}
	if opts.Issuer == "" || opts.ClientID == "" {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: "no identity provider to sign in at is set",
			Next: "give its address with --oidc-issuer (COSIGN_OIDC_ISSUER) and the client with --oidc-client-id (COSIGN_OIDC_CLIENT_ID)",
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		strings.TrimSuffix(opts.Issuer, "/")+"/.well-known/openid-configuration", http.NoBody)
	if err != nil || request.URL.Host == "" {
		return nil, &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("the identity provider %q is no URL", opts.Issuer), Next: "check --oidc-issuer"}
	}
	response, err := c.client().Do(request)
	if err != nil {
		return nil, p.noAnswer(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, p.notThere(response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(&p.metadata); err != nil {
		return nil, p.unusable("its discovery document cannot be read")
	}
	if err := p.check(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// check refuses a provider that cannot be used, or not safely.
func (p *provider) check(ctx context.Context) error {
	m := p.metadata
	switch {
	case m.IssuerURL != p.opts.Issuer:
		return &actions.Error{
			Code: actions.CodeNotAsked,
			What: "the identity provider " + p.opts.Issuer + " calls itself by another name",
			Why:  fmt.Sprintf("its discovery document says %q; both must be the same to the last character", Quoted(m.IssuerURL)),
			Next: "give --oidc-issuer that name, if it is the provider that you mean",
		}
	case m.AuthURL == "" || m.TokenURL == "" || m.JWKSURL == "":
		return p.unusable("its discovery document lacks the addresses of a sign-in")
	case !slices.Contains(m.Challenges, "S256"):
		return &actions.Error{
			Code: actions.CodeNotOffered,
			What: "one cannot sign in at " + p.opts.Issuer + " safely",
			Why:  "it does not say that it checks who redeems a code (PKCE with S256)",
			Next: "have PKCE switched on there, or get a token in another way and give it with --identity-token",
		}
	}
	p.inner = m.NewProvider(p.courier.context(ctx))
	// The frame by which a page watches its session is Keycloak's alone under this name.
	p.keycloak = strings.HasSuffix(m.SessionFrame, "/login-status-iframe.html")
	return nil
}

// config is what the OAuth library wants to know.
func (p *provider) config() oauth2.Config {
	endpoint := p.inner.Endpoint()
	// Left to itself the library tries both styles, and a code can be tried once.
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	if !p.opts.ClientSecret.IsZero() && len(p.metadata.TokenAuth) > 0 && !slices.Contains(p.metadata.TokenAuth, "client_secret_post") {
		endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	return oauth2.Config{
		ClientID: p.opts.ClientID, ClientSecret: p.opts.ClientSecret.Reveal(), Endpoint: endpoint,
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

func (p *provider) offersDevice() bool { return p.metadata.DeviceAuthURL != "" }

// host names the provider to people.
func (p *provider) host() string {
	if u, err := url.Parse(p.opts.Issuer); err == nil && u.Host != "" {
		return u.Host
	}
	return p.opts.Issuer
}

// exchange redeems a code for tokens.
func (p *provider) exchange(ctx context.Context, l *link, code actions.Secret) (*oauth2.Token, error) {
	answer, err := l.config.Exchange(p.courier.context(ctx), code.Reveal(), oauth2.VerifierOption(l.verifier))
	if err != nil {
		return nil, p.explain(ctx, err, "redeem the code")
	}
	return answer, nil
}

// shaped says what is wrong with the shape of a code that Keycloak refused: where it is typed on a plain terminal, nobody
// could say so before. And another try needs another code: Keycloak gives each one try, also where a part of it was sent.
func (p *provider) shaped(err error, code actions.Secret) error {
	var refused *actions.Error
	if !p.keycloak || !errors.As(err, &refused) || refused.Code != actions.CodeSignInRefused {
		return err
	}
	told := *refused
	told.Next = "get a new link, log in again and paste the whole code: Keycloak gives each code one try"
	if shape, _, found := strings.Cut(keycloakShape(tidyCode(code).Reveal()), ". "); found {
		told.Why += "; it " + strings.ToLower(shape[:1]) + shape[1:]
	}
	return &told
}

// verify takes the identity token out of an answer, once it is proved to be the provider's, for this client, for now and
// for this sign-in.
func (p *provider) verify(ctx context.Context, answer *oauth2.Token, nonce string) (*Token, error) {
	raw, _ := answer.Extra("id_token").(string)
	if raw == "" {
		return nil, p.unusable("its answer has no identity token; the client may lack the scope openid")
	}
	token, err := Parse(actions.NewSecret(raw))
	if err != nil {
		return nil, err
	}
	if err := token.Check(p.opts.Clock.Now(), p.opts.ClientID); err != nil {
		return nil, p.clockError(err)
	}
	// The times are checked above, where the difference of the clocks is known.
	proved, err := p.inner.VerifierContext(p.courier.context(ctx), &oidc.Config{ClientID: p.opts.ClientID, SkipExpiryCheck: true}).Verify(ctx, raw)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.notProved("it could not be verified: " + plainly(err))
	}
	if nonce != "" && proved.Nonce != nonce {
		return nil, p.notProved("it is the answer to another sign-in (the nonce is not ours)")
	}
	if proved.AccessTokenHash != "" {
		if err := proved.VerifyAccessToken(answer.AccessToken); err != nil {
			return nil, p.notProved("it does not belong to the access token that came with it")
		}
	}
	return token, nil
}

// clockError blames the clock where that is the reason.
func (p *provider) clockError(err error) error {
	off := p.courier.clockOff(p.host())
	if actions.CodeOf(err) != actions.CodeTokenExpired || off == "" {
		return err
	}
	return &actions.Error{
		Code: actions.CodeClock,
		What: "the sign-in worked, but its token is not valid by the clock of this machine",
		Why:  off,
		Next: "set the clock right (on Linux: timedatectl set-ntp true), then sign in again",
		Err:  err,
	}
}

func (p *provider) notProved(why string) error {
	return &actions.Error{
		Code: actions.CodeSignInRefused,
		What: "the identity token that came from " + p.host() + " cannot be trusted",
		Why:  why,
		Next: "sign in again with a new link; if that does not help, something between you and the provider changes its answers",
	}
}

// explain says why the provider gave nothing. What it quotes is the provider's reason, never what was sent.
func (p *provider) explain(ctx context.Context, err error, doing string) error {
	var refused *oauth2.RetrieveError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.As(err, &refused):
		return p.noAnswer(ctx, err)
	}
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	said := refused.ErrorCode
	if text := Quoted(refused.ErrorDescription); text != "" {
		said += ": " + text
	}
	e := &actions.Error{Why: "it says " + said}
	switch {
	case refused.ErrorCode == "invalid_grant":
		e.Code = actions.CodeSignInRefused
		e.What = p.host() + " refused the code"
		e.Next = "paste the whole code once more; when it was used already or is older than a minute or so, get a new link"
	case refused.ErrorCode == "access_denied":
		return cancelled(refused.ErrorDescription)
	case refused.ErrorCode == "" || status >= http.StatusInternalServerError:
		e.Code = actions.CodeServer
		e.What = fmt.Sprintf("%s failed to %s", p.host(), doing)
		e.Why = fmt.Sprintf("it answered with HTTP status %d", status)
		e.Next = "try again with a new link; its own logs say more"
	default:
		e.Code = actions.CodeClientRefused
		e.What = fmt.Sprintf("%s lets the client %s not %s", p.host(), p.opts.ClientID, doing)
		e.Next = "sign in in another way, or have the client allowed to do this by whoever runs the provider"
	}
	return e
}

func (p *provider) noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	explained := web.Explain(err, "the identity provider "+p.opts.Issuer)
	var known *actions.Error
	if errors.As(explained, &known) {
		return explained
	}
	return &actions.Error{
		Code: actions.CodeUnreachable, What: "the identity provider " + p.opts.Issuer + " gave no answer that can be read", Why: plainly(err),
		Next: "check its address; if it is right, try again",
	}
}

func (p *provider) notThere(status int) error {
	if status >= http.StatusInternalServerError {
		return &actions.Error{
			Code: actions.CodeServer, What: "the identity provider " + p.opts.Issuer + " is not ready",
			Why: fmt.Sprintf("it answered with HTTP status %d", status), Next: "wait a little and try again; its own logs say more",
		}
	}
	return &actions.Error{
		Code: actions.CodeNotAsked, What: "there is no identity provider at " + p.opts.Issuer,
		Why:  fmt.Sprintf("its discovery document (/.well-known/openid-configuration) answers with HTTP status %d", status),
		Next: "check --oidc-issuer (COSIGN_OIDC_ISSUER): with Keycloak it ends in /realms/ and the name of the realm",
	}
}

func (p *provider) unusable(why string) error {
	return &actions.Error{
		Code: actions.CodeNotAsked, What: "one cannot sign in at " + p.opts.Issuer, Why: why,
		Next: "check that --oidc-issuer is the address of an OpenID Connect provider, and --oidc-client-id a client of it",
	}
}

func (p *provider) noDevice() error {
	return &actions.Error{
		Code: actions.CodeNotOffered, What: p.host() + " does not offer the sign-in with a device",
		Why:  "its discovery document names no device_authorization_endpoint",
		Next: "sign in with a browser (--fulcio-auth-flow normal), or give a token with --identity-token",
	}
}

// plainly is the reason of an error of a library, without addresses.
func plainly(err error) string {
	var withAddress *url.Error
	if errors.As(err, &withAddress) {
		err = withAddress.Err
	}
	return Quoted(err.Error())
}

// Quoted is text from elsewhere, such as a server or a token, on one line, printable and short.
func Quoted(text string) string {
	const enough = 200
	text = strings.Join(strings.FieldsFunc(text, printable.Acts), " ")
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "..."
	}
	return text
}
