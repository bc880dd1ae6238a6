package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// toward runs the program with standard output going there and returns its exit code (negative for a signal) and what it
// wrote to standard error.
func toward(t *testing.T, out *os.File, args ...string) (int, string) {
	t.Helper()
	program := exec.CommandContext(t.Context(), "sigwalk", args...)
	home := t.TempDir()
	program.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "TMPDIR=" + os.TempDir()}
	var errs bytes.Buffer
	program.Stdout, program.Stderr = out, &errs
	err := program.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	code := program.ProcessState.ExitCode()
	if wait, ok := program.ProcessState.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		code = -int(wait.Signal())
	}
	return code, errs.String()
}

// As with `sigwalk verify IMAGE | head -1`: who writes to a pipe that nobody reads ends by SIGPIPE, as other programs do,
// without a word.
func TestNobodyReadsTheOutput(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	for _, args := range [][]string{
		{"version"},
		{"version", "-o", "json"},
		{"--help"},
		{"sandbox", "status", "--dir", dir},
		{"run", "--dir", dir},
		{"exec", "--dir", dir, "--", "seq 100000"},
		{"exec", "--dir", dir, "--", "while echo x; do :; done"},
	} {
		t.Run(strings.Join(args[:1], " "), func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Close()
			code, errs := toward(t, w, args...)
			_ = w.Close()
			// A built-in of the workshop shell has the exit code that a shell gives to such an end.
			if code != -int(syscall.SIGPIPE) && code != 128+int(syscall.SIGPIPE) {
				t.Errorf("sigwalk %q ends with %d", args, code)
			}
			if errs != "" {
				t.Errorf("sigwalk %q says:\n%s", args, errs)
			}
		})
	}
}

// A result that could not be written is no success.
func TestTheOutputIsFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	for _, args := range [][]string{
		{"version"}, {"version", "-o", "json"}, {"run", "--dir", dir}, {"run", "--dir", dir, "-o", "json"}, {"sandbox", "reset", "--yes", "--dir", dir},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		code, errs := toward(t, full, args...)
		_ = full.Close()
		if code != 1 || !strings.Contains(errs, "could not be written to standard output") || !strings.Contains(errs, "no space left") || !strings.Contains(errs, "next: ") {
			t.Errorf("sigwalk %q ends with %d and says:\n%s", args, code, errs)
		}
	}
}
