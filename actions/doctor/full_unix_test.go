//go:build unix

package doctor_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
)

// fullDisk is the variable by which this binary is told to be a doctor on a full disk, and for which directory.
const fullDisk = "DOCTOR_TEST_FULL_DISK"

// TestFullDisk runs a doctor where a file can grow to a few bytes and no further, as on a disk that is full.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		examineFull(t, dir)
		return
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), fullDisk+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, text, _ := strings.Cut(string(out), "REPORT ")
	text, _, _ = strings.Cut(text, "\n")
	report := &doctor.Report{}
	if err := json.Unmarshal([]byte(text), report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wants(t, report, actions.CodeStateUnwritable)
}

func examineFull(t *testing.T, dir string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	const few = 1 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: few, Max: few}); err != nil {
		t.Fatal(err)
	}
	report, err := doctor.Examine(t.Context(), doctor.Options{Dir: dir, Homes: actions.HomesBelow(dir)})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("REPORT " + string(raw) + "\n")
}
