package quay_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
)

// forgetful is a registry that serves a manifest only while a tag names it, and lends it a name, as Quay does (its
// endpoints/api/tag.py, RestoreTag).
type forgetful struct {
	behind http.Handler
	mu     sync.Mutex
	named  map[string]string // tag -> digest
	lent   []string          // every name that was ever lent
}

var (
	lendPath   = regexp.MustCompile(`^/api/v1/repository/(.+)/tag/([^/]+?)(/restore)?$`)
	byManifest = regexp.MustCompile(`^/v2/(.+)/manifests/(.+)$`)
)

// ServeHTTP implements http.Handler.
func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := lendPath.FindStringSubmatch(r.URL.Path); m != nil {
		if r.Header.Get("Authorization") != "Bearer the token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		f.api(w, r, m[2])
		return
	}
	m := byManifest.FindStringSubmatch(r.URL.Path)
	if m == nil {
		f.behind.ServeHTTP(w, r)
		return
	}
	reference := m[2]
	if digest, lent := f.named[reference]; lent && r.Method != http.MethodPut {
		r.URL.Path = "/v2/" + m[1] + "/manifests/" + digest
		f.behind.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(reference, "sha256:") && !f.isNamed(reference) {
		http.NotFound(w, r)
		return
	}
	f.behind.ServeHTTP(w, r)
	if r.Method == http.MethodPut {
		f.named[reference] = w.Header().Get("Docker-Content-Digest")
	}
}

func (f *forgetful) isNamed(digest string) bool {
	for _, named := range f.named {
		if named == digest {
			return true
		}
	}
	return false
}

func (f *forgetful) api(w http.ResponseWriter, r *http.Request, tag string) {
	switch r.Method {
	case http.MethodPost:
		var wanted struct {
			Digest string `json:"manifest_digest"`
		}
		if json.NewDecoder(r.Body).Decode(&wanted) != nil || wanted.Digest == "sha256:"+strings.Repeat("0", 64) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error_type":"not_found","error_message":"Not Found"}`)
			return
		}
		f.named[tag] = wanted.Digest
		f.lent = append(f.lent, tag)
		_, _ = io.WriteString(w, "{}")
	case http.MethodDelete:
		delete(f.named, tag)
		w.WriteHeader(http.StatusNoContent)
	}
}

func TestAFormerManifestIsLent(t *testing.T) {
	f := &forgetful{behind: ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))), named: map[string]string{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	tag, err := name.NewTag(host + "/students/app:moving")
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for range 2 {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(tag, image); err != nil {
			t.Fatal(err)
		}
		digest, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest.String())
	}
	old := tag.Context().Digest(digests[0])
	if _, err := remote.Get(old); err == nil {
		t.Fatal("the stand-in shows what no tag names")
	}
	client := connectTo(t, host, "the token")

	read := false
	err = client.Lend(t.Context(), "students/app", digests[0], func(_ context.Context, lent string) error {
		got, err := remote.Get(tag.Context().Tag(lent))
		read = err == nil && got.Digest.String() == digests[0]
		return err
	})
	if err != nil || !read {
		t.Errorf("read %t, %v", read, err)
	}

	broken := errors.New("broken")
	if err := client.Lend(t.Context(), "students/app", digests[0], func(context.Context, string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the work's own error is lost: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = client.Lend(ctx, "students/app", digests[0], func(ctx context.Context, _ string) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	f.mu.Lock()
	if len(f.named) != 1 || f.named["moving"] != digests[1] || len(f.lent) != 3 || f.lent[0] == f.lent[1] {
		t.Errorf("left behind %v; lent %v", f.named, f.lent)
	}
	f.mu.Unlock()

	called := false
	err = client.Lend(t.Context(), "students/app", "sha256:"+strings.Repeat("0", 64), func(context.Context, string) error { called = true; return nil })
	wantError(t, err, actions.CodeImageNotFound, "")
	err = connectTo(t, host, "another").Lend(t.Context(), "students/app", digests[0], func(context.Context, string) error { called = true; return nil })
	wantError(t, err, actions.CodeWrongPassword, "")
	if called {
		t.Error("the work ran without anything to read")
	}
}
