package quay_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// put pushes a new image under a tag of the sandbox's registry and returns its digest.
func put(t *testing.T, repository, tag string) string {
	t.Helper()
	image, err := random.Image(512, 1)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(sandboxtest.Start(t).Registry + "/" + repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image, remote.WithAuth(sandboxtest.Login(t)), remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// unused is a name that no test took before, in this run or another.
func unused(kind string) string { return kind + "-" + strings.ToLower(rand.Text()[:8]) }

func TestAnOrganizationIsMadeOnce(t *testing.T) {
	client := connect(t, sandboxtest.Start(t).RegistryPass)
	fresh := unused("organization")
	for i, created := range []bool{true, false, false} {
		got, err := client.CreateOrganization(t.Context(), fresh)
		if err != nil || got.Name != fresh || got.Created != created {
			t.Fatalf("call %d: %+v, %v", i, got, err)
		}
	}
	put(t, fresh+"/app", "latest") // it can be pushed to
	if got, err := client.CreateOrganization(t.Context(), sandbox.Organization); err != nil || got.Created {
		t.Errorf("one that was there from the start: %+v, %v", got, err)
	}
}

// TestAnOrganizationIsRemoved lists, removes, and does not mind one that is gone.
func TestAnOrganizationIsRemoved(t *testing.T) {
	client, name := connect(t, sandboxtest.Start(t).RegistryPass), unused("removed")
	if _, err := client.CreateOrganization(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		names, err := client.Organizations(t.Context())
		if err != nil || slices.Contains(names, name) != (i == 0) || !slices.Contains(names, sandbox.Organization) {
			t.Errorf("%v, %v", names, err)
		}
		if err := client.RemoveOrganization(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	nobody := connect(t, "")
	_, err := nobody.Organizations(t.Context())
	wantError(t, err, actions.CodeUnauthorized, "QUAY_TOKEN")
	wantError(t, nobody.RemoveOrganization(t.Context(), sandbox.Organization), actions.CodeUnauthorized, "QUAY_TOKEN")
}

func TestOrganizationsThatCannotBeMade(t *testing.T) {
	s := sandboxtest.Start(t)
	good := connect(t, s.RegistryPass)
	for _, name := range []string{"", "x", "With Capitals", "trailing-", "a..b", "../escape", strings.Repeat("a", 256)} {
		_, err := good.CreateOrganization(t.Context(), name)
		wantError(t, err, actions.CodeUsage, "another name")
	}
	_, err := good.CreateOrganization(t.Context(), s.RegistryUser)
	wantError(t, err, actions.CodeForbidden, "a person has that name")
	_, err = connect(t, "").CreateOrganization(t.Context(), "without-a-token")
	wantError(t, err, actions.CodeUnauthorized, "QUAY_TOKEN")
	_, err = connect(t, "not the token").CreateOrganization(t.Context(), "wrong-token")
	wantError(t, err, actions.CodeWrongPassword, "make a new one")
	if text := err.Error(); strings.Contains(text, "not the token") {
		t.Errorf("the token is in the error: %s", text)
	}
}

// TestWhereTheTokenComesFrom: the login with a token serves, a password is never shown as a token.
func TestWhereTheTokenComesFrom(t *testing.T) {
	s := sandboxtest.Start(t)
	for user, has := range map[string]bool{quay.TokenUser: true, s.RegistryUser: false} {
		dir := t.TempDir()
		text, err := json.Marshal(map[string]any{"auths": map[string]any{
			s.Registry: map[string]string{"username": user, "password": s.RegistryPass},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		client, err := quay.New(t.Context(), quay.Options{
			Registry: registry.New(registry.Options{Homes: actions.Homes{Docker: dir}}), Host: s.Registry,
		})
		if err != nil || client.HasToken() != has {
			t.Errorf("logged in as %s: %v, a token %t", user, err, client.HasToken())
		}
	}
}

func TestTagsAreReadToTheEnd(t *testing.T) {
	client := connect(t, sandboxtest.Start(t).RegistryPass)
	repository := sandbox.Organization + "/" + unused("tags")
	digest := put(t, repository, "first")
	ref, err := name.NewTag(sandboxtest.Start(t).Registry + "/" + repository + ":first")
	if err != nil {
		t.Fatal(err)
	}
	login := remote.WithAuth(sandboxtest.Login(t))
	described, err := remote.Get(ref, login)
	if err != nil {
		t.Fatal(err)
	}
	const more = 120 // a page has 100
	for i := range more {
		if err := remote.Tag(ref.Context().Tag("t"+strings.Repeat("x", i)), described, login); err != nil {
			t.Fatal(err)
		}
	}
	tags, err := client.Tags(t.Context(), repository)
	if err != nil || len(tags) != more+1 {
		t.Fatalf("%d tags, %v", len(tags), err)
	}
	for _, tag := range tags {
		if tag.Digest != digest || tag.Since.IsZero() || !tag.Until.IsZero() {
			t.Fatalf("%+v", tag)
		}
	}
	_, err = client.Tags(t.Context(), sandbox.Organization+"/never-pushed")
	wantError(t, err, actions.CodeImageNotFound, "first push")
	source, _, _ := strings.Cut(sandboxtest.Start(t).SourceImage, "/")
	_, err = connectTo(t, source, "").Tags(t.Context(), "tssc_demos/l3-rhads-demoimage")
	wantError(t, err, actions.CodeNotAsked, "is a Quay")
}

func TestHistoryOfOneTag(t *testing.T) {
	client := connect(t, sandboxtest.Start(t).RegistryPass)
	repository := sandbox.Organization + "/" + unused("history")
	put(t, repository, "other")
	first, second := put(t, repository, "moving"), put(t, repository, "moving")
	history, err := client.History(t.Context(), repository, "moving")
	if err != nil || len(history) != 2 {
		t.Fatalf("%+v, %v", history, err)
	}
	if history[0].Digest != second || !history[0].Until.IsZero() || history[1].Digest != first || history[1].Until.IsZero() {
		t.Errorf("got %+v", history)
	}
}

func TestShowGoesByTheName(t *testing.T) {
	const (
		hex   = "5c50daa8cf06e7c36854343ccc31a99aecc10167d391f2a1d3cc048b63bd29ee"
		other = "0000daa8cf06e7c36854343ccc31a99aecc10167d391f2a1d3cc048b63bd29ee"
	)
	shown := map[string]bool{}
	for _, row := range quay.Show([]quay.Tag{
		{Name: "latest", Digest: "sha256:" + hex},
		{Name: "stable", Digest: "sha256:" + hex},
		{Name: "bundle", Digest: "sha256:" + other},
		{Name: "sha256-" + other, Digest: "sha256:1"},
		{Name: "sha256-" + other + ".att", Digest: "sha256:2"},
		{Name: "sha256-" + hex + ".sig", Digest: "sha256:3"},
	}) {
		shown[row.Name] = row.Badge
		if row.Badge != (row.SignatureTag == "sha256-"+hex+".sig") {
			t.Errorf("%+v", row)
		}
	}
	for tag, want := range map[string]bool{"latest": true, "stable": true, "bundle": false, "sha256-" + hex + ".sig": false} {
		if shown[tag] != want {
			t.Errorf("%s: a badge is %t", tag, shown[tag])
		}
	}
}

// TestAnswersThatAreNone: what answers is no Quay, fails, or is not there at all.
func TestAnswersThatAreNone(t *testing.T) {
	for what, tt := range map[string]struct {
		status int
		body   string
		code   actions.Code
	}{
		"a web page":       {http.StatusOK, "<html>log in</html>", actions.CodeNotAsked},
		"other JSON":       {http.StatusOK, `{"name":"x"}`, actions.CodeNotAsked},
		"nothing there":    {http.StatusNotFound, "404 page not found", actions.CodeNotAsked},
		"a failure":        {http.StatusInternalServerError, "<html>oops</html>", actions.CodeServer},
		"too many":         {http.StatusTooManyRequests, `{"message":"slow down"}`, actions.CodeThrottled},
		"too little scope": {http.StatusForbidden, `{"error_type":"insufficient_scope","error_message":"Unauthorized"}`, actions.CodeForbidden},
	} {
		t.Run(what, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/v2/") {
					return // as a registry that wants no login
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			host := strings.TrimPrefix(server.URL, "http://")
			client := connectTo(t, host, "a token")
			_, err := client.Tags(t.Context(), "students/app")
			wantError(t, err, tt.code, "")
			server.Close()
			_, err = client.Tags(t.Context(), "students/app")
			wantError(t, err, actions.CodeUnreachable, "")
		})
	}
}
