package fulcio_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/sigstore/fulcio/pkg/api"

	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
)

// issuer is an identity provider that signs whatever a test wants, as no real one would.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		coordinate := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Error(err)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1",
			"x": coordinate(point[1:33]), "y": coordinate(point[33:]),
		}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// token signs claims, on top of those of a good token.
func (i *issuer) token(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{
		"iss": i.URL, "aud": "trusted-artifact-signer", "sub": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"email": "user1@demo.redhat.com", "email_verified": true,
	}
	for name, value := range claims {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, all)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	authority, log := ownLog(t, dir, ownLedger(t, dir))
	provider := newIssuer(t)
	server, err := fulcio.Start(t.Context(), fulcio.Config{
		Authority: authority, Listener: listen(t), CTLog: log.URL(), CTLogKey: log.PublicKey(),
		Issuers: []fulcio.Issuer{{URL: provider.URL, ClientID: "trusted-artifact-signer"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	base, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := api.NewClient(base)
	good := provider.token(t, nil)
	if _, err := client.SigningCert(request(t, "user1@demo.redhat.com"), good); err != nil {
		t.Fatalf("a good token: %v", err)
	}
	for name, token := range map[string]string{
		"for another audience":   provider.token(t, jwt.MapClaims{"aud": "account"}),
		"expired":                provider.token(t, jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()}),
		"of another issuer":      provider.token(t, jwt.MapClaims{"iss": "https://accounts.example.com"}),
		"of a client on its own": provider.token(t, jwt.MapClaims{"email": nil, "email_verified": nil}),
		"of an unverified email": provider.token(t, jwt.MapClaims{"email_verified": false}),
		"cut off":                good[:len(good)-8],
		"of another key":         newIssuer(t).token(t, jwt.MapClaims{"iss": provider.URL}),
		"empty":                  "",
		"no token at all":        "hello",
	} {
		_, err := client.SigningCert(request(t, "user1@demo.redhat.com"), token)
		if err == nil || !strings.Contains(err.Error(), "400 Bad Request") {
			t.Errorf("a token %s: %v, want 400", name, err)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
