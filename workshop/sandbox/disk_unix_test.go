//go:build unix

package sandbox_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

func init() {
	roles["full"] = startFull
	roles["unprivileged"] = startUnprivileged
}

// startFull starts where a file can grow to one megabyte and no further, as on a disk that is full.
func startFull(dir string) int {
	if syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}) != nil {
		return 1
	}
	return tryStart(dir)
}

// startUnprivileged starts as somebody for whom permissions count, which root is not.
func startUnprivileged(dir string) int {
	if os.Geteuid() == 0 && syscall.Setuid(65534) != nil {
		return 1
	}
	return tryStart(dir)
}

// failureAs returns what a sandbox fails with in another process.
func failureAs(t *testing.T, role, dir string) *sandbox.Error {
	t.Helper()
	line := command(t, role, dir).readLine(t)
	failed := new(sandbox.Error)
	if err := json.Unmarshal([]byte(line), failed); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return failed
}

func TestFullDiskIsReportedAndTheSandboxComesUpLater(t *testing.T) {
	dir := t.TempDir()
	e := wantCode(t, failureAs(t, "full", dir), sandbox.CodeUnwritable)
	if !strings.Contains(e.What, dir) || !strings.Contains(e.Next, "space") || strings.Contains(e.Why, "\n") {
		t.Errorf("it does not say where and what to do, each on a line: %+v", e)
	}
	h := up(t, dir)
	if err := tryPush(t, h.Settings()); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyDirectoryIsReported(t *testing.T) {
	outer := filepath.Dir(t.TempDir())
	if err := os.Chmod(outer, 0o755); err != nil { // so that another user gets as far as dir
		t.Fatal(err)
	}
	dir := filepath.Join(outer, "read-only")
	if err := os.Mkdir(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	e := wantCode(t, failureAs(t, "unprivileged", dir), sandbox.CodeUnwritable)
	if !strings.Contains(e.What, dir) || !strings.Contains(e.Next, "writable") {
		t.Errorf("it does not say where and what to do: %+v", e)
	}
}
