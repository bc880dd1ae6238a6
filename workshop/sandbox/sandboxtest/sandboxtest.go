// Package sandboxtest gives tests a real sandbox: one for a test binary, in a process of its own (this binary again), so
// that its goroutines and loggers are not the test's. A package that uses it needs
//
//	func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }
package sandboxtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// shared is the one sandbox of the test binary.
var shared struct {
	once   sync.Once
	inMain bool
	dir    string
	handle *sandbox.Handle
	err    error
}

// temporary tells the sandbox's process that nobody wants what it kept, so that a test binary that was killed leaves
// nothing behind.
const temporary = "--temporary"

// Main runs the tests and ends the sandbox that they started. In the process that JoinOrLaunch made of this binary it is
// the sandbox instead.
func Main(m *testing.M) int {
	if dir, ok := asked(os.Args[1:]); ok {
		code := own(dir)
		if slices.Contains(os.Args, temporary) {
			_ = os.RemoveAll(dir)
		}
		return code
	}
	shared.inMain = true
	code := m.Run()
	if shared.handle != nil {
		_ = shared.handle.Leave()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		// The sandbox ends because its last surface left; what it kept is in the way of nobody but the disk.
		_ = sandbox.Reset(ctx, shared.dir)
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	return code
}

// asked reports whether these are the arguments with which JoinOrLaunch runs a program, and for which directory.
func asked(args []string) (dir string, ok bool) {
	if len(args) < 5 || strings.Join(args[:3], " ") != "sandbox up --dir" || args[4] != "--until-unused" {
		return "", false
	}
	return args[3], true
}

// own is the sandbox's process: the whole of `sigwalk sandbox up --until-unused`.
func own(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := sandbox.Start(ctx, sandbox.Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {
	case <-s.Done():
	case <-ctx.Done():
	}
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Start returns how to use the test binary's sandbox, which it starts at the first call.
func Start(tb testing.TB) sandbox.Settings {
	tb.Helper()
	if !shared.inMain {
		tb.Fatal("a package that uses sandboxtest needs: func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }")
	}
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "sandboxtest-"); shared.err != nil {
			return
		}
		var self string
		if self, shared.err = os.Executable(); shared.err != nil {
			return
		}
		shared.handle, shared.err = sandbox.JoinOrLaunch(context.Background(), sandbox.Launch{
			Dir: shared.dir, Executable: self, Args: []string{temporary}, Stderr: os.Stderr,
		})
	})
	if shared.err != nil {
		tb.Fatalf("start the sandbox: %v", shared.err)
	}
	return shared.handle.Settings()
}

// Homes are directories in which a test keeps what would otherwise go to the person's own.
type Homes struct {
	TUF    string // for TUF_ROOT; empty
	Docker string // for DOCKER_CONFIG; empty until LogIn
}

// NewHomes returns fresh homes that end with the test.
func NewHomes(tb testing.TB) Homes {
	tb.Helper()
	dir := tb.TempDir()
	homes := Homes{TUF: filepath.Join(dir, "tuf"), Docker: filepath.Join(dir, "docker")}
	for _, home := range []string{homes.TUF, homes.Docker} {
		if err := os.MkdirAll(home, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	return homes
}

// Setenv points TUF_ROOT and DOCKER_CONFIG to the homes for as long as the test runs.
func (h Homes) Setenv(tb testing.TB) {
	tb.Helper()
	tb.Setenv("TUF_ROOT", h.TUF)
	tb.Setenv("DOCKER_CONFIG", h.Docker)
}

// LogIn stores the destination registry's login in Docker, as `cosign login` does.
func (h Homes) LogIn(tb testing.TB) {
	tb.Helper()
	s := Start(tb)
	text, err := json.Marshal(map[string]any{"auths": map[string]any{
		s.Registry: map[string]string{"username": s.RegistryUser, "password": s.RegistryPass},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.Docker, "config.json"), text, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Login is the destination registry's login, for go-containerregistry.
func Login(tb testing.TB) authn.Authenticator {
	tb.Helper()
	s := Start(tb)
	return &authn.Basic{Username: s.RegistryUser, Password: s.RegistryPass}
}

// Token returns an identity token of user ("user1@demo.redhat.com"), got by the password grant as on the workshop page.
func Token(tb testing.TB, user string) string {
	tb.Helper()
	s := Start(tb)
	form := url.Values{
		"grant_type": {"password"}, "client_id": {s.OIDCClientID}, "username": {user}, "password": {s.OIDCPassword},
	}
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost,
		s.OIDCIssuer+"/protocol/openid-connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var got struct {
		IDToken     string `json:"id_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.IDToken == "" {
		tb.Fatalf("no token for %s: %s %s %s", user, response.Status, got.Error, got.Description)
	}
	return got.IDToken
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// CopyImage copies the demo image to the destination registry and returns it by tag ("127.0.0.1:18000/l3-students/demo:latest")
// and the digest ("sha256:...") that the tag stands for. The repository is named after the test when repository is empty.
func CopyImage(tb testing.TB, repository string) (image, digest string) {
	tb.Helper()
	s := Start(tb)
	if repository == "" {
		repository = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(tb.Name()), "-"), "-")
	}
	image = s.Registry + "/" + sandbox.Organization + "/" + repository + ":latest"
	from, err := name.ParseReference(s.SourceImage)
	if err != nil {
		tb.Fatal(err)
	}
	to, err := name.ParseReference(image)
	if err != nil {
		tb.Fatal(err)
	}
	source, err := remote.Image(from, remote.WithContext(tb.Context()))
	if err != nil {
		tb.Fatal(err)
	}
	if err := remote.Write(to, source, remote.WithContext(tb.Context()), remote.WithAuth(Login(tb))); err != nil {
		tb.Fatal(err)
	}
	hash, err := source.Digest()
	if err != nil {
		tb.Fatal(err)
	}
	return image, hash.String()
}
