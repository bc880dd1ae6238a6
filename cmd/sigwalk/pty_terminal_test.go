//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	"golang.org/x/sys/unix"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// patience is how long a journey waits for anything. It bounds a test that hangs; no test is about time.
const patience = 1 * time.Minute

// terminal is a program on a pseudo-terminal of its own, as a person has it in front of them. It is used by one
// goroutine, the test's.
type terminal struct {
	t    *testing.T
	dir  string // the state directory
	cmd  *exec.Cmd
	ptmx *os.File
	over chan struct{} // closed when the program has ended

	mu      sync.Mutex
	screen  vt10x.Terminal
	raw     []byte // all that the program wrote
	changed chan struct{}
}

// setting is what a terminal is like; the zero value is 80x24, dark, in colour, and answers no query.
type setting struct {
	cols, rows uint16
	dir        string   // the state directory; empty for a fresh one
	env        []string // beside what every program gets
	answers    bool     // the terminal answers queries, as most do
	command    []string // what runs, with sigwalk in its PATH; empty for sigwalk itself with args
	args       []string // behind sigwalk --dir DIR
}

// open starts a program on a new terminal. What is left of it ends with the test, the sandbox included.
func open(t *testing.T, s setting) *terminal {
	t.Helper()
	if s.cols == 0 {
		s.cols, s.rows = 80, 24
	}
	if s.dir == "" {
		s.dir = stateDir(t)
	}
	term := &terminal{t: t, dir: s.dir, over: make(chan struct{}), changed: make(chan struct{}, 1)}
	command := s.command
	if len(command) == 0 {
		command = append([]string{"sigwalk", "--dir", s.dir}, s.args...)
	}
	term.cmd = program(t, s.dir, command...)
	term.cmd.Env = append(term.cmd.Env, s.env...)
	master, err := pty.StartWithSize(term.cmd, &pty.Winsize{Cols: s.cols, Rows: s.rows})
	if err != nil {
		t.Fatal(err)
	}
	term.ptmx = pollable(t, master)
	options := []vt10x.TerminalOption{vt10x.WithSize(int(s.cols), int(s.rows))}
	if s.answers {
		options = append(options, vt10x.WithWriter(term.ptmx))
	}
	term.screen = vt10x.New(options...)
	read := make(chan struct{})
	go term.read(read)
	go func() {
		defer close(term.over)
		_ = term.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = term.cmd.Process.Kill()
		<-term.over
		_ = term.ptmx.Close()
		<-read
		if t.Failed() {
			t.Logf("the screen at the end:\n%s", term.text())
		}
	})
	return term
}

// pollable is a file like master, which it closes: one that can be closed while somebody reads it, as a window is.
func pollable(t *testing.T, master *os.File) *os.File {
	t.Helper()
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.SetNonblock(fd, true), master.Close()); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "terminal")
}

// control gives the terminal's descriptor to a system call.
func (m *terminal) control(call func(fd int) error) {
	m.t.Helper()
	conn, err := m.ptmx.SyscallConn()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := errors.Join(conn.Control(func(fd uintptr) { err = call(int(fd)) }), err); err != nil {
		m.t.Fatal(err)
	}
}

// stateDir is a fresh state directory, whose sandbox ends with the test. Its path is short, as that of a socket must be.
func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pty-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := sandbox.Stop(ctx, dir); err != nil && !errors.Is(err, sandbox.ErrNotRunning) {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// program is a command, not yet started, with nothing of the person who runs the tests in its environment.
func program(t *testing.T, home string, command ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(command[0])
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, command[1:]...)
	cmd.Dir = home
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + os.TempDir(), "XDG_CONFIG_HOME=" + filepath.Join(home, "config"),
		"TERM=xterm-256color", "LC_ALL=C.UTF-8", "SHELL=/bin/sh", "PS1=prompt> ", "ENV=",
	}
	return cmd
}

// sigwalk runs the program without a terminal, to its end.
func (m *terminal) sigwalk(args ...string) {
	m.t.Helper()
	out, err := program(m.t, m.dir, append([]string{"sigwalk", "--dir", m.dir}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("sigwalk %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// read draws what the program writes, until nobody has the terminal any more.
func (m *terminal) read(ended chan<- struct{}) {
	defer close(ended)
	var rest []byte
	chunk := make([]byte, 32<<10)
	for {
		n, err := m.ptmx.Read(chunk)
		m.mu.Lock()
		m.raw = append(m.raw, chunk[:n]...)
		text := slices.Concat(rest, chunk[:n])
		whole := len(text)
		for whole > 0 && len(text)-whole < utf8.UTFMax && !utf8.FullRune(lastRune(text[:whole])) {
			whole--
		}
		_, _ = m.screen.Write(text[:whole])
		rest = bytes.Clone(text[whole:])
		m.mu.Unlock()
		select {
		case m.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// lastRune is text from the last byte that begins a character on.
func lastRune(text []byte) []byte {
	for i := len(text) - 1; i >= 0 && i > len(text)-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			return text[i:]
		}
	}
	return text
}

// text is what is on the screen.
func (m *terminal) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.screen.String()
}

// wrote is all that the program wrote, escape sequences included.
func (m *terminal) wrote() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.raw)
}

// until waits for what must come.
func (m *terminal) until(what string, so func() bool) {
	m.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !so() {
		select {
		case <-m.changed:
		case <-m.over:
			// What it wrote last may not have been read.
			select {
			case <-m.changed:
				continue
			case <-time.After(time.Second):
			}
			if !so() {
				m.t.Fatalf("the program ended (%v) before: %s\n%s", m.cmd.ProcessState, what, m.text())
			}
		case <-deadline.C:
			m.t.Fatalf("waited in vain for: %s\n%s", what, m.text())
		}
	}
}

// see waits until the screen holds every one of texts.
func (m *terminal) see(texts ...string) {
	m.t.Helper()
	m.until(strings.Join(texts, ", "), func() bool { return m.shows(texts...) })
}

func (m *terminal) shows(texts ...string) bool {
	screen := m.text()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			return false
		}
	}
	return true
}

// keys of a terminal that are no letters.
var keys = map[string]string{
	"enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
	"home": "\x1b[H", "^C": "\x03", "^L": "\x0c", "^U": "\x15", "^Z": "\x1a",
}

// press presses keys, by their names.
func (m *terminal) press(names ...string) {
	m.t.Helper()
	for _, name := range names {
		if sequence, ok := keys[name]; ok {
			name = sequence
		}
		m.send(name)
	}
}

// send types a text as it is.
func (m *terminal) send(text string) {
	m.t.Helper()
	if _, err := m.ptmx.WriteString(text); err != nil {
		m.t.Fatal(err)
	}
}

// resize changes the size of the terminal, as dragging the corner of its window does.
func (m *terminal) resize(cols, rows uint16) {
	m.t.Helper()
	m.mu.Lock()
	m.screen.Resize(int(cols), int(rows))
	m.mu.Unlock()
	m.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: cols, Row: rows})
	})
}

// end waits for the end of the program and returns its exit code.
func (m *terminal) end() int {
	m.t.Helper()
	select {
	case <-m.over:
	case <-time.After(patience):
		m.t.Fatalf("the program does not end\n%s", m.text())
	}
	return m.cmd.ProcessState.ExitCode()
}

// sandbox returns the process of the sandbox, zero when none runs.
func (m *terminal) sandbox() int {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	status, err := sandbox.StatusOf(ctx, m.dir)
	if err != nil && !errors.Is(err, sandbox.ErrNotRunning) {
		m.t.Fatal(err)
	}
	return status.PID
}

// gone waits until a process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH); {
		if time.Now().After(deadline) {
			t.Fatalf("process %d does not end", pid)
		}
		time.Sleep(10 * time.Millisecond) // nothing tells of the end of a process that is not our child
	}
}
