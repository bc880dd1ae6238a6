//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestInterrupt stops a step that runs, and quits with the second press, be it that the step is still stopping.
func TestInterrupt(t *testing.T) {
	m := open(t, setting{})
	m.see("1 Copy the image", "enter runs the command")
	change(m, "echo it runs; sleep 1000")
	m.see("it runs", "~ running", "esc stops it")
	m.press("q")
	m.see("a step runs: q again stops it and quits")
	m.press("^C")
	m.see("x failed", "stopped: enter runs it again - ^C again quits")
	m.press("h")
	m.see("Hint 1 of 3")
	m.press("^C")
	m.see("press ^C again to quit")
	m.press("^C")
	if code := m.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	wantRestored(m)
}

// TestSleep puts the program to sleep under a shell with job control, and wakes it.
func TestSleep(t *testing.T) {
	m := open(t, setting{command: []string{"sh", "-i"}})
	m.see("prompt>")
	m.send("sigwalk --dir . \r")
	m.see("1 Copy the image", "enter runs the command")
	m.press("h")
	m.see("Hint 1 of 3")
	m.press("^Z")
	m.until("the shell has the terminal again", func() bool {
		return regexp.MustCompile(`(?i)stopped`).MatchString(m.text()) && strings.HasSuffix(strings.TrimSpace(m.text()), "prompt>")
	})
	wantRestored(m)
	m.send("echo the shell is $((40+2))\r")
	m.see("the shell is 42")
	m.send("fg\r")
	m.see("1 Copy the image", "Hint 1 of 3")
	m.press("h")
	m.see("Hint 2 of 3")
	m.press("q")
	m.until("the shell has the terminal again", func() bool { return strings.HasSuffix(strings.TrimSpace(m.text()), "prompt>") })
	m.send("exit\r")
	m.end()
}

// TestShell opens a shell with the variables of the lesson, secrets included, and comes back.
func TestShell(t *testing.T) {
	m := open(t, setting{})
	m.see("1 Copy the image", "enter runs the command")
	m.press("enter")
	m.see("ok done: n goes to step 2")
	m.press("s")
	m.see("prompt>")
	m.send("echo image=$IMAGE; pwd; test -n \"$QUAY_PASSWORD\" && echo the password is ''set\r")
	m.see("image=127.0.0.1:", "/l3-students/l3-rhads-demoimage:latest", "/workspace", "the password is set")
	m.send("test -t 0 && test -t 1 && test -t 2 && echo a whole ''terminal\r")
	m.see("a whole terminal")
	m.send("exit 3\r")
	m.see("1 Copy the image", "back from the shell")
	m.press("n")
	m.see("2 Fetch the trust root")
	m.press("q")
	m.end()
	wantRestored(m)
}

// TestElsewhere does a step in another process; here it turns green by itself.
func TestElsewhere(t *testing.T) {
	m := open(t, setting{})
	m.see("1 Copy the image", ". to do", "0 done")
	m.sigwalk("exec", "--", "source ./copy-image-to-quay.sh")
	m.see("the world shows that step 1 is done", "ok done elsewhere", "1 done", "ok the image is in your registry")
	m.press("n", "n")
	m.see("3 Log in to the registry", ". to do")
	m.sigwalk("exec", "--", `cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD"`)
	m.see("the world shows that step 3 is done", "ok done elsewhere", "2 done")
	m.press("q")
	m.end()
}

// TestSandboxKilled kills the sandbox below an open lesson: it is started again where it was, and the lesson goes on.
func TestSandboxKilled(t *testing.T) {
	m := open(t, setting{})
	m.see("1 Copy the image", ". to do")
	m.press("enter")
	m.see("ok done: n goes to step 2")
	before := m.sandbox()
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	m.see("it runs again, and nothing is lost")
	if after := m.sandbox(); after == before {
		t.Errorf("process %d is said to run again", after)
	}
	m.press("n", "enter")
	m.see("2 Fetch the trust root", "ok done: n goes to step 3", "2 done")
	pid := m.sandbox()
	m.press("q")
	m.end()
	gone(t, pid)
}

// TestKilledAndUndone kills the program between two steps, and later takes both back in another one, whose sandbox is another
// process, too. What that needs was on disk, and no secret with it.
func TestKilledAndUndone(t *testing.T) {
	first := open(t, setting{})
	first.see("1 Copy the image", "enter runs the command")
	for i, step := range []string{"1 Copy the image", "2 Fetch the trust root", "3 Log in to the registry"} {
		first.see(step, "enter runs the command")
		first.press("enter")
		first.see(step, fmt.Sprintf("ok done: n goes to step %d", i+2), fmt.Sprintf("%d done", i+1)) // of this step, and not of the one before
		first.press("n")
	}
	first.see("4 Get an identity token", "enter runs the command")
	pid := first.sandbox()
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.end()
	gone(t, pid)

	password := sandboxPassword(t, first.dir)
	if err := filepath.WalkDir(filepath.Join(first.dir, "progress", "undo"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), password) || strings.Contains(string(text), base64.StdEncoding.EncodeToString([]byte("quayadmin:"+password))) {
			t.Errorf("%s holds the password", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	m := open(t, setting{dir: first.dir, rows: 40, cols: 100})
	m.see("4 Get an identity token", "3 done")
	m.press("p", "p")
	m.see("2 Fetch the trust root", "ok done")
	m.press("u")
	m.see("puts the trust root back as before", "puts the stored logins back as before", "3 Log in to the registry")
	m.press("y")
	m.see("the sandbox is as it was before; 2 steps are to be done again", "1 done")
	for _, dir := range []string{"tuf", "docker"} {
		if left, err := os.ReadDir(filepath.Join(m.dir, dir)); err == nil && len(left) > 0 {
			t.Errorf("%s holds %v", dir, left)
		}
	}
	m.press("enter")
	m.see("2 Fetch the trust root", "ok done: n goes to step 3")
	m.press("u")
	m.see("puts the trust root back as before")
	m.press("n", "q")
	m.end()
}

// sandboxPassword is that of the registry's user.
func sandboxPassword(t *testing.T, dir string) string {
	t.Helper()
	var record struct {
		Password string `json:"registryPassword"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "sandbox", "sandbox.json"))
	if err == nil {
		err = json.Unmarshal(text, &record)
	}
	if err != nil || record.Password == "" {
		t.Fatalf("no password: %v", err)
	}
	return record.Password
}

// TestResize drags the window small in the middle of a step, too small, and back.
func TestResize(t *testing.T) {
	m := open(t, setting{cols: 140, rows: 40})
	m.see("Steps", "Environment", "1 Copy the image", "enter runs the command")
	change(m, "for n in $(seq 1 30); do echo line $n; done; sleep 1000")
	m.see("line 30", "Environment", "~ running")
	m.resize(80, 24)
	m.until("one column", func() bool { return m.shows("line 30", "── checks ─", "~ running") && !m.shows("Environment") })
	m.resize(20, 5)
	m.until("one line", func() bool { return m.shows("needs 60x18") && !m.shows("line 30") })
	m.press("n", "enter") // nobody can see what these would do
	m.resize(59, 40)
	m.see("sigwalk needs 60x18, this is 59x40")
	m.resize(60, 18)
	m.see("1 Copy the image", "line 30", "~ running")
	m.resize(300, 80)
	m.see("Steps", "Environment", "1 Copy the image", "line 1 ", "line 30", "~ running")
	m.resize(20, 5)
	m.see("needs 60x18")
	m.press("^C") // stops the step; a second one quits
	m.resize(140, 40)
	m.see("stopped: enter runs it again")
	m.resize(20, 5)
	m.see("needs 60x18")
	m.press("^C", "^C")
	m.end()
	wantRestored(m)
}

// TestHangUp takes the terminal away: the program ends, and the sandbox that it started.
func TestHangUp(t *testing.T) {
	for _, c := range []struct {
		name string
		take func(m *terminal)
	}{
		{"window closed", func(m *terminal) { _ = m.ptmx.Close() }},
		{"hung up", func(m *terminal) { _ = m.cmd.Process.Signal(syscall.SIGHUP) }},
		{"terminated", func(m *terminal) { _ = m.cmd.Process.Signal(syscall.SIGTERM) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := open(t, setting{})
			m.see("1 Copy the image", "enter runs the command")
			change(m, "echo it runs; sleep 1000")
			m.see("it runs", "~ running")
			pid := m.sandbox()
			if pid == 0 {
				t.Fatal("no sandbox runs")
			}
			c.take(m)
			if code := m.end(); code == 0 {
				t.Error("it ends as if the person had quit")
			}
			gone(t, pid)
		})
	}
}

// TestInputEnds lets only the input end, as when a program that typed for the person has gone.
func TestInputEnds(t *testing.T) {
	m := open(t, setting{command: []string{"sh", "-c", `exec sigwalk --dir . < "$KEYS"`}, env: []string{"KEYS=/dev/null"}})
	m.see("the screens need a terminal", "next: use --plain, or sigwalk run")
	if code := m.end(); code != 2 {
		t.Errorf("exit code %d", code)
	}
	if m.sandbox() != 0 {
		t.Error("a sandbox was started for nothing")
	}
	closed := open(t, setting{command: []string{"sh", "-c", "exec sigwalk --dir . <&-"}})
	closed.see("the screens need a terminal", "next: use --plain, or sigwalk run")
	if code := closed.end(); code != 2 {
		t.Errorf("exit code %d", code)
	}
}

// TestInputTerminalGone has keys come from another terminal than the screen's, and takes that away.
func TestInputTerminalGone(t *testing.T) {
	typist := open(t, setting{command: []string{"sleep", "1000"}})
	name := tty(t, typist)
	m := open(t, setting{command: []string{"sh", "-c", `exec sigwalk --dir . < "$KEYS"`}, env: []string{"KEYS=" + name}})
	m.see("1 Copy the image", "enter runs the command")
	typist.press("h")
	m.see("Hint 1 of 3")
	pid := m.sandbox()
	_ = typist.cmd.Process.Kill()
	<-typist.over
	_ = typist.ptmx.Close()
	if code := m.end(); code == 0 {
		t.Error("it ends as if the person had quit")
	}
	gone(t, pid)
	wantRestored(m)
}

// tty is the name of a terminal.
func tty(t *testing.T, m *terminal) string {
	t.Helper()
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", m.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestCopy sends the command to the clipboard of the terminal, and says no more than that it was sent.
func TestCopy(t *testing.T) {
	m := open(t, setting{})
	m.see("1 Copy the image", "enter runs the command")
	m.press("y")
	m.see("sent the command to the terminal's clipboard")
	text := base64.StdEncoding.EncodeToString([]byte("source ./copy-image-to-quay.sh\necho $IMAGE\necho $QUAY"))
	m.until("OSC 52", func() bool { return strings.Contains(m.wrote(), "\x1b]52;c;"+text+"\a") })
	m.press("q")
	m.end()
}

// wantRestored holds that the terminal is as it was: echoing, by lines, with a cursor, out of the second screen and
// without bracketed paste.
func wantRestored(m *terminal) {
	m.t.Helper()
	var state *unix.Termios
	m.control(func(fd int) (err error) {
		state, err = unix.IoctlGetTermios(fd, getTermios)
		return err
	})
	if state.Lflag&unix.ECHO == 0 || state.Lflag&unix.ICANON == 0 || state.Lflag&unix.ISIG == 0 {
		m.t.Error("the terminal is left raw")
	}
	// What the program wrote last may not have been read when it has ended.
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for left := m.left(); len(left) > 0; left = m.left() {
		select {
		case <-m.changed:
		case <-deadline.C:
			m.t.Fatalf("%q were never undone", left)
		}
	}
}

// left are the modes of the terminal that were turned on and not off again.
func (m *terminal) left() (modes []string) {
	for _, mode := range []struct{ on, off string }{{"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"}, {"\x1b[?2004h", "\x1b[?2004l"}} {
		if strings.LastIndex(m.wrote(), mode.off) < strings.LastIndex(m.wrote(), mode.on) {
			modes = append(modes, mode.on)
		}
	}
	return modes
}
