//go:build keycloak || browser

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// seat is a program on a pseudo-terminal, with somebody at it.
type seat struct {
	t    *testing.T
	cmd  *exec.Cmd
	said *buffer
	over chan error
	in   interface{ Write([]byte) (int, error) }
}

// columns and rows are the size of a seat's terminal.
const columns, rows = 200, 50

// onTerminal starts a program of the bench on a terminal.
func (b *bench) onTerminal(t *testing.T, words []string, more ...string) *seat {
	t.Helper()
	program := words[0]
	if path := filepath.Join(bin, program); !strings.Contains(program, "/") {
		program = path
	}
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(opener), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, words[1:]...)
	cmd.Env, cmd.Dir = b.environment(append([]string{"TERM=xterm-256color"}, more...)...), b.work
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: columns, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	m := &seat{t: t, cmd: cmd, said: &buffer{}, over: make(chan error, 1), in: master}
	go func() {
		chunk := make([]byte, 4096)
		for {
			n, err := master.Read(chunk)
			_, _ = m.said.Write(chunk[:n])
			if err != nil {
				break
			}
		}
		m.over <- cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = master.Close()
	})
	return m
}

// expect waits until the program has written something, and returns it with its groups.
func (m *seat) expect(pattern string) []string {
	m.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		if found := re.FindStringSubmatch(m.said.String()); found != nil {
			return found
		}
		// There is no other sign of what a program writes than what it wrote.
		time.Sleep(20 * time.Millisecond)
	}
	m.t.Fatalf("%s did not write %s:\n%s", filepath.Base(m.cmd.Path), pattern, m.said)
	return nil
}

// forget leaves out of what is expected all that the program has written so far.
func (m *seat) forget() {
	m.said.mu.Lock()
	defer m.said.mu.Unlock()
	m.said.text.Reset()
}

// enter types a line.
func (m *seat) enter(text string) {
	m.t.Helper()
	if _, err := m.in.Write([]byte(text + "\r")); err != nil {
		m.t.Fatal(err)
	}
}

// done waits until the program has ended well, and returns all that it wrote.
func (m *seat) done() string {
	m.t.Helper()
	select {
	case err := <-m.over:
		if err != nil {
			m.t.Fatalf("%s ended with %v:\n%s", filepath.Base(m.cmd.Path), err, m.said)
		}
	case <-time.After(limit):
		m.t.Fatalf("%s does not end:\n%s", filepath.Base(m.cmd.Path), m.said)
	}
	return m.said.String()
}

// expectSigned waits until the program has signed and ended well.
func (m *seat) expectSigned(name string) {
	m.t.Helper()
	text := m.done()
	if !strings.Contains(text, "tlog entry created with index") {
		m.t.Fatalf("%s did not sign:\n%s", name, text)
	}
}

// awaitFile waits until somebody has written a file in one go, and returns what is in it.
func awaitFile(t *testing.T, path string) string {
	t.Helper()
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		if text, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(text))
		}
		// The file system tells nobody.
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nobody wrote %s", path)
	return ""
}

// opener stands in for the desktop: it opens nothing, and tells the test what was to be opened. Without somebody who wants to
// know, there is no desktop.
const opener = `#!/bin/sh
[ -n "${OPENED:-}" ] || exit 1
printf '%s\n' "$1" > "$OPENED.part" && mv "$OPENED.part" "$OPENED"
`
