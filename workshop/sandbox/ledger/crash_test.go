package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/google/trillian"
)

// crashDir is the environment variable that makes the test binary a process that logs leaves until it is killed.
const crashDir = "SIGWALK_CRASH_DIR"

// acknowledged is what the process was told of a leaf.
type acknowledged struct {
	Value string
	Index int64
	Time  time.Time
	Root  []byte // of the tree right after
	Size  uint64
}

// childMain logs leaves from several goroutines and prints a line for each that was answered.
func childMain() {
	dir := os.Getenv(crashDir)
	if dir == "" {
		return
	}
	ctx := context.Background()
	l, err := Start(ctx, Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	tree, err := l.Tree(ctx, "test")
	if err != nil {
		panic(err)
	}
	out := json.NewEncoder(os.Stdout)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				value := fmt.Sprintf("%d: %d of %d", os.Getpid(), i, w)
				resp, err := l.Client().QueueLeaf(ctx, &trillian.QueueLeafRequest{
					LogId: tree.ID(), Leaf: &trillian.LogLeaf{LeafValue: []byte(value)},
				})
				if err != nil {
					panic(err)
				}
				tx, err := tree.snapshot(ctx)
				if err != nil {
					panic(err)
				}
				root, err := latestRoot(ctx, tx)
				if err != nil {
					panic(err)
				}
				_ = tx.Close()
				mu.Lock()
				_ = out.Encode(acknowledged{
					Value: value, Index: resp.QueuedLeaf.Leaf.LeafIndex, Time: resp.QueuedLeaf.Leaf.IntegrateTimestamp.AsTime(),
					Root: root.RootHash, Size: root.TreeSize,
				})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// Every leaf that was answered before a kill -9 is at its index with its time afterwards, and the log has grown from every
// root that was seen.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var known []acknowledged
	for round := range 4 {
		known = append(known, killed(t, dir, 50+round*37)...)

		o := open(t, dir)
		root := o.root()
		for _, k := range known {
			leaf := o.leaf(k.Index, root)
			if string(leaf.LeafValue) != k.Value || !leaf.IntegrateTimestamp.AsTime().Equal(k.Time) {
				t.Fatalf("leaf %d is %s of %v; %s of %v was acknowledged",
					k.Index, leaf.LeafValue, leaf.IntegrateTimestamp.AsTime(), k.Value, k.Time)
			}
			if got := o.rootHash(k.Size); string(got) != string(k.Root) {
				t.Fatalf("the tree of %d leaves has the root %x, had %x", k.Size, got, k.Root)
			}
		}
		if err := o.ledger.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed runs the process until it has logged n leaves or so, kills it, and returns what it was told.
func killed(t *testing.T, dir string, n int) []acknowledged {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var told []acknowledged
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var a acknowledged
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			break // the line that the kill cut off
		}
		told = append(told, a)
		if len(told) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(told) < n {
		t.Fatalf("the process ended by itself after %d leaves: %v", len(told), err)
	}
	return told
}

// rootHash computes the root of the first size leaves from the leaves themselves.
func (o *opened) rootHash(size uint64) []byte {
	o.t.Helper()
	leaves, err := o.tree.Leaves(o.t.Context(), 0)
	if err != nil {
		o.t.Fatal(err)
	}
	hashes := emptyRange()
	for _, leaf := range leaves[:size] {
		if err := hashes.Append(leaf.MerkleLeafHash, nil); err != nil {
			o.t.Fatal(err)
		}
	}
	hash, err := hashes.GetRootHash(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return hash
}
