package inspect_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

const (
	keycloak = "https://sso.example.com/realms/trusted-artifact-signer"
	gitHub   = "https://token.actions.githubusercontent.com"
)

// answering is a Fulcio that says that it trusts those issuers; what deployments answer cannot all be had from a real one.
func answering(t *testing.T, issuers ...inspect.Issuer) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/configuration" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"issuers": issuers})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// unreachable is a network without any issuer on it.
type onlyLoopback struct{}

func (onlyLoopback) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "127.0.0.1" {
		return http.DefaultTransport.RoundTrip(r)
	}
	return nil, errNoNetwork
}

var errNoNetwork = &actions.Error{Code: actions.CodeUnreachable, What: "there is no such network"}

func examine(t *testing.T, claims map[string]any, fulcio string, clock actions.Clock) *inspect.Report {
	t.Helper()
	w := &world{key: newKey(t)}
	all := map[string]any{"sub": "1", "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	raw, err := w.sign(w.key, all)
	if err != nil {
		t.Fatal(err)
	}
	token, err := identity.Parse(actions.NewSecret(raw))
	if err != nil {
		t.Fatal(err)
	}
	report, err := inspect.Inspect(t.Context(), token, inspect.Options{Fulcio: fulcio, Transport: onlyLoopback{}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func check(t *testing.T, r *inspect.Report, id string) inspect.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no check %s in\n%s", id, r.Text())
	return inspect.Check{}
}

// TestAdvice: what to change, and where.
func TestAdvice(t *testing.T) {
	fulcio := answering(t,
		inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Type: "email"},
		inspect.Issuer{URL: gitHub, Audience: "trusted-artifact-signer", Type: "ci-provider"},
		inspect.Issuer{URL: "https://gitlab.com", Audience: "trusted-artifact-signer", Type: "gitlab-pipeline"},
	)
	for name, test := range map[string]struct {
		claims map[string]any
		check  string
		code   actions.Code
		next   []string
	}{
		"Keycloak's access token without an audience mapper": {
			map[string]any{"iss": keycloak, "aud": "account", "typ": "Bearer", "azp": "trusted-artifact-signer", "scope": "email profile", "email": "a@example.com", "email_verified": true},
			inspect.CheckAudience, actions.CodeTokenAudience,
			[]string{"audience mapper", "Clients, trusted-artifact-signer", "Included Client Audience trusted-artifact-signer", "id_token"},
		},
		"Keycloak's identity token of another client": {
			map[string]any{"iss": keycloak, "aud": "quay", "typ": "ID", "azp": "quay", "email": "a@example.com", "email_verified": true},
			inspect.CheckAudience, actions.CodeTokenAudience,
			[]string{"client_id=trusted-artifact-signer"},
		},
		"GitHub's ambient token": {
			map[string]any{"iss": gitHub, "aud": "sigstore", "job_workflow_ref": "o/r/.github/workflows/w.yml@refs/heads/main"},
			inspect.CheckAudience, actions.CodeTokenAudience,
			[]string{"ACTIONS_ID_TOKEN_REQUEST_URL&audience=trusted-artifact-signer", "SIGSTORE_ID_TOKEN", "name the client sigstore"},
		},
		"GitHub's token for nobody in particular": {
			map[string]any{"iss": gitHub, "aud": "https://github.com/octo-org", "job_workflow_ref": "o/r/w@main"},
			inspect.CheckAudience, actions.CodeTokenAudience,
			[]string{"append &audience=trusted-artifact-signer"},
		},
		"GitLab's": {
			map[string]any{"iss": "https://gitlab.com", "aud": "https://gitlab.com"},
			inspect.CheckAudience, actions.CodeTokenAudience,
			[]string{"id_tokens: SIGSTORE_ID_TOKEN: aud: trusted-artifact-signer"},
		},
		"of a client itself": {
			map[string]any{"iss": keycloak, "aud": "trusted-artifact-signer", "typ": "Bearer", "azp": "ci", "preferred_username": "service-account-ci"},
			inspect.CheckIdentity, actions.CodeTokenRefused,
			[]string{"technical user", "grant_type=password", "service account", "uri or username"},
		},
		"of a user without an address": {
			map[string]any{"iss": keycloak, "aud": "trusted-artifact-signer", "typ": "Bearer", "preferred_username": "pipeline"},
			inspect.CheckIdentity, actions.CodeTokenRefused,
			[]string{"give the user an e-mail address"},
		},
		"of a user whose address is not verified": {
			map[string]any{"iss": keycloak, "aud": "trusted-artifact-signer", "typ": "ID", "email": "a@example.com", "email_verified": false},
			inspect.CheckIdentity, actions.CodeTokenRefused,
			[]string{"Email verified"},
		},
		"of an issuer with a slash too many": {
			map[string]any{"iss": keycloak + "/", "aud": "trusted-artifact-signer"},
			inspect.CheckIssuer, actions.CodeTokenRefused,
			[]string{"exactly as its tokens name it"},
		},
		"of an issuer that is not trusted": {
			map[string]any{"iss": "https://idp.example.com", "aud": "mine"},
			inspect.CheckIssuer, actions.CodeTokenRefused,
			[]string{"OIDCIssuers", "sandbox up --oidc-issuer https://idp.example.com --oidc-client-id mine"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := examine(t, test.claims, fulcio, nil)
			c := check(t, r, test.check)
			if c.State != inspect.Failed || c.Code != test.code || r.Verdict != inspect.Refused || actions.CodeOf(r.Problem("")) != test.code {
				t.Errorf("%s: %+v", r.Verdict, c)
			}
			for _, want := range test.next {
				if !strings.Contains(c.Next, want) {
					t.Errorf("%q is not in %q", want, c.Next)
				}
			}
			if !strings.Contains(r.Text(), c.Next) || !strings.Contains(r.Prediction(), "will refuse") {
				t.Errorf("the text does not say it:\n%s", r.Text())
			}
		})
	}
}

// TestWhatCannotBeSeen: unknown is neither a yes nor a no.
func TestWhatCannotBeSeen(t *testing.T) {
	good := map[string]any{"iss": keycloak, "aud": "trusted-artifact-signer", "email": "a@example.com", "email_verified": true}
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	strange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(strange.Close)
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	for name, test := range map[string]struct{ fulcio, check, why string }{
		"no Fulcio":                   {"", inspect.CheckConfiguration, "no Fulcio is set"},
		"Fulcio is down":              {down.URL, inspect.CheckConfiguration, "refused"},
		"not a Fulcio":                {elsewhere.URL, inspect.CheckConfiguration, "404"},
		"not a Fulcio's answer":       {strange.URL, inspect.CheckConfiguration, "not the JSON"},
		"the issuer does not answer":  {answering(t, inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Type: "email"}), inspect.CheckSignature, "could not be fetched"},
		"an older Fulcio":             {answering(t, inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Challenge: "email"}), inspect.CheckSignature, "could not be fetched"},
		"a pattern":                   {answering(t, inspect.Issuer{Wildcard: "https://sso.example.com/realms/*", Audience: "trusted-artifact-signer", Type: "email"}), inspect.CheckSignature, "could not be fetched"},
		"a type that is not known":    {answering(t, inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Type: "tomorrow"}), inspect.CheckIdentity, "tomorrow"},
		"a rule that is not told":     {answering(t, inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Type: "ci-provider"}), inspect.CheckIdentity, "ci-provider"},
		"the right one of two":        {answering(t, inspect.Issuer{Wildcard: "https://sso.example.com/realms/*", Audience: "x"}, inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Type: "email"}), inspect.CheckSignature, "could not be fetched"},
		"a pattern is not any prefix": {answering(t, inspect.Issuer{Wildcard: "https://sso.example.com/*", Audience: "x"}), inspect.CheckIssuer, "Fulcio trusts https://sso.example.com/*"},
	} {
		t.Run(name, func(t *testing.T) {
			r := examine(t, good, test.fulcio, nil)
			c := check(t, r, test.check)
			want := inspect.Unknown
			if c.ID == inspect.CheckIssuer {
				want = inspect.Refused
			}
			if r.Verdict != want || !strings.Contains(c.Why, test.why) {
				t.Errorf("%s: %+v", r.Verdict, c)
			}
			if strings.Contains(r.Text(), "will take") {
				t.Errorf("it promises too much:\n%s", r.Text())
			}
			wrong := map[string]any{"iss": keycloak, "aud": "trusted-artifact-signer", "exp": time.Now().Add(-time.Hour).Unix()}
			if r := examine(t, wrong, test.fulcio, nil); r.Verdict != inspect.Refused {
				t.Errorf("expired, and the verdict is %s", r.Verdict)
			}
		})
	}
}

// TestPresumedNames: how the public Fulcio names the jobs of the large CI systems is known; a deployment may differ.
func TestPresumedNames(t *testing.T) {
	fulcio := answering(t, inspect.Issuer{URL: gitHub, Audience: "sigstore", Type: "ci-provider"})
	r := examine(t, map[string]any{"iss": gitHub, "aud": "sigstore", "job_workflow_ref": "o/r/.github/workflows/w.yml@refs/heads/main"}, fulcio, nil)
	if s := r.Subject; s == nil || s.Name != "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main" || !s.Presumed || s.Kind != "uri" {
		t.Errorf("%+v\n%s", r.Subject, r.Text())
	}
	// Sigstore's own Dex says who it stands in for.
	const dex = "https://oauth2.sigstore.dev/auth"
	fulcio = answering(t, inspect.Issuer{URL: dex, Audience: "sigstore", Type: "email"})
	r = examine(t, map[string]any{
		"iss": dex, "aud": "sigstore", "email": "a@example.com", "email_verified": true,
		"federated_claims": map[string]any{"connector_id": "https://github.com/login/oauth"},
	}, fulcio, nil)
	if s := r.Subject; s == nil || s.Issuer != "https://github.com/login/oauth" {
		t.Errorf("%+v", s)
	}
}

// TestClockOff: Fulcio goes by its own clock, and so does what is foretold.
func TestClockOff(t *testing.T) {
	fulcio := answering(t, inspect.Issuer{URL: keycloak, Audience: "trusted-artifact-signer", Type: "email"})
	good := map[string]any{"iss": keycloak, "aud": "trusted-artifact-signer", "email": "a@example.com", "email_verified": true}
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		r := examine(t, good, fulcio, func() time.Time { return time.Now().Add(off) })
		if c := check(t, r, inspect.CheckExpiry); c.State != inspect.Passed {
			t.Errorf("%v off: %+v", off, c)
		}
		want := map[bool]string{true: "ahead of Fulcio's", false: "behind Fulcio's"}[off > 0]
		if !strings.Contains(r.ClockOff, want) || !strings.Contains(r.Text(), want) {
			t.Errorf("%v off: %q", off, r.ClockOff)
		}
	}
	if r := examine(t, good, fulcio, nil); r.ClockOff != "" {
		t.Errorf("nothing is off, and it says %q", r.ClockOff)
	}
}

// TestWordsOfOthers: what a token says cannot steer the terminal.
func TestWordsOfOthers(t *testing.T) {
	r := examine(t, map[string]any{"iss": "https://idp.example.com/\x1b[2J", "aud": "\x1b]0;x\x07", "name\n": "a\nb"}, answering(t), nil)
	if text := r.Text(); strings.ContainsAny(text, "\x1b\x07") || strings.Contains(text, "a\nb") {
		t.Errorf("%q", text)
	}
}
