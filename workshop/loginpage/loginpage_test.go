package loginpage_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/loginpage"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// link is a login page of the sandbox's provider.
func link(t *testing.T) string {
	s := sandboxtest.Start(t)
	return s.OIDCIssuer + "/protocol/openid-connect/auth?" + url.Values{
		"client_id": {s.OIDCClientID}, "redirect_uri": {"urn:ietf:wg:oauth:2.0:oob"}, "response_type": {"code"}, "state": {"s"},
	}.Encode()
}

func TestLogIn(t *testing.T) {
	s := sandboxtest.Start(t)
	for _, name := range []string{"user1@demo.redhat.com", "admin@demo.redhat.com"} {
		code, err := loginpage.Visit{URL: link(t), Username: name, Password: actions.NewSecret(s.OIDCPassword)}.Log(t.Context())
		if err != nil || len(code.Reveal()) < 20 {
			t.Errorf("%s: code of %d characters, %v", name, len(code.Reveal()), err)
		}
	}
}

func TestVisitsThatFail(t *testing.T) {
	s := sandboxtest.Start(t)
	strange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/again", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("<title>Welcome</title><p>Nothing to fill in</p>"))
	}))
	defer strange.Close()
	for name, c := range map[string]struct {
		visit loginpage.Visit
		code  actions.Code
		why   string
	}{
		"wrong password":  {loginpage.Visit{URL: link(t), Username: "user1", Password: actions.NewSecret("planted-secret")}, actions.CodeWrongPassword, "Invalid Email Address and password"},
		"no form":         {loginpage.Visit{URL: strange.URL}, actions.CodeNotAsked, "cannot be used (Welcome): it has no form"},
		"round and round": {loginpage.Visit{URL: strange.URL + "/again"}, actions.CodeNotAsked, "redirects"},
		"refused link":    {loginpage.Visit{URL: strings.Replace(link(t), "client_id=", "client_id=un", 1)}, actions.CodeNotAsked, "HTTP status"},
		"no URL":          {loginpage.Visit{URL: ":"}, actions.CodeUsage, "no URL"},
		"nobody there":    {loginpage.Visit{URL: "http://127.0.0.1:1/auth"}, actions.CodeUnreachable, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.visit.Log(t.Context())
			var e *actions.Error
			if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Error(), c.why) {
				t.Fatalf("got %v (%s)", err, actions.CodeOf(err))
			}
			if strings.Contains(e.Error()+e.Next, "planted-secret") || strings.Contains(e.Error(), s.OIDCPassword) {
				t.Error("the error holds the password")
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (loginpage.Visit{URL: link(t)}).Log(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
