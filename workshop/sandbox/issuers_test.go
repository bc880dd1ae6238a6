package sandbox_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/oauth2"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"golang.org/x/crypto/bcrypt"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

const (
	otherClient   = "other-client"
	otherUser     = "somebody@elsewhere.example"
	otherPassword = "of another provider"
)

// otherProvider is an identity provider of somebody else: a Dex behind TLS, with a certificate that no system trusts.
type otherProvider struct {
	*httptest.Server
	ca   string
	down *atomic.Bool // while set, it answers nothing but 404
}

func startOther(t *testing.T) otherProvider {
	t.Helper()
	var dex http.Handler
	down := new(atomic.Bool)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.NotFound(w, r)
			return
		}
		dex.ServeHTTP(w, r)
	}))
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // who does not trust the certificate hangs up
	web.StartTLS()
	t.Cleanup(web.Close)

	hash, err := bcrypt.GenerateFromPassword([]byte(otherPassword), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	verified := true
	store := memory.New(logger)
	store = storage.WithStaticClients(store, []storage.Client{{ID: otherClient, Public: true}})
	store = storage.WithStaticPasswords(store, []storage.Password{
		{Email: otherUser, Hash: hash, Username: "somebody", EmailVerified: &verified, UserID: "1"},
	}, logger)
	store = storage.WithStaticConnectors(store, []storage.Connector{{ID: connectors.LocalConnector, Type: connectors.LocalConnector}})
	life, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	sign, err := (&signer.LocalConfig{KeysRotationPeriod: "6h"}).Open(life, store, time.Hour, time.Now, logger)
	if err != nil {
		t.Fatal(err)
	}
	dex, err = server.NewServer(life, server.Config{
		Issuer: web.URL, Storage: store, Signer: sign, Logger: logger, SkipApprovalScreen: true,
		PasswordConnector: connectors.LocalConnector, AllowedGrantTypes: []string{oauth2.GrantTypePassword},
		RefreshTokenPolicy: tokens.NewRefreshStrategy(true, time.Hour, 0, time.Second, nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	return otherProvider{Server: web, ca: ca, down: down}
}

// token signs its user in.
func (o otherProvider) token(t *testing.T) string {
	t.Helper()
	response, err := o.Client().PostForm(o.URL+"/token", url.Values{
		"grant_type": {"password"}, "client_id": {otherClient}, "scope": {"openid email"},
		"username": {otherUser}, "password": {otherPassword},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var got struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.IDToken == "" {
		t.Fatalf("no token: %s %v", response.Status, err)
	}
	return got.IDToken
}

// owned starts a sandbox in this process; the caller closes it.
func owned(t *testing.T, opts sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(within(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestFulcioTrustsAFurtherIssuer(t *testing.T) {
	dir, other, data := t.TempDir(), startOther(t), []byte("signed with somebody else's token")
	s := owned(t, sandbox.Options{Dir: dir, Stay: true, Issuer: &sandbox.Issuer{URL: other.URL, ClientID: otherClient, CA: other.ca}})
	tr := trustOf(t, s.Settings())
	check := func(when string) {
		t.Helper()
		signed := tr.sign(t, data, other.token(t))
		if err := tr.verify(t, data, signed, otherUser, other.URL); err != nil {
			t.Errorf("%s: a signature of the further issuer's user: %v", when, err)
		}
		if tr.verify(t, data, signed, otherUser, s.Settings().OIDCIssuer) == nil {
			t.Errorf("%s: it verifies as one of the sandbox's own issuer", when)
		}
		signed = tr.sign(t, data, token(t, s.Settings(), sandbox.PipelineUser))
		if err := tr.verify(t, data, signed, sandbox.PipelineUser, s.Settings().OIDCIssuer); err != nil {
			t.Errorf("%s: a signature of the sandbox's own user: %v", when, err)
		}
		if got := s.Status().Issuers; len(got) != 1 || got[0].URL != other.URL || got[0].ClientID != otherClient {
			t.Errorf("%s: the status names %+v", when, got)
		}
	}
	check("added")

	// It stays, also while it is down: the sandbox starts, and asks it again when one of its tokens comes.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other.down.Store(true)
	s = owned(t, sandbox.Options{Dir: dir, Stay: true})
	other.down.Store(false)
	check("after a start without it")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// Added again with another client, it is the one issuer still, and tokens for the first client are refused.
	s = owned(t, sandbox.Options{Dir: dir, Stay: true, Issuer: &sandbox.Issuer{URL: other.URL, ClientID: "another", CA: other.ca}})
	defer func() { _ = s.Close() }()
	if got := s.Status().Issuers; len(got) != 1 || got[0].ClientID != "another" {
		t.Errorf("the status names %+v", got)
	}
	const refused = "error processing the identity token"
	if answer := askFulcio(t, s.Settings(), other.token(t)); !strings.Contains(answer, refused) {
		t.Errorf("a token for a client that is trusted no longer: %s", answer)
	}
	if answer := askFulcio(t, s.Settings(), token(t, s.Settings(), sandbox.StudentUser)); strings.Contains(answer, refused) {
		t.Errorf("a token of the sandbox's own: %s", answer)
	}
}

// askFulcio asks for a certificate with a token and no key, and returns what Fulcio says of it: it looks at the token first.
func askFulcio(t *testing.T, settings sandbox.Settings, token string) string {
	t.Helper()
	body := `{"credentials":{"oidcIdentityToken":"` + token + `"},"publicKeyRequest":{}}`
	response, err := http.Post(settings.Fulcio+"/api/v2/signingCert", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusBadRequest {
		t.Fatalf("%s %s %v", response.Status, answer, err)
	}
	return string(answer)
}

func TestAnIssuerThatCannotBeTrusted(t *testing.T) {
	dir, other := t.TempDir(), startOther(t)
	s := owned(t, sandbox.Options{Dir: dir, Stay: true})
	own := s.Settings().OIDCIssuer
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, test := range map[string]struct {
		issuer sandbox.Issuer
		why    string
	}{
		"not a URL":               {sandbox.Issuer{URL: "keycloak", ClientID: "c"}, "no issuer URL"},
		"with a query":            {sandbox.Issuer{URL: other.URL + "?realm=x", ClientID: "c"}, "no issuer URL"},
		"with a password":         {sandbox.Issuer{URL: "https://admin:s3cret@sso.example", ClientID: "c"}, "password"},
		"in the clear, elsewhere": {sandbox.Issuer{URL: "http://sso.example.com/realms/x", ClientID: "c"}, "plain HTTP"},
		"without a client":        {sandbox.Issuer{URL: other.URL}, "client"},
		"no certificate":          {sandbox.Issuer{URL: other.URL, ClientID: "c", CA: "hello"}, "holds no certificate"},
		"unknown authority":       {sandbox.Issuer{URL: other.URL, ClientID: "c"}, "does not answer"},
		"another name":            {sandbox.Issuer{URL: other.URL + "/", ClientID: "c", CA: other.ca}, "exactly that name"},
		"nobody there":            {sandbox.Issuer{URL: gone.URL, ClientID: "c"}, "does not answer"},
		"the sandbox's own":       {sandbox.Issuer{URL: own, ClientID: "c"}, "trusts already"},
	} {
		t.Run(name, func(t *testing.T) {
			at := t.TempDir()
			if test.issuer.URL == own {
				at = dir
			}
			_, err := sandbox.Start(within(t), sandbox.Options{Dir: at, Stay: true, Issuer: &test.issuer})
			e := wantCode(t, err, sandbox.CodeIssuer)
			if !strings.Contains(e.Why, test.why) {
				t.Errorf("why: %q, want %q in it", e.Why, test.why)
			}
			if text := e.What + e.Why + e.Next; strings.Contains(text, "s3cret") {
				t.Errorf("it tells the password: %s", text)
			}
		})
	}
}
