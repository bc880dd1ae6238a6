package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// startHere starts a sandbox in this process and expects it to fail.
func startHere(t *testing.T, opts sandbox.Options, code string) *sandbox.Error {
	t.Helper()
	s, err := sandbox.Start(within(t), opts)
	if err == nil {
		_ = s.Close()
		t.Fatal("it started")
	}
	return wantCode(t, err, code)
}

// made returns a directory in which a sandbox ran before.
func made(t *testing.T) (string, sandbox.Settings) {
	t.Helper()
	dir := t.TempDir()
	h := up(t, dir)
	leave(t, h, dir)
	return dir, h.Settings()
}

// content returns every file of the sandbox's state but its log.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	held := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "sandbox"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "sandbox.log" {
			return err
		}
		text, err := os.ReadFile(path)
		held[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestSecondOwnerIsRefused(t *testing.T) {
	dir := t.TempDir()
	up(t, dir)
	err := startHere(t, sandbox.Options{Dir: dir}, sandbox.CodeOwned)
	if !strings.Contains(err.What, dir) || !strings.Contains(err.Why, strconv.Itoa(status(t, dir).PID)) {
		t.Errorf("it does not say which directory and which process: %s (%s)", err.What, err.Why)
	}
}

func TestTakenPortIsNamedAndNeverReplaced(t *testing.T) {
	dir, settings := made(t)
	var config net.ListenConfig
	squatter, err := config.Listen(t.Context(), "tcp4", settings.Registry)
	if err != nil {
		t.Fatal(err)
	}
	before := content(t, dir)
	_, port, _ := strings.Cut(settings.Registry, ":")

	here := startHere(t, sandbox.Options{Dir: dir}, sandbox.CodePortTaken)
	_, err = sandbox.JoinOrLaunch(within(t), launchOf(t, dir))
	there := wantCode(t, err, sandbox.CodePortTaken)
	for _, e := range []*sandbox.Error{here, there} {
		if !strings.Contains(e.What, port) || !strings.Contains(e.What, "registry") || !strings.Contains(e.Next, port) {
			t.Errorf("it does not name the port: %+v", e)
		}
	}
	if fmt.Sprint(content(t, dir)) != fmt.Sprint(before) {
		t.Error("the state changed")
	}

	if err := squatter.Close(); err != nil {
		t.Fatal(err)
	}
	if h := up(t, dir); h.Settings() != settings {
		t.Error("the settings changed")
	}
}

func TestBrokenStateIsReportedAndKept(t *testing.T) {
	dir, settings := made(t)
	for name, damage := range map[string]struct {
		file string
		do   func(path string) error
	}{
		"record cut off":   {"sandbox.json", func(p string) error { return os.Truncate(p, 40) }},
		"record emptied":   {"sandbox.json", func(p string) error { return os.WriteFile(p, []byte("{}"), 0o600) }},
		"record from 2099": {"sandbox.json", func(p string) error { return os.WriteFile(p, []byte(`{"format":99}`), 0o600) }},
		"token key":        {"identity/token.key.pem", func(p string) error { return os.Truncate(p, 10) }},
		"log key":          {"rekor/key.pem", func(p string) error { return os.Truncate(p, 10) }},
		"trust root":       {"tuf/repository/root.json", func(p string) error { return os.Truncate(p, 10) }},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "sandbox", damage.file)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := damage.do(path); err != nil {
				t.Fatal(err)
			}
			before := content(t, dir)
			e := startHere(t, sandbox.Options{Dir: dir}, sandbox.CodeUnreadable)
			if !strings.Contains(e.Error(), path) || !strings.Contains(e.Next, "reset") {
				t.Errorf("it does not name %s and the way out: %+v", path, e)
			}
			after := content(t, dir)
			for path, text := range before {
				if after[path] != text {
					t.Errorf("%s changed", path)
				}
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
	// Put back from a copy, it is the same sandbox again.
	h := up(t, dir)
	if h.Settings() != settings {
		t.Error("the settings changed")
	}
	leave(t, h, dir)
	if err := os.Truncate(filepath.Join(dir, "sandbox", "sandbox.json"), 40); err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Reset(within(t), dir); err != nil {
		t.Fatal(err)
	}
	up(t, dir)
}

func TestDirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(file, "below")
	_ = startHere(t, sandbox.Options{Dir: dir}, sandbox.CodeUnwritable)
	_, err := sandbox.JoinOrLaunch(within(t), launchOf(t, dir))
	if e := wantCode(t, err, sandbox.CodeUnwritable); !strings.Contains(e.What, dir) {
		t.Errorf("it does not name the directory: %+v", e)
	}
}

func TestBareNeedsAFreshDirectory(t *testing.T) {
	dir, _ := made(t)
	_ = startHere(t, sandbox.Options{Dir: dir, Bare: true}, sandbox.CodeBare)
}

func TestProgramThatIsNoSandbox(t *testing.T) {
	for name, program := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "missing"),
		"other":   "/bin/false",
	} {
		t.Run(name, func(t *testing.T) {
			launch := launchOf(t, t.TempDir())
			launch.Executable = program
			_, err := sandbox.JoinOrLaunch(within(t), launch)
			_ = wantCode(t, err, sandbox.CodeFailed)
		})
	}
}

func TestCancelledStartLeavesNothingRunning(t *testing.T) {
	dir := t.TempDir()
	for _, cut := range []string{"registry", "identity provider", "certificate authority", "trust root"} {
		ctx, cancel := context.WithCancel(t.Context())
		s, err := sandbox.Start(ctx, sandbox.Options{Dir: dir, Progress: func(what string) {
			if what == cut {
				cancel()
			}
		}})
		if err == nil {
			// What was under way is allowed to finish.
			err = errors.Join(context.Canceled, s.Close())
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cut at %s: %v", cut, err)
		}
		cancel()
	}
	up(t, dir)
}

func TestCancelledLaunchTakesItsSandboxAlong(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	launch := launchOf(t, dir)
	launch.Progress = func(string) { cancel() }
	began := time.Now()
	h, err := sandbox.JoinOrLaunch(ctx, launch)
	if err == nil {
		_ = h.Leave()
		t.Fatal("a cancelled launch joined")
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	waitUnowned(within(t), t, dir)
	if took := time.Since(began); took > limit/2 {
		t.Errorf("the sandbox was there for %s", took)
	}
}
