package inspect_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

// TestAgreesWithFulcio makes tokens of every kind, most of them wrong in one way or another, and holds what is foretold
// against what a real Fulcio then does.
func TestAgreesWithFulcio(t *testing.T) {
	w := newWorld(t)
	seen := map[inspect.Verdict]int{}
	failed := map[string]int{}
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom(kinds()).Draw(r, "kind")
		claims := w.good(kind)
		for range rapid.IntRange(0, 2).Draw(r, "changes") {
			w.spoil(r, kind, claims)
		}
		key := w.key
		if rapid.IntRange(0, 9).Draw(r, "forged") == 0 {
			key = w.other
		}
		raw, err := w.sign(key, claims)
		if err != nil {
			r.Fatal(err)
		}
		token, err := identity.Parse(actions.NewSecret(raw))
		if err != nil {
			r.Fatalf("%v: %v", claims, err)
		}
		report, err := inspect.Inspect(context.Background(), token, inspect.Options{Fulcio: w.fulcio.URL()})
		if err != nil {
			r.Fatal(err)
		}
		if report.Verdict == inspect.Unknown {
			r.Fatalf("nothing is hidden from here, and the verdict is unknown:\n%s", report.Text())
		}
		if strings.Contains(report.Text(), raw[strings.LastIndexByte(raw, '.')+1:]) {
			r.Fatal("the report shows the signature")
		}
		name, issuer, refused := w.ask(context.Background(), raw)
		if accepted := report.Verdict == inspect.Accepted; accepted != (refused == nil) {
			r.Fatalf("foretold %s, Fulcio says %v\n%v\n%s", report.Verdict, refused, claims, report.Text())
		}
		if refused == nil && (report.Subject == nil || report.Subject.Name != name || report.Subject.Issuer != issuer) {
			r.Fatalf("foretold %+v, the certificate is for %s by %s", report.Subject, name, issuer)
		}
		if refused != nil && (report.Problem("") == nil || report.Subject != nil) {
			r.Fatalf("refused, and %v is wrong; it would be for %+v", report.Problem(""), report.Subject)
		}
		seen[report.Verdict]++
		for _, c := range report.Checks {
			if c.State == inspect.Failed {
				failed[c.ID]++
				if c.Why == "" || c.Next == "" || c.Code == "" {
					r.Fatalf("%s does not say why and what next: %+v", c.ID, c)
				}
			}
		}
	})
	// A generator that makes only one sort of token would prove nothing.
	if seen[inspect.Accepted] < 5 || seen[inspect.Refused] < 5 {
		t.Errorf("of the tokens, %v", seen)
	}
	t.Logf("%v, failed %v", seen, failed)
}

// spoil changes one claim, not always for the worse.
func (w *world) spoil(r *rapid.T, kind string, claims map[string]any) {
	now := time.Now()
	at := func(label string, minutes ...int) int64 {
		return now.Add(time.Duration(rapid.SampledFrom(minutes).Draw(r, label)) * time.Minute).Unix()
	}
	email := func() any {
		return rapid.SampledFrom([]any{
			"user2@demo.redhat.com", "", "nobody", "a@b", "two@at@example.com", "User.Name+tag@Example.COM", 7, nil, " space@example.com", "ü@example.com",
		}).Draw(r, "email")
	}
	switch rapid.SampledFrom([]string{"aud", "exp", "nbf", "iat", "iss", "sub", "email", "verified", "own", "drop", "more"}).Draw(r, "spoil") {
	case "aud":
		claims["aud"] = rapid.SampledFrom([]any{
			"account", "", "sigstore", []string{"account"}, []string{"account", client}, []string{}, []any{client, 7}, client + " ", nil, 7,
		}).Draw(r, "aud")
	case "exp":
		claims["exp"] = at("exp", -60*24, -60, -1, 1, 60)
	case "nbf":
		claims["nbf"] = at("nbf", -60, -1, 1, 4, 6, 60)
	case "iat":
		claims["iat"] = at("iat", -60, 60) // Fulcio does not look at it
	case "iss":
		claims["iss"] = rapid.SampledFrom([]string{
			w.issuer(kind) + "/", w.issuers.URL, strings.ToUpper(w.issuer(kind)), "https://accounts.example.com", w.issuer("email"), w.issuer("uri"),
		}).Draw(r, "iss")
	case "sub":
		claims["sub"] = rapid.SampledFrom([]any{
			"", "user1", "user!1", "user1@demo.redhat.com", "http://127.0.0.1/x", "https://127.0.0.1/x", "http://127.0.0.1:99/x", "http://evil.example/127.0.0.1",
			"spiffe://example.org/a", "spiffe://example.org", "spiffe://other.example/a", "spiffe://example.org/a/", "spiffe:///a", "://", 7, nil,
			"http://127.0.0.1/ü", "http://127.0.0.1/%zz", "ünder", "spiffe://example.org/ü", "a b",
		}).Draw(r, "sub")
	case "email":
		claims["email"] = email()
	case "verified":
		claims["email_verified"] = rapid.SampledFrom([]any{true, false, "true", "True", "false", "yes", nil, 1}).Draw(r, "verified")
	case "own": // of what this kind of token says beside
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(claims))).Draw(r, "claim")
		if name != "iss" && name != "exp" && name != "iat" && name != "nbf" {
			claims[name] = rapid.SampledFrom([]any{"", "tag", 0, 8, map[string]any{}, "a b%zz"}).Draw(r, "value")
		}
	case "drop":
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(claims))).Draw(r, "dropped")
		if name != "iss" {
			delete(claims, name)
		}
	case "more":
		claims[rapid.SampledFrom([]string{"nonce", "at_hash", "azp", "_claim_names", "kubernetes.io"}).Draw(r, "more")] = rapid.SampledFrom([]any{"x", 7, map[string]any{"a": "b"}, nil}).Draw(r, "value")
	}
}

// TestNothingOfTheTokenIsSent watches every call that an inspection makes.
func TestNothingOfTheTokenIsSent(t *testing.T) {
	w := newWorld(t)
	raw, err := w.sign(w.key, w.good("email"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := identity.Parse(actions.NewSecret(raw))
	if err != nil {
		t.Fatal(err)
	}
	watch := &watcher{}
	if _, err := inspect.Inspect(t.Context(), token, inspect.Options{Fulcio: w.fulcio.URL(), Transport: watch}); err != nil {
		t.Fatal(err)
	}
	if len(watch.calls) != 3 { // configuration, discovery, keys
		t.Errorf("%d calls were made", len(watch.calls))
	}
	for _, r := range watch.calls {
		if r.Method != http.MethodGet || r.ContentLength != 0 || r.Header.Get("Authorization") != "" || r.URL.RawQuery != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}
	// An issuer that Fulcio does not trust is not called at all: whoever made the token chose the address.
	claims := w.good("email")
	claims["iss"] = w.issuers.URL + "/somebody"
	if raw, err = w.sign(w.key, claims); err != nil {
		t.Fatal(err)
	}
	if token, err = identity.Parse(actions.NewSecret(raw)); err != nil {
		t.Fatal(err)
	}
	watch.calls = nil
	if _, err := inspect.Inspect(t.Context(), token, inspect.Options{Fulcio: w.fulcio.URL(), Transport: watch}); err != nil {
		t.Fatal(err)
	}
	if len(watch.calls) != 1 {
		t.Errorf("%d calls were made", len(watch.calls))
	}
}

type watcher struct{ calls []*http.Request }

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	w.calls = append(w.calls, r)
	return http.DefaultTransport.RoundTrip(r)
}
