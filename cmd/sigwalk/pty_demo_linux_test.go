package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/recording"
)

// TestDemo records two steps of the first lesson as they really run, with a secret that is asked for, and plays them with no
// connection open.
func TestDemo(t *testing.T) {
	m := open(t, setting{args: []string{"demo", "record", "first.cast"}})
	file := filepath.Join(m.dir, "first.cast")
	m.see("1 Copy the image", "enter runs the command", "* recording")
	m.press("enter")
	m.see("ok done: n goes to step 2")
	change(m, `printf 'it is %s.\n' $QUAY_PASSWORD`)
	m.see("it is ••••••.")
	m.until("the end of the line", func() bool { return !m.shows("esc stops it") })
	m.press("n")
	m.see("2 Fetch the trust root")
	m.press("enter")
	m.see("the root was pinned", "ok done: n goes to step 3")
	shown := m.text()
	noSecrets(t, m)
	secrets := secretsOf(t, m.dir)
	m.press("q")
	if code := m.end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(kept), secret) {
			t.Errorf("the file holds the secret %q", secret)
		}
	}
	r, err := recording.Read(file)
	if err != nil || len(r.Markers()) != 2 || r.Width != 80 || r.Height != 21 {
		t.Fatalf("%+v, %v", r, err)
	}

	p := open(t, setting{args: []string{"demo", "play", file}})
	p.see("RECORDING of", "0:00:0", "space pause")
	p.until("the end", func() bool { return p.shows("the end of the recording") || p.shows("paused") })
	// It shows the same lines as the program did, below the one that says what it is.
	for i, line := range strings.Split(shown, "\n")[:19] {
		if got := strings.Split(p.text(), "\n")[i+1]; got != line {
			t.Errorf("line %d is\n%s\nand was\n%s", i, got, line)
		}
	}
	p.press("left")
	p.see("RECORDING", "1 Copy the image")
	noConnections(t, p)
	p.press("q")
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	wantRestored(p)

	again := open(t, setting{args: []string{"demo", "record", file}})
	again.see("is there already, and is left as it is")
	if code := again.end(); code == 0 {
		t.Error("a recording was written over another")
	}
}

// noConnections holds that a program has no socket open: neither to the network nor to another process.
func noConnections(t *testing.T, m *terminal) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", m.cmd.Process.Pid)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if name, err := os.Readlink(filepath.Join(dir, file.Name())); err == nil && strings.HasPrefix(name, "socket:") {
			t.Errorf("it has %s open", name)
		}
	}
}
