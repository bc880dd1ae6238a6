package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// meddler stands between us and the real provider: it changes the discovery document, or cuts calls off.
type meddler struct {
	change func(metadata map[string]any)
	cut    func(*http.Request) bool
}

// RoundTrip implements http.RoundTripper.
func (m *meddler) RoundTrip(request *http.Request) (*http.Response, error) {
	if m.cut != nil && m.cut(request) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil || m.change == nil || !strings.HasSuffix(request.URL.Path, "/openid-configuration") {
		return response, err
	}
	var metadata map[string]any
	err = json.NewDecoder(response.Body).Decode(&metadata)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	m.change(metadata)
	body, err := json.Marshal(metadata)
	if err != nil {
		return nil, err
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

func TestProvidersThatCannotBeUsed(t *testing.T) {
	s := sandboxtest.Start(t)
	set := func(name string, value any) *meddler {
		return &meddler{change: func(metadata map[string]any) { metadata[name] = value }}
	}
	for name, c := range map[string]struct {
		change func(*identity.SignInOptions)
		code   actions.Code
		why    string
	}{
		"nothing set":      {func(o *identity.SignInOptions) { o.Issuer = "" }, actions.CodeUsage, "no identity provider"},
		"no client":        {func(o *identity.SignInOptions) { o.ClientID = "" }, actions.CodeUsage, "no identity provider"},
		"no URL":           {func(o *identity.SignInOptions) { o.Issuer = "keycloak" }, actions.CodeUsage, "is no URL"},
		"down":             {func(o *identity.SignInOptions) { o.Issuer = "http://127.0.0.1:1/realms/demo" }, actions.CodeUnreachable, "refused"},
		"unknown host":     {func(o *identity.SignInOptions) { o.Issuer = "http://sso.invalid/realms/demo" }, actions.CodeUnreachable, "sso.invalid"},
		"another realm":    {func(o *identity.SignInOptions) { o.Issuer = strings.TrimSuffix(s.OIDCIssuer, "signer") }, actions.CodeNotAsked, "404"},
		"a registry":       {func(o *identity.SignInOptions) { o.Issuer = "http://" + s.Registry }, actions.CodeNotAsked, "404"},
		"a slash too much": {func(o *identity.SignInOptions) { o.Issuer += "/" }, actions.CodeNotAsked, "another name"},
		"no PKCE": {func(o *identity.SignInOptions) {
			o.Transport = set("code_challenge_methods_supported", []string{"plain"})
		}, actions.CodeNotOffered, "PKCE"},
		"no login page": {func(o *identity.SignInOptions) { o.Transport = set("authorization_endpoint", "") }, actions.CodeNotAsked, "lacks the addresses"},
		"no device": {func(o *identity.SignInOptions) {
			o.Way, o.Transport = identity.WayDevice, set("device_authorization_endpoint", "")
		}, actions.CodeNotOffered, "device"},
		"not on loopback": {func(o *identity.SignInOptions) {
			o.Way, o.RedirectURL = identity.WayBrowser, "http://example.com/callback"
		}, actions.CodeUsage, "listens on this machine alone"},
		"by a wrong scheme": {func(o *identity.SignInOptions) {
			o.Way, o.RedirectURL = identity.WayBrowser, "https://localhost:1/callback"
		}, actions.CodeUsage, "listens on this machine alone"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{}
			opts := options(t, p)
			c.change(&opts)
			_, err := signIn(t, p, opts)
			assertError(t, err, c.code, c.why)
		})
	}
}

func TestRedirectToAPortOfOnesOwn(t *testing.T) {
	var config net.ListenConfig
	held, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := held.Addr().String()
	p := &person{}
	opts := options(t, p)
	opts.Way, opts.RedirectURL = identity.WayBrowser, "http://"+address+"/back"
	opts.Open = func(_ context.Context, link string) error {
		if redirect := parse(t, link).Query().Get("redirect_uri"); redirect != opts.RedirectURL {
			t.Errorf("the answer comes back to %s", redirect)
		}
		go p.logIn(link, "")
		return nil
	}
	_, err = signIn(t, p, opts)
	assertError(t, err, actions.CodePortTaken, address)
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	p.answers = []func(*identity.Prompt) actions.Answer{nil, nil}
	if _, err := signIn(t, p, opts); err != nil {
		t.Error(err)
	}
}

// The provider goes away while the person logs in. The code can be pasted again when it is back.
func TestProviderGoesAway(t *testing.T) {
	p := &person{}
	away := false
	var code actions.Secret
	p.answers = []func(*identity.Prompt) actions.Answer{
		func(prompt *identity.Prompt) actions.Answer {
			code, away = p.logIn(prompt.URL, ""), true
			return actions.Answer{Text: code}
		},
		func(*identity.Prompt) actions.Answer {
			away = false
			return actions.Answer{Text: code}
		},
	}
	opts := options(t, p)
	opts.Transport = &meddler{cut: func(*http.Request) bool { return away }}
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	prompt := p.prompts()[1]
	assertError(t, prompt.Failure, actions.CodeUnreachable, "connection was refused")
	if prompt.Over {
		t.Error("the link was given up")
	}
}

// A clock that is off by an hour is told before the person logs in, and is named as the reason of the failure.
func TestClockOffByAnHour(t *testing.T) {
	for name, c := range map[string]struct {
		off  time.Duration
		says string
	}{
		"ahead":  {time.Hour, "1 hour ahead"},
		"behind": {-time.Hour, "behind"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{}
			p.answers = []func(*identity.Prompt) actions.Answer{p.paste}
			opts := options(t, p)
			opts.Clock = func() time.Time { return time.Now().Add(c.off) }
			_, err := signIn(t, p, opts)
			assertError(t, err, actions.CodeClock, c.says)
			if prompt := p.prompts()[0]; !strings.Contains(prompt.Warning, c.says) || !strings.Contains(p.asked[0].Text, "WARNING: the clock") {
				t.Errorf("before the login it says %q", prompt.Warning)
			}
			p.assertSilent(err)
		})
	}
}

// What does not belong to the link is refused: a code for another verifier, a token for another nonce.
func TestAnswersOfAnotherSignIn(t *testing.T) {
	for name, c := range map[string]struct{ parameter, value, why string }{
		"verifier": {"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "refused the code"},
		"nonce":    {"nonce", "of-another-sign-in", "nonce is not ours"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{}
			p.answers = []func(*identity.Prompt) actions.Answer{func(prompt *identity.Prompt) actions.Answer {
				return p.paste(&identity.Prompt{URL: changed(t, prompt.URL, c.parameter, c.value)})
			}}
			_, err := signIn(t, p, options(t, p))
			assertError(t, err, actions.CodeSignInRefused, c.why)
			p.assertSilent(err)
		})
	}
}

// The listener takes the answer to its own link alone, and the page says what became of it.
func TestListener(t *testing.T) {
	p := &person{answers: []func(*identity.Prompt) actions.Answer{nil, nil}}
	opts := options(t, p)
	back := func(link string, query url.Values) string {
		query.Set("state", parse(t, link).Query().Get("state"))
		return parse(t, link).Query().Get("redirect_uri") + "?" + query.Encode()
	}
	opts.Open = func(_ context.Context, link string) error {
		redirect := parse(t, link).Query().Get("redirect_uri")
		for _, stray := range []string{redirect, redirect + "?state=made-up&code=stolen", strings.TrimSuffix(redirect, "/auth/callback")} {
			if status, text := get(t, stray); status < 400 || strings.Contains(text, "stolen") {
				t.Errorf("%s answers %d %s", stray, status, text)
			}
		}
		go p.logIn(link, "")
		return nil
	}
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		query url.Values
		code  actions.Code
		why   string
	}{
		"another provider": {url.Values{"iss": {"https://evil.example"}, "code": {"c"}}, actions.CodeSignInRefused, "https://evil.example"},
		"no code":          {url.Values{}, actions.CodeSignInRefused, "no code"},
		"refused":          {url.Values{"error": {"invalid_scope"}, "error_description": {"no\x1b[31m email"}}, actions.CodeClientRefused, "invalid_scope: no [31m email"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{}
			opts := options(t, p)
			opts.Way = identity.WayBrowser
			opts.Open = func(_ context.Context, link string) error {
				if status, text := get(t, back(link, c.query)); status != http.StatusOK || !strings.Contains(text, "Nobody was signed in") {
					t.Errorf("the page says %d %s", status, text)
				}
				if _, text := get(t, back(link, c.query)); !strings.Contains(text, "arrived already") {
					t.Errorf("opened again the page says %s", text)
				}
				return nil
			}
			_, err := signIn(t, p, opts)
			assertError(t, err, c.code, c.why)
		})
	}
}

// A provider that the client may not use in this way says so itself (Dex: a login that must not ask anybody).
func TestRefusedByTheProvider(t *testing.T) {
	p := &person{}
	opts := options(t, p)
	opts.Open = func(_ context.Context, link string) error {
		get(t, changed(t, link, "response_type", "token"))
		get(t, changed(t, link, "scope", "openid made-up"))
		return nil
	}
	_, err := signIn(t, p, opts)
	assertError(t, err, actions.CodeClientRefused, "it says ")
}

// Keycloak is known by what only its discovery document has, and then the shape of a code is remarked on, never insisted
// on.
func TestCodesOfKeycloak(t *testing.T) {
	p := &person{}
	p.answers = []func(*identity.Prompt) actions.Answer{p.paste} // Dex's code, which has another shape
	opts := options(t, p)
	opts.Transport = &meddler{change: func(metadata map[string]any) {
		metadata["check_session_iframe"] = opts.Issuer + "/protocol/openid-connect/login-status-iframe.html"
	}}
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	prompt := p.prompts()[0]
	if !prompt.Keycloak || prompt.CodeLength() != 110 {
		t.Errorf("prompt %+v", prompt)
	}
	const whole = "f4ef6a57-a339-4c11-b192-dce7feb608aa.a35192e4-36d3-4b28-a583-50b7816e72e2.22114fef-296a-47ad-9333-f37452ce1033"
	for code, says := range map[string]string{
		"":                             "",
		whole:                          "",
		"\n " + whole + " \r\n":        "",
		whole[:60] + "\n" + whole[60:]: "",
		whole[:97]:                     "the last has 23",
		whole[:73]:                     "there are only 2",
		whole[:20]:                     "there is only one",
		whole[5:]:                      "one has 31",
		whole + "." + whole:            "there are 6",
		whole + "x":                    "one has 37",
	} {
		if got := prompt.CheckCode(actions.NewSecret(code)); says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("%q: says %q, want %q", code, got, says)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		cut := rapid.IntRange(8, len(whole)-1).Draw(t, "cut")
		if got := prompt.CheckCode(actions.NewSecret(whole[:cut])); got == "" || strings.Contains(got, whole[:8]) {
			t.Fatalf("cut at %d it says %q", cut, got)
		}
	})
}

// cancel presses the button that breaks a login off.
func (p *person) cancel(link, userCode string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	browser := &http.Client{Jar: jar}
	visit := func(method, address string, form url.Values) (string, *url.URL) {
		request, err := http.NewRequestWithContext(p.t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			p.t.Error(err)
			return "", nil
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := browser.Do(request)
		if err != nil {
			p.t.Error(err)
			return "", nil
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			p.t.Error(err)
		}
		return string(text), response.Request.URL
	}
	page, at := visit(http.MethodGet, link, nil)
	if userCode != "" {
		page, at = visit(http.MethodPost, at.ResolveReference(&url.URL{Path: at.Path + "/auth/verify_code"}).String(), url.Values{"user_code": {userCode}})
	}
	action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		p.t.Errorf("no form to cancel on %s", page)
		return
	}
	target, err := at.Parse(strings.ReplaceAll(action[1], "&amp;", "&"))
	if err != nil {
		p.t.Error(err)
		return
	}
	visit(http.MethodPost, target.String(), url.Values{"cancel": {"1"}})
}
