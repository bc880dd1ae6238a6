package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/workshop/sandbox/images"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

const password = "a secret"

func listen(t *testing.T) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func startDestination(t *testing.T, cfg Config) *Server {
	t.Helper()
	cfg.User, cfg.Password, cfg.Secret = "quayadmin", password, "upload"
	if cfg.Listener == nil {
		cfg.Listener = listen(t)
	}
	server, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func push(t *testing.T, server *Server, repository string, image v1.Image, options ...remote.Option) error {
	t.Helper()
	to, err := name.ParseReference(server.Host() + "/" + repository)
	if err != nil {
		t.Fatal(err)
	}
	return remote.Write(to, image, append(options, remote.WithContext(t.Context()))...)
}

func login(secret string) remote.Option {
	return remote.WithAuth(&authn.Basic{Username: "quayadmin", Password: secret})
}

func newImage(t *testing.T) v1.Image {
	t.Helper()
	image, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// refusal returns the status of a registry's refusal and what its body says.
func refusal(t *testing.T, err error) (int, string) {
	t.Helper()
	var refused *transport.Error
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a refusal by the registry", err)
	}
	return refused.StatusCode, fmt.Sprint(refused.Errors)
}

func TestPushIsToldAfterItWasStored(t *testing.T) {
	pushes := make(chan Push, 10)
	server := startDestination(t, Config{
		Dir: t.TempDir(), Organizations: []string{"students"}, OnPush: func(p Push) { pushes <- p },
	})
	image := newImage(t)
	if err := push(t, server, "students/app:one", image, login(password), remote.WithUserAgent("the-test")); err != nil {
		t.Fatal(err)
	}
	got := <-pushes
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got.Repository != "students/app" || got.Reference != "one" || got.Digest != digest.String() ||
		!strings.HasPrefix(got.UserAgent, "the-test") || got.At.IsZero() || got.Removed {
		t.Errorf("told of %+v", got)
	}

	tag, err := name.ParseReference(server.Host() + "/students/app:one")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(tag, remote.WithContext(t.Context()), login(password)); err != nil {
		t.Fatal(err)
	}
	if got := <-pushes; !got.Removed || got.Reference != "one" {
		t.Errorf("told of %+v, want that the tag was removed", got)
	}
}

func TestRefusedPushIsToldToNobody(t *testing.T) {
	server := startDestination(t, Config{
		Dir: t.TempDir(), Organizations: []string{"students"},
		OnPush: func(p Push) { t.Errorf("told of %+v", p) },
	})
	// A manifest that names blobs which are not there.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL()+"/v2/students/app/manifests/one",
		strings.NewReader(`{"schemaVersion":2,"mediaType":"`+images.MediaTypeManifest+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", images.MediaTypeManifest)
	request.SetBasicAuth("quayadmin", password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode < 400 {
		t.Errorf("a broken manifest was taken: %s", response.Status)
	}
}

func TestRefusalsAreQuays(t *testing.T) {
	server := startDestination(t, Config{Dir: t.TempDir(), Organizations: []string{"students"}})
	for what, try := range map[string]struct {
		repository string
		auth       remote.Option
		named      bool // the refusal names the namespace
	}{
		"nobody":                   {"students/app", remote.WithAuth(authn.Anonymous), false},
		"wrong password":           {"students/app", login("wrong"), false},
		"wrong password elsewhere": {"nobody/app", login("wrong"), false},
		"no such organisation":     {"nobody/app", login(password), true},
	} {
		t.Run(what, func(t *testing.T) {
			status, text := refusal(t, push(t, server, try.repository, newImage(t), try.auth))
			if status != http.StatusUnauthorized || strings.Contains(text, "nobody") != try.named {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	for _, repository := range []string{"students/app", "quayadmin/app"} {
		if err := push(t, server, repository, newImage(t), login(password)); err != nil {
			t.Errorf("%s: %v", repository, err)
		}
	}
}

// call asks Quay's own interface and returns the status and the body.
func call(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestOrganisationIsMadeOnceAndKept(t *testing.T) {
	dir := t.TempDir()
	server := startDestination(t, Config{Dir: dir})
	api := server.URL() + "/api/v1/organization/"
	if status, _ := refusal(t, push(t, server, "students/app", newImage(t), login(password))); status != http.StatusUnauthorized {
		t.Errorf("a push to an organisation that is not there: %d", status)
	}
	for _, step := range []struct {
		method, path, token, body string
		status                    int
		says                      string
	}{
		{"GET", "students", "", "", 404, ""},
		{"POST", "", "", `{"name":"students"}`, 401, ""},
		{"POST", "", "wrong", `{"name":"students"}`, 401, ""},
		{"POST", "", password, `{"name":"../students"}`, 400, "Invalid"},
		{"POST", "", password, `not JSON`, 400, "Invalid"},
		{"POST", "", password, `{"name":"students","email":"s@example.com"}`, 201, "Created"},
		{"POST", "", password, `{"name":"students"}`, 400, "already exists"},
		{"POST", "", password, `{"name":"quayadmin"}`, 400, "already exists"},
		{"GET", "students", "", "", 200, "students"},
	} {
		status, text := call(t, step.method, api+step.path, step.token, step.body)
		if status != step.status || !strings.Contains(text, step.says) {
			t.Errorf("%s %s %s: %d %s, want %d %s", step.method, step.path, step.body, status, text, step.status, step.says)
		}
	}
	if err := push(t, server, "students/app", newImage(t), login(password)); err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	again := startDestination(t, Config{Dir: dir})
	if err := push(t, again, "students/other", newImage(t), login(password)); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestTornListOfOrganisationsIsReported(t *testing.T) {
	dir := t.TempDir()
	server := startDestination(t, Config{Dir: dir, Organizations: []string{"students"}})
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "organizations.json")
	if err := os.WriteFile(path, []byte(`["stud`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Dir: dir, Listener: listen(t), User: "u", Password: "p"})
	if !errors.Is(err, state.ErrUnreadable) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error about %s", err, path)
	}
}

func TestSourceServesTheDemoImageToAnyoneAndTakesNothing(t *testing.T) {
	dir := t.TempDir()
	server, err := StartSource(t.Context(), SourceConfig{Dir: dir, Listener: listen(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	ref, err := name.ParseReference(server.Host() + "/" + images.Repository + ":multiarch")
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, entry := range list.Manifests {
		platforms = append(platforms, entry.Platform.String())
		image, err := index.Image(entry.Digest)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := image.Layers()
		if err != nil || len(layers) != 4 {
			t.Fatalf("%s has %d layers: %v", entry.Platform, len(layers), err)
		}
		for _, layer := range layers {
			content, err := layer.Uncompressed() // checks the digest as it reads
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, content); err != nil {
				t.Error(err)
			}
		}
	}
	if !slices.Equal(platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("platforms %v", platforms)
	}
	if status, _ := refusal(t, push(t, server, images.Repository, newImage(t))); status != http.StatusUnauthorized {
		t.Errorf("a push was refused with %d, want 401", status)
	}
}

func TestSourceFinishesAnImageThatWasCutOff(t *testing.T) {
	dir := t.TempDir()
	first, err := StartSource(t.Context(), SourceConfig{Dir: dir, Listener: listen(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// What a process that was killed half-way leaves: no mark, and not every file.
	for _, gone := range []string{"complete", "content/docker/registry/v2/repositories/" + images.Repository + "/_manifests"} {
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	second, err := StartSource(t.Context(), SourceConfig{Dir: dir, Listener: listen(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	ref, err := name.ParseReference(second.Host() + "/" + images.Repository + ":latest")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Image(ref, remote.WithContext(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestErrorBodyIsTheSpecificationsForm(t *testing.T) {
	server := startDestination(t, Config{Dir: t.TempDir()})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+"/v2/none/app/blobs/uploads/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("quayadmin", password)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		Errors []struct {
			Code   string            `json:"code"`
			Detail map[string]string `json:"detail"`
		} `json:"errors"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if len(body.Errors) != 1 || body.Errors[0].Code != "UNAUTHORIZED" || body.Errors[0].Detail["namespace"] != "none" {
		t.Errorf("%s %+v", response.Status, body)
	}
}

// TestRemoveOrganization frees the name, tells of each tag that goes with it, and is for those who may.
func TestRemoveOrganization(t *testing.T) {
	dir, pushes := t.TempDir(), make(chan Push, 10)
	server := startDestination(t, Config{Dir: dir, Organizations: []string{"students", "others"}, OnPush: func(p Push) { pushes <- p }})
	for _, repository := range []string{"students/app:one", "students/deep/app:two", "others/app:one"} {
		if err := push(t, server, repository, newImage(t), login(password)); err != nil {
			t.Fatal(err)
		}
		<-pushes
	}
	ask := func(method, path, token string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	for _, c := range []struct {
		path, token string
		want        int
	}{
		{"students", "", http.StatusUnauthorized},
		{"students", "wrong", http.StatusUnauthorized},
		{"nobody", password, http.StatusNotFound},
		{"students", password, http.StatusNoContent},
		{"students", password, http.StatusNotFound},
	} {
		if got, text := ask(http.MethodDelete, "/api/v1/organization/"+c.path, c.token); got != c.want {
			t.Errorf("%s: %d %s", c.path, got, text)
		}
	}
	gone := map[string]bool{}
	for range 2 {
		select {
		case p := <-pushes:
			gone[p.Repository+":"+p.Reference] = p.Removed
		case <-time.After(time.Minute):
			t.Fatalf("told of nothing but %v", gone)
		}
	}
	if !gone["students/app:one"] || !gone["students/deep/app:two"] {
		t.Errorf("told of %v", gone)
	}
	for path, want := range map[string]int{
		"/v2/students/app/manifests/one": http.StatusNotFound, "/v2/students/deep/app/manifests/two": http.StatusNotFound,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("quayadmin", password)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if err := push(t, server, "others/app:two", newImage(t), login(password)); err != nil {
		t.Errorf("the other organisation: %v", err)
	}
	if status, _ := refusal(t, push(t, server, "students/app:three", newImage(t), login(password))); status != http.StatusUnauthorized {
		t.Errorf("a push to what is gone: %d", status)
	}
	if status, text := ask(http.MethodGet, "/api/v1/user/", password); status != http.StatusOK || !strings.Contains(text, `"others"`) || strings.Contains(text, "students") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := ask(http.MethodGet, "/api/v1/user/", ""); status != http.StatusUnauthorized {
		t.Errorf("%d %s", status, text)
	}
	if kept, err := openOrganizations(filepath.Join(dir, "organizations.json"), []string{"students"}); err != nil || !slices.Equal(kept.names, []string{"others"}) {
		t.Errorf("after a restart there are %v, %v", kept, err)
	}
}
