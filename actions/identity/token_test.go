package identity_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": "https://sso.example.com/realms/demo", "sub": "f3f6c1d0", "email": "user1@demo.redhat.com",
		"email_verified": true, "aud": "trusted-artifact-signer",
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(4 * time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	return c
}

func sign(t testing.TB, c jwt.MapClaims) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodRS256, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParse(t *testing.T) {
	text := sign(t, claims(func(c jwt.MapClaims) { c["aud"] = []string{"account", "trusted-artifact-signer"} }))
	token, err := identity.Parse(actions.NewSecret("  " + text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if token.Issuer != "https://sso.example.com/realms/demo" || token.Subject != "f3f6c1d0" ||
		token.Email != "user1@demo.redhat.com" || !token.EmailVerified {
		t.Errorf("read %+v", token)
	}
	if len(token.Audience) != 2 || token.Audience[1] != "trusted-artifact-signer" {
		t.Errorf("audience %v", token.Audience)
	}
	if !token.Expires.Equal(now.Add(4*time.Minute)) || !token.IssuedAt.Equal(now.Add(-time.Minute)) {
		t.Errorf("times %v to %v", token.IssuedAt, token.Expires)
	}
	if token.Raw.Reveal() != text {
		t.Error("the token that is sent on is not the one that came")
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", token, token, token), text) {
		t.Error("printing a token shows it")
	}
	if err := token.Check(now, "trusted-artifact-signer"); err != nil {
		t.Errorf("a good token: %v", err)
	}
}

func TestParseSaysWhatIsMissing(t *testing.T) {
	whole := sign(t, claims(nil))
	parts := strings.Split(whole, ".")
	for name, c := range map[string]struct{ text, why string }{
		"empty":               {"", "empty"},
		"code instead":        {"0b3b9f2c7c0e4f6f", "one part"},
		"signature cut off":   {parts[0] + "." + parts[1], "signature, is missing"},
		"end cut off":         {whole[:len(whole)-20], "signature, is damaged or cut off"},
		"signature empty":     {parts[0] + "." + parts[1] + ".", "signature, is empty"},
		"in the claims":       {parts[0] + "." + parts[1][:len(parts[1])/2] + "." + parts[2], "claims"},
		"beginning cut off":   {whole[3:], "header"},
		"garbled claims":      {parts[0] + "." + "!!" + parts[1] + "." + parts[2], "claims"},
		"encrypted":           {"a.b.c.d.e", "encrypted"},
		"with Bearer":         {"Bearer " + whole, "Bearer"},
		"broken over lines":   {whole[:100] + "\n" + whole[100:], "white space"},
		"the whole answer":    {`{"id_token":"` + whole + `"}`, "JSON document"},
		"not a token":         {"e30." + parts[1] + "." + parts[2], "algorithm"},
		"no issuer":           {sign(t, claims(func(c jwt.MapClaims) { delete(c, "iss") })), "issuer"},
		"expiry is no number": {sign(t, claims(func(c jwt.MapClaims) { c["exp"] = "soon" })), "exp"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := identity.Parse(actions.NewSecret(c.text))
			var e *actions.Error
			if !errors.As(err, &e) || e.Code != actions.CodeTokenMalformed {
				t.Fatalf("%v, want %s", err, actions.CodeTokenMalformed)
			}
			if !strings.Contains(e.Why, c.why) || e.Next == "" {
				t.Errorf("why %q does not say %q, or next is empty: %q", e.Why, c.why, e.Next)
			}
		})
	}
}

// However a token is cut or changed, the answer is a token or an error that repeats nothing of it.
func TestParseNeverRepeatsTheToken(t *testing.T) {
	whole := sign(t, claims(nil))
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, len(whole)).Draw(t, "from")
		to := rapid.IntRange(from, len(whole)).Draw(t, "to")
		insert := rapid.String().Draw(t, "insert")
		text := whole[from:to] + insert
		if rapid.Bool().Draw(t, "in front") {
			text = insert + whole[from:to]
		}
		_, err := identity.Parse(actions.NewSecret(text))
		if err == nil {
			return
		}
		var e *actions.Error
		if !errors.As(err, &e) || e.Why == "" || e.Next == "" {
			t.Fatalf("%#v does not say what, why and next", err)
		}
		said := e.What + e.Why + e.Next
		for i := 0; i+16 <= len(text); i += 8 {
			if strings.Contains(said, text[i:i+16]) {
				t.Fatalf("the error repeats a part of the token: %s", said)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(jwt.MapClaims)
		at       time.Time
		audience string
		code     actions.Code
		why      string
	}{
		"expired":          {nil, now.Add(10 * time.Minute), "trusted-artifact-signer", actions.CodeTokenExpired, "6 minutes ago"},
		"expired just now": {nil, now.Add(4 * time.Minute), "trusted-artifact-signer", actions.CodeTokenExpired, "less than a second ago"},
		"expired long ago": {nil, now.Add(80 * time.Hour), "trusted-artifact-signer", actions.CodeTokenExpired, "3 days ago"},
		"lifetime is said": {nil, now.Add(2 * time.Hour), "trusted-artifact-signer", actions.CodeTokenExpired, "lives for 5 minutes"},
		"not yet":          {func(c jwt.MapClaims) { c["nbf"] = now.Add(3 * time.Minute).Unix() }, now, "", actions.CodeTokenExpired, "3 minutes"},
		"clocks differ":    {func(c jwt.MapClaims) { c["iat"] = now.Add(30 * time.Second).Unix() }, now, "", "", ""},
		"no expiry":        {func(c jwt.MapClaims) { delete(c, "exp") }, now, "", actions.CodeTokenMalformed, "exp"},
		"other audience":   {func(c jwt.MapClaims) { c["aud"] = "account" }, now, "trusted-artifact-signer", actions.CodeTokenAudience, "account and has to include trusted-artifact-signer"},
		"no audience":      {func(c jwt.MapClaims) { delete(c, "aud") }, now, "sigstore", actions.CodeTokenAudience, "not given"},
		"any audience":     {func(c jwt.MapClaims) { c["aud"] = "account" }, now, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := identity.Parse(actions.NewSecret(sign(t, claims(c.change))))
			if err != nil {
				t.Fatal(err)
			}
			err = token.Check(c.at, c.audience)
			if actions.CodeOf(err) != c.code {
				t.Fatalf("%v, want code %q", err, c.code)
			}
			var e *actions.Error
			if errors.As(err, &e) && (!strings.Contains(e.Why, c.why) || e.Next == "") {
				t.Errorf("why %q does not say %q, or next is empty: %q", e.Why, c.why, e.Next)
			}
		})
	}
}
