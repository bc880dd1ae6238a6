//go:build unix

package recording_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/recording"
)

// childFile is the variable that makes this test record into the file that it names, in place of starting a child.
const childFile = "SIGWALK_TEST_RECORDING"

// TestFullDisk records in a process that may write no file of more than a few kilobytes, which the system cuts in the middle of a
// line: whole lines stay, and the person is told.
func TestFullDisk(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 5000, Max: 5000}); err != nil {
			t.Fatal(err)
		}
		w, err := recording.Create(path, "A course", 80, 2, noon)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 { // a line each
			w.Mark(fmt.Sprintf("%d %s", i, strings.Repeat("x", 100)))
		}
		w.Frame([]string{"first", "second"}, 80, 2)
		if err := w.Close(); err == nil {
			t.Fatal("the disk was not full")
		}
		return
	}
	path := filepath.Join(t.TempDir(), "r.cast")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
	cmd.Env = append(os.Environ(), childFile+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil || len(text) < 4000 || len(text) >= 5000 || text[len(text)-1] != '\n' {
		t.Errorf("%d bytes do not end with a line: %v", len(text), err)
	}
}
