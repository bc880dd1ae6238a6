package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

const (
	clientID = "trusted-artifact-signer"
	password = "a password"
	email    = "pipeline-auth@demo.redhat.com"
)

func config(t *testing.T, dir, address string) Config {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return Config{
		Dir: dir, Listener: listener, ClientID: clientID, Password: password,
		Users: []User{{Email: email, Username: "pipeline", Name: "Pipeline"}},
	}
}

func start(t *testing.T, dir, address string) *Server {
	t.Helper()
	server, err := Start(t.Context(), config(t, dir, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// post sends a form and returns the status and the JSON answer.
func post(t *testing.T, url string, form url.Values) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// pageForm is what the workshop page's curl sends: no scope.
func pageForm(user, secret string) url.Values {
	return url.Values{"grant_type": {"password"}, "client_id": {clientID}, "username": {user}, "password": {secret}}
}

// accepted verifies a token as Fulcio does and returns its e-mail.
func accepted(ctx context.Context, t *testing.T, issuer, token string) string {
	t.Helper()
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := verified.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if !claims.Verified {
		t.Error("the e-mail is not verified")
	}
	return claims.Email
}

func TestPagesCurlGetsTokensThatFulcioAccepts(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	for _, user := range []string{email, "pipeline", "Pipeline"} {
		status, answer := post(t, server.URL()+"/protocol/openid-connect/token", pageForm(user, password))
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", user, status, answer)
		}
		for _, kind := range []string{"access_token", "id_token"} {
			token, _ := answer[kind].(string)
			if got := accepted(t.Context(), t, server.URL(), token); got != email {
				t.Errorf("the %s of %s is for %q", kind, user, got)
			}
		}
	}
}

func TestScopeThatWasSentIsKept(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	form := pageForm(email, password)
	form.Set("scope", "openid")
	_, answer := post(t, server.URL()+"/protocol/openid-connect/token", form)
	token, _ := answer["id_token"].(string)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no token: %v", answer)
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || strings.Contains(string(claims), "email") {
		t.Errorf("a token without the scope email says %s (%v)", claims, err)
	}
}

func TestRefusedSignInSaysInvalidGrantAsKeycloakDoes(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	for what, form := range map[string]url.Values{
		"wrong password": pageForm(email, "wrong"),
		"unknown user":   pageForm("nobody@demo.redhat.com", password),
	} {
		status, answer := post(t, server.URL()+"/protocol/openid-connect/token", form)
		if status != http.StatusUnauthorized || answer["error"] != "invalid_grant" || answer["error_description"] != "Invalid user credentials" {
			t.Errorf("%s: %d %v", what, status, answer)
		}
	}
	form := pageForm(email, password)
	form.Set("client_id", "another")
	if status, answer := post(t, server.URL()+"/protocol/openid-connect/token", form); status != http.StatusUnauthorized || answer["error"] != "invalid_client" {
		t.Errorf("unknown client: %d %v", status, answer)
	}
}

func TestSignInCanBeProlonged(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	form := pageForm(email, password)
	form.Set("scope", "openid email offline_access")
	_, answer := post(t, server.URL()+"/protocol/openid-connect/token", form)
	refresh, _ := answer["refresh_token"].(string)
	_, answer = post(t, server.URL()+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {refresh},
	})
	token, _ := answer["id_token"].(string)
	if got := accepted(t.Context(), t, server.URL(), token); got != email {
		t.Errorf("prolonged as %q: %v", got, answer)
	}
}

func TestDeviceGrantBegins(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	status, answer := post(t, server.URL()+"/protocol/openid-connect/auth/device", url.Values{"client_id": {clientID}})
	where, _ := answer["verification_uri"].(string)
	if status != http.StatusOK || answer["user_code"] == "" || !strings.HasPrefix(where, server.URL()) {
		t.Errorf("%d %v", status, answer)
	}
}

func TestDiscoveryNamesKeycloaksPaths(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	provider, err := oidc.NewProvider(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	base := server.URL() + "/protocol/openid-connect"
	if got := provider.Endpoint(); got.TokenURL != base+"/token" || got.AuthURL != base+"/auth" || got.DeviceAuthURL != base+"/auth/device" {
		t.Errorf("endpoints %+v", got)
	}
	if !regexp.MustCompile(`\.redhatworkshops\.io/`).MatchString(server.URL()) {
		t.Errorf("the page's expression does not match the issuer %s", server.URL())
	}
}

func TestTokenOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir, "127.0.0.1:0")
	_, answer := post(t, first.URL()+"/protocol/openid-connect/token", pageForm(email, password))
	token, _ := answer["id_token"].(string)
	issuer, err := url.Parse(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, dir, issuer.Host)
	if second.URL() != first.URL() {
		t.Fatalf("the issuer changed from %s to %s", first.URL(), second.URL())
	}
	accepted(t.Context(), t, second.URL(), token)
}

func TestTornKeyIsReported(t *testing.T) {
	dir := t.TempDir()
	if err := start(t, dir, "127.0.0.1:0").Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "token.key.pem")
	if err := os.Truncate(path, 200); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), config(t, dir, "127.0.0.1:0"))
	if !errors.Is(err, state.ErrUnreadable) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error about %s", err, path)
	}
}

// TestBrowserSignInWithOutOfBandCode walks the pages as a browser does: the page's way to a code without a redirect.
func TestBrowserSignInWithOutOfBandCode(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	const redirect = "urn:ietf:wg:oauth:2.0:oob"
	query := url.Values{
		"client_id": {clientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"s"},
	}
	page := visit(t, browser, http.MethodGet, server.URL()+"/protocol/openid-connect/auth?"+query.Encode(), nil)
	action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("no sign-in form on %s", page)
	}
	login := strings.ReplaceAll(action[1], "&amp;", "&")
	origin := strings.TrimSuffix(server.URL(), IssuerPath)
	page = visit(t, browser, http.MethodPost, origin+login, url.Values{"login": {"pipeline"}, "password": {password}})
	code := regexp.MustCompile(`value="([^"]+)"`).FindStringSubmatch(page)
	if code == nil {
		t.Fatalf("no code on %s", page)
	}
	_, answer := post(t, server.URL()+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "redirect_uri": {redirect}, "code": {code[1]},
	})
	token, _ := answer["id_token"].(string)
	if got := accepted(t.Context(), t, server.URL(), token); got != email {
		t.Errorf("signed in as %q", got)
	}
}

func visit(t *testing.T, browser *http.Client, method, address string, form url.Values) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v %s", address, response.Status, err, text)
	}
	return string(text)
}

// TestCancelledLogin presses the button on the login page: a client with a redirect is told at once (RFC 6749), a device
// at its next poll (RFC 8628), and the login cannot be gone on with.
func TestCancelledLogin(t *testing.T) {
	server := start(t, t.TempDir(), "127.0.0.1:0")
	origin := strings.TrimSuffix(server.URL(), IssuerPath)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan url.Values, 1)
	client := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { answers <- r.URL.Query() }))
	defer client.Close()
	browser := &http.Client{Jar: jar}
	cancel := func(page string) string {
		action := regexp.MustCompile(`<form method="post" action="([^"]+)"`).FindStringSubmatch(page)
		if action == nil || !strings.Contains(page, `name="cancel"`) {
			t.Fatalf("no form with a button to cancel on %s", page)
		}
		address := origin + strings.ReplaceAll(action[1], "&amp;", "&")
		answer := visit(t, browser, http.MethodPost, address, url.Values{"cancel": {"1"}})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("a cancelled login goes on: %s", response.Status)
		}
		return answer
	}
	authorize := func(redirect string) string {
		query := url.Values{"client_id": {clientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"a state"}}
		return visit(t, browser, http.MethodGet, server.URL()+"/protocol/openid-connect/auth?"+query.Encode(), nil)
	}

	redirect := strings.Replace(client.URL, "127.0.0.1", "localhost", 1) + "/auth/callback"
	cancel(authorize(redirect))
	if got := <-answers; got.Get("error") != "access_denied" || got.Get("state") != "a state" || got.Has("code") {
		t.Errorf("the client is told %v", got)
	}
	if page := cancel(authorize("urn:ietf:wg:oauth:2.0:oob")); !strings.Contains(page, "Login cancelled") {
		t.Errorf("out of band the page says %s", page)
	}

	_, device := post(t, server.URL()+"/protocol/openid-connect/auth/device", url.Values{"client_id": {clientID}})
	page := visit(t, browser, http.MethodPost, server.URL()+"/device/auth/verify_code", url.Values{"user_code": {device["user_code"].(string)}})
	cancel(page)
	status, answer := post(t, server.URL()+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {clientID},
		"device_code": {device["device_code"].(string)},
	})
	if status != http.StatusBadRequest || answer["error"] != "access_denied" {
		t.Errorf("the device is told %d %v", status, answer)
	}
}
