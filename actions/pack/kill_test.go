//go:build unix

package pack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// childRequest is the variable that makes this test binary pack what it says, in place of running tests.
const childRequest = "SIGWALK_TEST_PACK"

func TestMain(m *testing.M) {
	text, child := os.LookupEnv(childRequest)
	if !child {
		os.Exit(m.Run())
	}
	var req pack.Request
	err := json.Unmarshal([]byte(text), &req)
	if err == nil {
		_, err = pack.New(pack.Options{Registry: registry.New(registry.Options{})}).Write(context.Background(), req)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// TestKilled kills a packing process with SIGKILL at each of its requests, before the registry answers it: whatever is left under the
// name of the pack is a whole pack, the one that was there before, and everything else is called what it is. A second run works.
func TestKilled(t *testing.T) {
	w := newWorld(t)
	self, err := os.Executable()
	w.must(err)
	dir := t.TempDir()
	req := w.request("app.tar")
	req.File = filepath.Join(dir, "app.tar")
	run := func(kill int64) (requests int64, err error) {
		t.Helper()
		content, err := json.Marshal(req)
		w.must(err)
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), childRequest+"="+string(content))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		var count atomic.Int64
		started := make(chan struct{})
		handler := http.Handler(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
			<-started
			if n := count.Add(1); n == kill {
				_ = cmd.Process.Kill()
			}
			w.registry.ServeHTTP(out, in)
		}))
		w.handler.Store(&handler)
		w.must(cmd.Start())
		close(started)
		if err = cmd.Wait(); err != nil {
			err = fmt.Errorf("%w: %s", err, stderr.String())
		}
		w.handler.Store(nil)
		return count.Load(), err
	}

	total, err := run(0)
	w.must(err)
	before, err := os.ReadFile(req.File)
	w.must(err)
	for _, replace := range []bool{false, true} {
		req.Replace = replace
		killed, runs := 0, 0
		for n := int64(1); n <= total; n += 3 {
			if runs++; replace {
				w.must(os.WriteFile(req.File, before, 0o600))
			} else {
				_ = os.Remove(req.File)
			}
			if _, err := run(n); err != nil {
				killed++
			}
			names, err := os.ReadDir(dir)
			w.must(err)
			there := false
			for _, name := range names {
				if name.Name() == "app.tar" {
					there = true
					continue
				}
				if !strings.HasPrefix(name.Name(), ".app.tar.part-") {
					t.Errorf("killed at request %d of %d, it left %s", n, total, name.Name())
				}
			}
			if replace && !there {
				t.Fatalf("killed at request %d of %d, the pack that was there is gone", n, total)
			}
			if there {
				after, err := os.ReadFile(req.File)
				w.must(err)
				if !bytes.Equal(after, before) {
					t.Errorf("killed at request %d of %d, it left something else under the name of the pack", n, total)
				}
			}
		}
		if killed < runs/2 {
			t.Errorf("only %d of %d were killed before they were done", killed, runs)
		}
	}
	_ = os.Remove(req.File)
	req.Replace = false
	if _, err := run(0); err != nil {
		t.Errorf("a second run: %v", err)
	}
	if _, err := pack.Open(t.Context(), req.File); err != nil {
		t.Errorf("what the second run wrote: %v", err)
	}
}
