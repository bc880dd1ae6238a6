package environment_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

func variable(name, value string) environment.Variable {
	return environment.Variable{Name: name, Value: value, Source: "test", Exported: true}
}

func TestLaterVariableWins(t *testing.T) {
	e := environment.New(variable("B", "1"), variable("A", "2"), variable("B", "3"))
	var got []string
	for _, v := range e.List() {
		got = append(got, v.Name+"="+v.Value)
	}
	if want := "A=2 B=3"; strings.Join(got, " ") != want {
		t.Errorf("list is %q, want %q", got, want)
	}
	e.Unset("A")
	if _, ok := e.Get("A"); ok {
		t.Error("A is there after Unset")
	}
}

func TestZeroEnvironmentWorks(t *testing.T) {
	var e environment.Environment
	e.Set(variable("A", "1"))
	e.Set(environment.Variable{Value: "nameless"})
	if got := len(e.List()); got != 1 {
		t.Errorf("%d variables, want 1", got)
	}
}

func TestSecretsByName(t *testing.T) {
	for name, want := range map[string]bool{
		"SIGSTORE_ID_TOKEN": true, "QUAY_PASSWORD": true, "client_secret": true, "TOKEN": true, "COSIGN_PASSWORD": true,
		"IMAGE": false, "TOKEN_URL": false, "SIGSTORE_ID_TOKEN_FILE": false, "COSIGN_FULCIO_URL": false, "": false,
	} {
		if got := environment.IsSecret(name); got != want {
			t.Errorf("IsSecret(%q) = %v, want %v", name, got, want)
		}
	}
	e := environment.New(environment.Variable{Name: "MY_TOKEN", Value: "x"})
	if v, _ := e.Get("MY_TOKEN"); !v.Secret {
		t.Error("a variable with TOKEN in its name was stored as no secret")
	}
}

func TestEndpointsPrecedence(t *testing.T) {
	e := environment.New(
		variable("REKOR_REKOR_SERVER", "http://rekor.last"),
		variable("SIGSTORE_REKOR_URL", "http://rekor.second"),
		variable("SIGSTORE_FULCIO_URL", "http://fulcio.second"),
		variable("COSIGN_FULCIO_URL", "http://fulcio.first"),
		variable("TUF_MIRROR", "http://tuf.second"),
		variable("COSIGN_MIRROR", ""),
		variable("TUF_ROOT_JSON", "root.json"),
		variable("SSL_CERT_FILE", "ca.pem"),
	)
	got := e.Endpoints()
	want := actions.Endpoints{
		Fulcio: "http://fulcio.first", Rekor: "http://rekor.second", TUFMirror: "http://tuf.second", TUFRoot: "root.json",
		CAFile: "ca.pem",
	}
	if got != want {
		t.Errorf("endpoints are %+v\nwant %+v", got, want)
	}
	e.Unset("SIGSTORE_REKOR_URL")
	if got := e.Endpoints().Rekor; got != "http://rekor.last" {
		t.Errorf("Rekor is %q without SIGSTORE_REKOR_URL", got)
	}
}

func TestExplainNamesTheVariableInForce(t *testing.T) {
	e := environment.New(environment.Variable{Name: "SIGSTORE_FULCIO_URL", Value: "http://f", Source: "environment"})
	list := e.Explain()
	if got := list[0]; got.Variable != "SIGSTORE_FULCIO_URL" || got.Value != "http://f" || got.Source != "environment" {
		t.Errorf("Fulcio is explained as %+v", got)
	}
	if got := list[1]; got.Variable != "COSIGN_REKOR_URL" || got.Value != "" || got.Source != "" {
		t.Errorf("an unset Rekor is explained as %+v", got)
	}
}

func TestHomesNeverFallBackToThePersonsOwn(t *testing.T) {
	e := environment.New()
	if got, want := e.Homes("/state"), actions.HomesBelow("/state"); got != want {
		t.Errorf("homes are %+v, want %+v", got, want)
	}
	e.Set(variable("TUF_ROOT", "/elsewhere/tuf/"))
	e.Set(variable("DOCKER_CONFIG", "/elsewhere/docker"))
	got := e.Homes("/state")
	if got.TUF != filepath.Clean("/elsewhere/tuf") || got.Docker != "/elsewhere/docker" {
		t.Errorf("homes are %+v", got)
	}
}

func TestExportsSurviveAShell(t *testing.T) {
	value := "it's $HOME `id` \\ \"quoted\"\nsecond line"
	e := environment.New(
		variable("VALUE", value),
		variable("bad-name", "x"),
		variable("A_TOKEN", "never"),
		environment.Variable{Name: "PLAIN", Value: "x"},
	)
	lines := e.Exports(false)
	for _, unwanted := range []string{"bad-name", "never", "PLAIN"} {
		if strings.Contains(lines, unwanted) {
			t.Errorf("%q is exported:\n%s", unwanted, lines)
		}
	}
	if !strings.Contains(e.Exports(true), "A_TOKEN='never'") {
		t.Error("secrets are left out although they were asked for")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Log("no sh on this machine; its reading of the lines is not checked")
		return
	}
	out, err := exec.CommandContext(t.Context(), sh, "-c", lines+`printf %s "$VALUE"`).Output()
	if err != nil || string(out) != value {
		t.Errorf("sh reads %q, %v; want %q", out, err, value)
	}
}

func TestConcurrentUse(t *testing.T) {
	e := environment.New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				e.Set(variable("A", "1"))
				e.List()
				e.Endpoints()
				e.Unset("A")
			}
		})
	}
	wg.Wait()
	if got := len(e.List()); got != 0 {
		t.Errorf("%d variables left, want none", got)
	}
}
