package signing_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// forged makes a token that nobody signed.
func forged(t *testing.T, claims map[string]any) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + encode(body)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func claims(b *bench, change map[string]any) map[string]any {
	c := map[string]any{
		"iss": b.settings.OIDCIssuer, "sub": "somebody", "aud": b.settings.OIDCClientID, "email": "user1@demo.redhat.com",
		"email_verified": true, "iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for k, v := range change {
		c[k] = v
	}
	return c
}

func TestTokensThatCannotWork(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	whole := sandboxtest.Token(t, "user1@demo.redhat.com")
	for _, c := range []struct {
		what, token string
		want        actions.Code
		why         string
		sent        bool // to Fulcio
	}{
		{"none", "", actions.CodeNoToken, "", false},
		{"truncated", whole[:len(whole)-20], actions.CodeTokenMalformed, "", false},
		{"expired", forged(t, claims(b, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})), actions.CodeTokenExpired, "", false},
		{"another audience", forged(t, claims(b, map[string]any{"aud": "quay"})), actions.CodeTokenAudience, "it is for quay", false},
		{"address not verified", forged(t, claims(b, map[string]any{"email_verified": false})), actions.CodeTokenRefused, "", false},
		{"for Sigstore as such", forged(t, claims(b, map[string]any{"aud": "sigstore"})), actions.CodeTokenAudience, "it is for sigstore", false},
		{
			"not signed by the issuer", forged(t, claims(b, nil)), actions.CodeTokenRefused,
			"There was an error processing the identity token (HTTP status 400), which seems to mean: no key of the issuer", true,
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			line := &between{}
			opts := b.opts
			opts.Transport = line
			_, err := signing.New(opts).SignWithToken(t.Context(), signing.Request{Image: image, Token: actions.NewSecret(c.token), Consented: true})
			var e *actions.Error
			if !errors.As(err, &e) || e.Code != c.want {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(e.Error(), c.why) || e.Next == "" {
				t.Errorf("%q, next %q", e, e.Next)
			}
			if sent := line.tokens > 0; sent != c.sent {
				t.Errorf("the token was sent: %v", sent)
			}
			if c.token != "" && strings.Contains(e.Error()+e.Next, c.token[len(c.token)-30:]) {
				t.Error("the error holds the token")
			}
			assertNothingAttached(t, image, digest)
		})
	}
}

// TestFulcioHasTheLastWord: what looks wrong from here is right where Fulcio says so, and nobody is refused in vain.
func TestFulcioHasTheLastWord(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*signing.Options)
	}{
		{"another client is set", func(o *signing.Options) { o.Endpoints.OIDCClientID = "another" }},
		{"this clock is ahead", func(o *signing.Options) { o.Clock = func() time.Time { return time.Now().Add(time.Hour) } }},
		{"this clock is behind", func(o *signing.Options) { o.Clock = func() time.Time { return time.Now().Add(-time.Hour) } }},
	} {
		t.Run(c.what, func(t *testing.T) {
			b := newBench(t)
			image, _ := sandboxtest.CopyImage(t, "")
			opts := b.opts
			c.change(&opts)
			token := actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com"))
			result, err := signing.New(opts).SignWithToken(t.Context(), signing.Request{Image: image, Token: token, Consented: true})
			if err != nil {
				t.Fatal(err)
			}
			if result.Subject != "user1@demo.redhat.com" {
				t.Errorf("signed by %s", result.Subject)
			}
		})
	}
}
