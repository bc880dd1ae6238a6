package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/types"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

func TestMain(m *testing.M) {
	childMain()
	goleak.VerifyTestMain(m)
}

func TestNothingChangesOverRestarts(t *testing.T) {
	o := open(t, t.TempDir())
	id := o.tree.ID()
	roots := []*types.LogRootV1{o.root()}
	var leaves []*trillian.LogLeaf
	for round := range 4 {
		for i := range 5 {
			leaf := o.log(fmt.Sprintf("%d-%d", round, i))
			if want := int64(len(leaves)); leaf.LeafIndex != want {
				t.Fatalf("leaf %d got the index %d", want, leaf.LeafIndex)
			}
			leaves = append(leaves, leaf)
			roots = append(roots, o.root())
		}
		o = o.reopen()
		if o.tree.ID() != id {
			t.Fatalf("the tree is %d, was %d", o.tree.ID(), id)
		}
		root := o.root()
		if !proto.Equal(marshal(t, root), marshal(t, roots[len(roots)-1])) {
			t.Errorf("the root is %+v, was %+v", root, roots[len(roots)-1])
		}
		for _, leaf := range leaves {
			if got := o.leaf(leaf.LeafIndex, root); !proto.Equal(got, leaf) {
				t.Errorf("leaf %d is %v, was %v", leaf.LeafIndex, got, leaf)
			}
		}
		for _, old := range roots {
			o.consistent(old)
		}
	}
	all, err := o.tree.Leaves(t.Context(), 3)
	if err != nil || len(all) != len(leaves)-3 || string(all[0].LeafValue) != "0-3" {
		t.Errorf("leaves from 3 on: %d, %v", len(all), err)
	}
}

func marshal(t *testing.T, root *types.LogRootV1) *trillian.SignedLogRoot {
	t.Helper()
	data, err := root.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return &trillian.SignedLogRoot{LogRoot: data}
}

func TestSameLeafTwice(t *testing.T) {
	o := open(t, t.TempDir())
	first := o.log("once")
	o.log("another")
	for range 2 {
		again, err := o.queue("once")
		if err != nil {
			t.Fatal(err)
		}
		if codes.Code(again.Status.GetCode()) != codes.AlreadyExists || !proto.Equal(again.Leaf, first) {
			t.Errorf("the leaf again: %v, want the first, which exists", again)
		}
		o = o.reopen()
	}
	if size := o.root().TreeSize; size != 2 {
		t.Errorf("the tree has %d leaves, want 2", size)
	}
}

func TestManyAtOnce(t *testing.T) {
	const writers, each = 20, 25
	o := open(t, t.TempDir())
	var mu sync.Mutex
	var indexes []int64
	existed := 0
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				// The second half of what a writer logs is what all the others log too.
				value := fmt.Sprintf("%d of %d", i, w)
				if i >= each/2 {
					value = fmt.Sprintf("%d of all", i)
				}
				queued, err := o.queue(value)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if queued.Status == nil {
					indexes = append(indexes, queued.Leaf.LeafIndex)
				} else {
					existed++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	const own, shared = writers * (each / 2), each - each/2
	if existed != (writers-1)*shared {
		t.Errorf("%d leaves existed, want %d", existed, (writers-1)*shared)
	}
	slices.Sort(indexes)
	for i, index := range indexes {
		if index != int64(i) {
			t.Fatalf("index %d is missing", i)
		}
	}
	root := o.root()
	if root.TreeSize != own+shared {
		t.Errorf("the tree has %d leaves, want %d", root.TreeSize, own+shared)
	}
	o = o.reopen()
	o.consistent(root)
	for i := range int64(root.TreeSize) {
		o.leaf(i, root)
	}
}

// After the computer's clock was set back, leaves are dated by the clock, like the certificates that they are about, and
// the log goes on.
func TestClockSetBack(t *testing.T) {
	o := open(t, t.TempDir())
	early := time.Now().Add(-24 * time.Hour).Truncate(time.Second)
	o.log("before")
	root := o.root()
	o.tree.seq.now = func() time.Time { return early }
	for i := range 3 {
		leaf := o.log(fmt.Sprint("after ", i))
		if !leaf.IntegrateTimestamp.AsTime().Equal(early) {
			t.Errorf("the leaf is of %v, want %v", leaf.IntegrateTimestamp.AsTime(), early)
		}
	}
	if now := o.root(); now.TimestampNanos <= root.TimestampNanos {
		t.Errorf("the root is of %d, the one before of %d", now.TimestampNanos, root.TimestampNanos)
	}
	o = o.reopen()
	o.consistent(root)
	if got := o.leaf(3, o.root()).IntegrateTimestamp.AsTime(); !got.Equal(early) {
		t.Errorf("after a restart the leaf is of %v, want %v", got, early)
	}
	if got := o.leaf(0, o.root()).IntegrateTimestamp.AsTime(); !got.After(early) {
		t.Errorf("after a restart the first leaf is of %v", got)
	}
}

// A tree that does not take what is in the journal takes nothing more: the next start has both.
func TestTreeThatFallsBehindItsJournal(t *testing.T) {
	o := open(t, t.TempDir())
	o.log("before")
	memory := o.tree.logs
	o.tree.logs = failing{memory}
	if _, err := o.queue("in the journal"); status.Code(err) != codes.Internal {
		t.Errorf("a leaf that the tree does not take: %v, want an internal error", err)
	}
	o.tree.logs = memory
	if _, err := o.queue("too late"); status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "restart") {
		t.Errorf("a leaf after that: %v, want an internal error that says to restart", err)
	}
	if size := o.root().TreeSize; size != 1 {
		t.Errorf("the tree has %d leaves, want 1", size)
	}
	o = o.reopen()
	if size := o.root().TreeSize; size != 2 {
		t.Errorf("after a restart the tree has %d leaves, want 2", size)
	}
	if leaf := o.log("too late"); leaf.LeafIndex != 2 {
		t.Errorf("the leaf has the index %d, want 2", leaf.LeafIndex)
	}
}

type failing struct{ storage.LogStorage }

func (failing) QueueLeaves(context.Context, *trillian.Tree, []*trillian.LogLeaf, time.Time) ([]*trillian.QueuedLogLeaf, error) {
	return nil, errors.New("no")
}

func TestOneTreeForManyWhoAsk(t *testing.T) {
	l, err := Start(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var wg sync.WaitGroup
	trees := make([]*Tree, 8)
	for i := range trees {
		wg.Go(func() {
			tree, err := l.Tree(context.Background(), "test")
			if err != nil {
				t.Error(err)
			}
			trees[i] = tree
		})
	}
	wg.Wait()
	for _, tree := range trees {
		if tree != trees[0] {
			t.Error("two trees of the same name")
		}
	}
}

func TestStateDirectoryThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{Dir: filepath.Join(file, "ledger")}); !errors.Is(err, state.ErrUnwritable) {
		t.Errorf("a directory below a file: %v, want ErrUnwritable", err)
	}
	l, err := Start(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Mkdir(filepath.Join(l.dir, "test.journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Tree(t.Context(), "test"); !errors.Is(err, state.ErrUnreadable) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory in the journal's place: %v, want ErrUnreadable", err)
	}
}

func TestUnknownTree(t *testing.T) {
	o := open(t, t.TempDir())
	_, err := o.client.GetLatestSignedLogRoot(t.Context(), &trillian.GetLatestSignedLogRootRequest{LogId: o.tree.ID() + 1})
	if status.Code(err) != codes.NotFound {
		t.Errorf("a tree that is not there: %v, want not found", err)
	}
	if _, err := o.client.InitLog(t.Context(), &trillian.InitLogRequest{LogId: o.tree.ID()}); err == nil {
		t.Error("a log could be initialised from outside")
	}
}
