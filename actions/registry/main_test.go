package registry_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

const (
	testUser     = "quayadmin"
	testPassword = "right-password"
)

func TestMain(m *testing.M) {
	logrus.SetOutput(io.Discard)
	log.SetOutput(io.Discard)
	os.Exit(sandboxtest.Main(m))
}

// recorder is an observer that remembers.
type recorder struct {
	mu     sync.Mutex
	events []actions.Event
	// on is told of each event, outside the lock; nil for nobody.
	on func(actions.Event)
}

func (r *recorder) Event(_ context.Context, e actions.Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	r.mu.Unlock()
	if r.on != nil {
		r.on(e)
	}
}

func (r *recorder) Ask(context.Context, actions.Question) (actions.Answer, error) {
	return actions.Answer{}, actions.ErrNobodyToAsk
}

func (r *recorder) calls(method, pathPart string) (found []actions.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if c, ok := e.(actions.Call); ok && c.Method == method && strings.Contains(c.Path, pathPart) {
			found = append(found, c)
		}
	}
	return found
}

func (r *recorder) progress() map[string][]actions.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := map[string][]actions.Progress{}
	for _, e := range r.events {
		if p, ok := e.(actions.Progress); ok {
			found[p.ID] = append(found[p.ID], p)
		}
	}
	return found
}

func (r *recorder) stages() (found []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if s, ok := e.(actions.Stage); ok {
			found = append(found, fmt.Sprintf("%s %d", s.ID, s.State))
		}
	}
	return found
}

// bench is a client with homes of its own.
type bench struct {
	*registry.Client
	home string
	seen *recorder
	base *http.Transport
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{home: t.TempDir(), seen: &recorder{}, base: http.DefaultTransport.(*http.Transport).Clone()}
	t.Cleanup(b.base.CloseIdleConnections)
	through, err := web.Transport(web.Options{Observer: b.seen, Base: b.base})
	if err != nil {
		t.Fatal(err)
	}
	b.Client = registry.New(registry.Options{
		Homes: actions.Homes{Docker: b.home}, Transport: through, Observer: b.seen,
	})
	return b
}

// login logs in with the right password.
func (b *bench) login(t testing.TB, host string) {
	t.Helper()
	_, err := b.Login(context.Background(), registry.LoginRequest{
		Server: host, Username: testUser, Password: actions.NewSecret(testPassword),
	})
	if err != nil {
		t.Fatalf("log in to %s: %v", host, err)
	}
}

// plainRegistry is go-containerregistry's own, which wants no login.
func plainRegistry(t testing.TB) string {
	t.Helper()
	return serve(t, ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
}

// distributionRegistry is Docker distribution with a login.
func distributionRegistry(t testing.TB) string {
	t.Helper()
	return serve(t, distribution(t, t.TempDir(), true))
}

func distribution(t testing.TB, dir string, withLogin bool) http.Handler {
	t.Helper()
	conf := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem":  {"rootdirectory": filepath.Join(dir, "content")},
			"delete":      {"enabled": true},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
	}
	conf.HTTP.RelativeURLs = true
	conf.HTTP.Secret = "sign the state of uploads"
	conf.Log.AccessLog.Disabled = true
	conf.Log.Level = "panic"
	if withLogin {
		hash, err := bcrypt.GenerateFromPassword([]byte(testPassword), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "htpasswd")
		if err := os.WriteFile(file, []byte(testUser+":"+string(hash)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		conf.Auth = configuration.Auth{"htpasswd": {"realm": "test", "path": file}}
	}
	app := handlers.NewApp(context.Background(), conf)
	t.Cleanup(func() { _ = app.Shutdown() })
	return app
}

// serve serves on loopback and returns host:port.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// closedPort returns an address at which nothing listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func randomImage(t testing.TB, size, layers int64) v1.Image {
	t.Helper()
	return randomImageFor(t, size, layers, v1.Platform{OS: "linux", Architecture: "amd64"})
}

func randomImageFor(t testing.TB, size, layers int64, platform v1.Platform) v1.Image {
	t.Helper()
	img, err := random.Image(size, layers)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func randomIndex(t testing.TB, size int64, platforms ...string) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, p := range platforms {
		platform, err := v1.ParsePlatform(p)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: randomImageFor(t, size, 2, *platform), Descriptor: v1.Descriptor{Platform: platform},
		})
	}
	return index
}

func mustRef(t testing.TB, text string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func put(t testing.TB, b *bench, text string, what remote.Taggable) {
	t.Helper()
	if err := remote.Push(mustRef(t, text), what, b.Remote(context.Background())...); err != nil {
		t.Fatal(err)
	}
}
