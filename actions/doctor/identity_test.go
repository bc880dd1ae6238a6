package doctor_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/oauth2"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"golang.org/x/crypto/bcrypt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

func identityFaults() []fault {
	return []fault{
		{"there is no such realm", actions.CodeIssuerMissing, func(w *world) {
			w.answers(w.settings.OIDCIssuer, "", says(http.StatusNotFound, `{"error":"Realm does not exist"}`))
		}, "404"},
		{"the issuer calls itself by another name", actions.CodeIssuerDiffers, func(w *world) {
			w.edits(w.settings.OIDCIssuer, "", replaces(`"issuer":"http://`, `"issuer":"https://`))
		}, "it says:    https://"},
		{"the provider does not check who redeems a code", actions.CodeNotOffered, func(w *world) {
			w.edits(w.settings.OIDCIssuer, "", replaces(`"S256"`, `"nothing"`))
		}, "nothing"},
		{"the client was never made", actions.CodeClientMissing, func(w *world) {
			w.dex(func(c *storage.Client, _ *server.Config, _ *storage.Password) { c.ID = "another" })
		}, "invalid_client"},
		{"the client wants a secret", actions.CodeClientMissing, func(w *world) {
			w.dex(func(c *storage.Client, _ *server.Config, _ *storage.Password) {
				c.Public, c.Secret = false, "of the client"
			})
		}, "invalid_client"},
		{"the out-of-band redirect is missing", actions.CodeRedirectMissing, func(w *world) {
			w.dex(func(c *storage.Client, _ *server.Config, _ *storage.Password) {
				c.RedirectURIs = []string{"http://localhost:45678/auth/callback"}
			})
		}, "urn:ietf:wg:oauth:2.0:oob"},
		{"the device grant is off", actions.CodeDeviceOff, func(w *world) {
			w.dex(func(_ *storage.Client, s *server.Config, _ *storage.Password) {
				s.AllowedGrantTypes = slices.DeleteFunc(s.AllowedGrantTypes, func(g string) bool { return g == oauth2.GrantTypeDeviceCode })
			})
		}, ""},
		{"the password grant is off", actions.CodePasswordOff, func(w *world) {
			w.dex(func(_ *storage.Client, s *server.Config, _ *storage.Password) {
				s.PasswordConnector = ""
				s.AllowedGrantTypes = slices.DeleteFunc(s.AllowedGrantTypes, func(g string) bool { return g == oauth2.GrantTypePassword })
			})
		}, "unsupported_grant_type"},
		{"the user's password is wrong", actions.CodeUserRefused, func(w *world) { w.options.Password = actions.NewSecret("nonsense") }, "Invalid user credentials"},
		{"the user's address is not verified", actions.CodeEmail, func(w *world) {
			w.dex(func(_ *storage.Client, _ *server.Config, p *storage.Password) { *p.EmailVerified = false })
		}, ""},
		{"the audience mapper is missing", actions.CodeAudienceMapper, func(w *world) {
			w.edits(w.settings.OIDCIssuer, "", func(resp *http.Response, body []byte) []byte {
				var answer map[string]any
				if !strings.HasSuffix(resp.Request.URL.Path, "/token") || json.Unmarshal(body, &answer) != nil || answer["access_token"] == nil {
					return body
				}
				answer["access_token"] = unsigned(map[string]any{"iss": w.settings.OIDCIssuer, "sub": "somebody", "aud": "account", "exp": time.Now().Add(time.Hour).Unix()})
				body, _ = json.Marshal(answer)
				return body
			})
		}, "is for account"},
		{"the token at hand is for somebody else", actions.CodeTokenAudience, func(w *world) {
			w.options.User = ""
			w.options.Token = actions.NewSecret(w.dex(func(*storage.Client, *server.Config, *storage.Password) {}).token("account"))
		}, "account"},
		{"the token at hand is cut off", actions.CodeTokenMalformed, func(w *world) {
			w.options.User, w.options.Token = "", actions.NewSecret("eyJhbGciOiJSUzI1NiJ9.eyJpc3Mi")
		}, ""},
		{"Fulcio does not trust the issuer", actions.CodeFulcioIssuer, func(w *world) {
			w.edits(w.settings.Fulcio, "/api/v2/configuration", replaces(w.settings.OIDCIssuer, w.settings.OIDCIssuer+"/"))
		}, "Fulcio trusts"},
		{"Fulcio wants another client", actions.CodeFulcioClient, func(w *world) {
			w.edits(w.settings.Fulcio, "/api/v2/configuration", replaces(`"`+w.settings.OIDCClientID+`"`, `"sigstore"`))
		}, "Fulcio wants tokens for sigstore"},
	}
}

func unsigned(claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(payload) + "." + encode(make([]byte, 256))
}

// provider is a Dex in the place of the sandbox's, by its name.
type provider struct {
	w    *world
	base string // where it really listens, with the issuer's path
}

// dex starts a real Dex with a changed client, configuration or user, and sends there what is for the sandbox's.
func (w *world) dex(change func(*storage.Client, *server.Config, *storage.Password)) *provider {
	w.tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		w.tb.Fatal(err)
	}
	sign, err := signer.NewMockSigner(key)
	if err != nil {
		w.tb.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(w.settings.OIDCPassword), bcrypt.DefaultCost)
	if err != nil {
		w.tb.Fatal(err)
	}
	logger, verified := slog.New(slog.NewTextHandler(io.Discard, nil)), true
	client := storage.Client{ID: sandbox.ClientID, Name: "Trusted Artifact Signer", Public: true}
	user := storage.Password{Email: w.settings.OIDCUser, Hash: hash, Username: "a user", EmailVerified: &verified, UserID: "1"}
	config := server.Config{
		Issuer: w.settings.OIDCIssuer, Signer: sign, Logger: logger, SkipApprovalScreen: true, PasswordConnector: connectors.LocalConnector,
		IDTokensValidFor: time.Hour, RefreshTokenPolicy: tokens.NewRefreshStrategy(true, time.Hour, 0, time.Second, nil),
		AllowedGrantTypes: []string{oauth2.GrantTypeAuthorizationCode, oauth2.GrantTypePassword, oauth2.GrantTypeDeviceCode, oauth2.GrantTypeRefreshToken},
		Web:               server.WebConfig{Issuer: "test", WebFS: web.FS()},
	}
	change(&client, &config, &user)
	store := storage.WithStaticClients(memory.New(logger), []storage.Client{client, {ID: "account", Name: "account", Public: true}})
	store = storage.WithStaticPasswords(store, []storage.Password{user}, logger)
	config.Storage = storage.WithStaticConnectors(store, []storage.Connector{{ID: connectors.LocalConnector, Type: connectors.LocalConnector, Name: "Email"}})
	life, end := context.WithCancel(context.WithoutCancel(w.tb.Context()))
	w.tb.Cleanup(end)
	dex, err := server.NewServer(life, config)
	if err != nil {
		w.tb.Fatal(err)
	}
	listening := httptest.NewServer(dex)
	w.tb.Cleanup(listening.Close)
	issuer, err := url.Parse(w.settings.OIDCIssuer)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.routes[issuer.Host] = hostOf(w.tb, listening.URL)
	return &provider{w, listening.URL + issuer.Path}
}

// token is an identity token of the user for a client.
func (p *provider) token(client string) string {
	p.w.tb.Helper()
	form := url.Values{
		"grant_type": {"password"}, "scope": {"openid email"}, "client_id": {client},
		"username": {p.w.settings.OIDCUser}, "password": {p.w.settings.OIDCPassword},
	}
	request, err := http.NewRequestWithContext(p.w.tb.Context(), http.MethodPost, p.base+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		p.w.tb.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.w.tb.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		ID string `json:"id_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.ID == "" {
		p.w.tb.Fatalf("no token for %s: %s %v", client, response.Status, err)
	}
	return answer.ID
}
