package quay_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// connect returns a client of the sandbox's registry, which plays Quay, with a token of the test's choice.
func connect(t *testing.T, token string) *quay.Client {
	t.Helper()
	return connectTo(t, sandboxtest.Start(t).Registry, token)
}

func connectTo(t *testing.T, host, token string) *quay.Client {
	t.Helper()
	client, err := quay.New(t.Context(), quay.Options{
		Registry: registry.New(registry.Options{}), Host: host, Token: actions.NewSecret(token),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func wantError(t *testing.T, err error, code actions.Code, next string) {
	t.Helper()
	var e *actions.Error
	if actions.CodeOf(err) != code {
		t.Fatalf("got %v (code %q), want code %q", err, actions.CodeOf(err), code)
	}
	if !errors.As(err, &e) || e.What == "" {
		t.Errorf("it does not say what: %+v", e)
	}
	if !strings.Contains(e.Why+" "+e.Next, next) {
		t.Errorf("got %q and %q, want something about %q", e.Why, e.Next, next)
	}
}
