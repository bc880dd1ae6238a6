package signing_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// signInProcesses signs image in so many processes at once and returns the log indices that they reported.
func (b *bench) signInProcesses(t *testing.T, image string, processes int, attached func(int) string) map[int64]bool {
	t.Helper()
	token := sandboxtest.Token(t, "user1@demo.redhat.com")
	var (
		group    sync.WaitGroup
		mu       sync.Mutex
		reported = map[int64]bool{}
	)
	for i := range processes {
		j := job{Endpoints: b.opts.Endpoints, Homes: b.opts.Homes, Image: image, Token: token}
		j.Homes.Attached = attached(i)
		text, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), signerJob+"="+string(text))
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Run(); err != nil {
				t.Errorf("signer %d: %v\n%s", i, err, errs.String())
				return
			}
			index, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			reported[index] = true
		})
	}
	group.Wait()
	return reported
}

// assertAttached looks whether the image has the signature of every index.
func (b *bench) assertAttached(t *testing.T, image string, want map[int64]bool) {
	t.Helper()
	report := b.list(t, image)
	lost := len(want)
	for _, s := range report.Signatures {
		if s.Verified && s.LogIndex != nil && want[*s.LogIndex] {
			lost--
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d signatures are lost", lost, len(want))
	}
}

// processes is how many sign at once here; the thirty take a minute on a busy machine.
const processes = 10

func TestProcessesThatShareADirectory(t *testing.T) {
	b := newBench(t)
	image, _ := sandboxtest.CopyImage(t, "")
	got := b.signInProcesses(t, image, processes, func(int) string { return b.opts.Homes.Attached })
	if len(got) != processes {
		t.Errorf("%d signatures were reported", len(got))
	}
	b.assertAttached(t, image, got)
}

func TestProcessesOnMachinesOfTheirOwn(t *testing.T) {
	b := newBench(t)
	image, _ := sandboxtest.CopyImage(t, "")
	root := t.TempDir()
	got := b.signInProcesses(t, image, processes, func(i int) string { return filepath.Join(root, strconv.Itoa(i)) })
	if len(got) != processes {
		t.Errorf("%d signatures were reported", len(got))
	}
	b.assertAttached(t, image, got)
}
