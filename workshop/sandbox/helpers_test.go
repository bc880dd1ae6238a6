package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// limit bounds everything that a test waits for.
const limit = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func launchOf(t *testing.T, dir string) sandbox.Launch {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.Launch{Dir: dir, Executable: self, Stderr: os.Stderr}
}

// up starts a sandbox for dir in a process of its own and joins it. The test leaves it ended.
func up(t *testing.T, dir string) *sandbox.Handle {
	t.Helper()
	h, err := sandbox.JoinOrLaunch(within(t), launchOf(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.Leave()
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if err := sandbox.Stop(ctx, dir); err != nil && !errors.Is(err, sandbox.ErrNotRunning) {
			t.Error(err)
		}
		waitUnowned(ctx, t, dir)
	})
	return h
}

// leave lets go of the sandbox and waits until its process has given the directory back.
func leave(t *testing.T, h *sandbox.Handle, dir string) {
	t.Helper()
	if err := h.Leave(); err != nil {
		t.Fatal(err)
	}
	waitUnowned(within(t), t, dir)
}

// waitUnowned waits until no process owns the sandbox's directory. The owner takes its name away before it lets go of the
// lock.
func waitUnowned(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
	for ctx.Err() == nil {
		lock := flock.New(filepath.Join(dir, "sandbox", "lock"))
		if free, err := lock.TryLock(); err != nil {
			t.Fatal(err)
		} else if free {
			if err := lock.Unlock(); err != nil {
				t.Fatal(err)
			}
			return
		}
		pause(ctx)
	}
	t.Fatal("the sandbox has not ended")
}

// pause is for what can only be asked again.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Millisecond):
	}
}

func wantCode(t *testing.T, err error, code string) *sandbox.Error {
	t.Helper()
	var e *sandbox.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want the code %s", err, code)
	}
	if e.What == "" || e.Next == "" || e.Error() == "" {
		t.Errorf("the error does not say what and what next: %+v", e)
	}
	return e
}

func status(t *testing.T, dir string) sandbox.Status {
	t.Helper()
	s, err := sandbox.StatusOf(within(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kill ends the process that owns dir's sandbox as `kill -9` does.
func kill(t *testing.T, dir string) {
	t.Helper()
	process, err := os.FindProcess(status(t, dir).PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// child is this test binary in another role.
type child struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr *bytes.Buffer // complete when the process has ended
}

func command(t *testing.T, role, dir string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &child{cmd: cmd, out: bufio.NewReader(out), stderr: stderr}
}

func (c *child) readLine(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait() // says that it was killed
}

func postForm(t *testing.T, address string, form url.Values) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// tryPush pushes a small image where the lesson copies its image to.
func tryPush(t *testing.T, settings sandbox.Settings) error {
	t.Helper()
	to, err := name.ParseReference(settings.Image)
	if err != nil {
		t.Fatal(err)
	}
	return remote.Write(to, empty.Image, options(t, settings)...)
}

func options(t *testing.T, settings sandbox.Settings) []remote.Option {
	t.Helper()
	return []remote.Option{
		remote.WithContext(t.Context()),
		remote.WithAuth(&authn.Basic{Username: settings.RegistryUser, Password: settings.RegistryPass}),
	}
}

// pushImage pushes and returns the digest.
func pushImage(t *testing.T, settings sandbox.Settings) string {
	t.Helper()
	if err := tryPush(t, settings); err != nil {
		t.Fatal(err)
	}
	return pulledDigest(t, settings)
}

func pulledDigest(t *testing.T, settings sandbox.Settings) string {
	t.Helper()
	from, err := name.ParseReference(settings.Image)
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Get(from, options(t, settings)...)
	if err != nil {
		t.Fatal(err)
	}
	return got.Digest.String()
}
