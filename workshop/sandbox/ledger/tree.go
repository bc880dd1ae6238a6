package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"k8s.io/klog/v2"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// Tree is one log.
type Tree struct {
	meta  *trillian.Tree // under the identifier that was given out
	inner *trillian.Tree // under the identifier that the memory storage gave it this time
	logs  storage.LogStorage

	journal *journal
	seq     *sequencer

	reading sync.Mutex
}

// opening is a log that was asked for, by whoever came first.
type opening struct {
	once sync.Once
	tree *Tree
	err  error
}

// Tree opens the log called name, or makes it. A log that is open is returned as it is. It fails with state.ErrUnreadable
// when the log's journal is damaged.
func (l *Ledger) Tree(ctx context.Context, name string) (*Tree, error) {
	l.mu.Lock()
	o := l.names[name]
	if o == nil {
		o = &opening{}
		l.names[name] = o
	}
	l.mu.Unlock()

	o.once.Do(func() {
		if o.tree, o.err = l.openTree(ctx, name); o.err != nil {
			o.err = fmt.Errorf("open the log %q: %w", name, o.err)
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.trees[o.tree.ID()] = o.tree
	})
	return o.tree, o.err
}

func (l *Ledger) openTree(ctx context.Context, name string) (*Tree, error) {
	path := filepath.Join(l.dir, name+".journal")
	j, held, err := openJournal(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeTree(path, name); err != nil {
			return nil, err
		}
		j, held, err = openJournal(path)
	}
	if err != nil {
		return nil, err
	}
	if held.cut > 0 {
		klog.Warningf("cut %d bytes of a record that was not written to its end off %s", held.cut, path)
	}
	t := &Tree{meta: held.tree, logs: l.logs, journal: j}
	if err := t.replay(ctx, l.memory, held); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: journal %s: %w", state.ErrUnreadable, path, err), j.close())
	}
	if t.seq, err = newSequencer(t, held); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return t, nil
}

// makeTree writes the journal of a new and empty log.
func makeTree(path, name string) error {
	id, err := storage.NewTreeID()
	if err != nil {
		return err
	}
	now := timestamppb.Now()
	return createJournal(path, &trillian.Tree{
		TreeId:          id,
		TreeState:       trillian.TreeState_ACTIVE,
		TreeType:        trillian.TreeType_LOG,
		DisplayName:     name,
		MaxRootDuration: durationpb.New(0),
		CreateTime:      now,
		UpdateTime:      now,
	})
}

// ID is the identifier of the tree, the same for the life of its journal.
func (t *Tree) ID() int64 { return t.meta.TreeId }

// Leaves returns the leaves from index start on, in order. They must not be changed.
func (t *Tree) Leaves(ctx context.Context, start int64) ([]*trillian.LogLeaf, error) {
	tx, err := t.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Close() }()
	root, err := latestRoot(ctx, tx)
	if err != nil {
		return nil, err
	}
	return tx.GetLeavesByRange(ctx, start, int64(root.TreeSize)-start)
}

// close stops the sequencer and closes the journal.
func (t *Tree) close() error {
	t.seq.close()
	return t.journal.close()
}

// replay builds the tree in memory from what the journal held, in one go: every leaf at its index and with its time.
func (t *Tree) replay(ctx context.Context, mem *memory.TreeStorage, held *contents) error {
	var err error
	t.inner, err = storage.CreateTree(ctx, memory.NewAdminStorage(mem), &trillian.Tree{
		TreeState:       held.tree.TreeState,
		TreeType:        held.tree.TreeType,
		MaxRootDuration: held.tree.MaxRootDuration,
	})
	if err != nil {
		return err
	}
	if err := t.plant(ctx, held.tree.CreateTime.AsTime()); err != nil {
		return err
	}
	if len(held.batches) == 0 {
		return nil
	}

	var leaves []*trillian.LogLeaf
	for _, batch := range held.batches {
		for _, leaf := range batch.Leaves {
			if leaf.LeafIndex != int64(len(leaves)) {
				return fmt.Errorf("leaf %d stands where leaf %d should", leaf.LeafIndex, len(leaves))
			}
			leaf.MerkleLeafHash = rfc6962.DefaultHasher.HashLeaf(leaf.LeafValue)
			leaves = append(leaves, leaf)
		}
	}
	root, err := held.root()
	if err != nil {
		return err
	}
	return t.integrate(ctx, leaves, root)
}

// plant gives a new tree its first root, of no leaves.
func (t *Tree) plant(ctx context.Context, at time.Time) error {
	root, err := (&types.LogRootV1{
		RootHash:       rfc6962.DefaultHasher.EmptyRoot(),
		TimestampNanos: uint64(at.UnixNano()),
	}).MarshalBinary()
	if err != nil {
		return err
	}
	return t.logs.ReadWriteTransaction(ctx, t.inner, func(ctx context.Context, tx storage.LogTreeTX) error {
		return tx.StoreSignedLogRoot(ctx, &trillian.SignedLogRoot{LogRoot: root})
	})
}

// integrate puts leaves into the tree with the times that they have, through Trillian's own integration, and checks that
// the root is then want.
func (t *Tree) integrate(ctx context.Context, leaves []*trillian.LogLeaf, want *types.LogRootV1) error {
	at := frozen(time.Unix(0, int64(want.TimestampNanos)))
	if _, err := t.logs.QueueLeaves(ctx, t.inner, leaves, at.Now()); err != nil {
		return err
	}
	if _, err := log.IntegrateBatch(ctx, t.inner, len(leaves), 0, 0, at, dated(t.logs, leaves), quota.Noop()); err != nil {
		return err
	}
	tx, err := t.snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Close() }()
	got, err := latestRoot(ctx, tx)
	if err != nil {
		return err
	}
	if got.TreeSize != want.TreeSize || string(got.RootHash) != string(want.RootHash) {
		return fmt.Errorf("the tree has %d leaves and the root %x; it should have %d and %x",
			got.TreeSize, got.RootHash, want.TreeSize, want.RootHash)
	}
	return nil
}

// snapshot begins a read of the tree. The memory storage lets readers in together, but what it does at the beginning and
// at the commit of a read is not safe for two at once: the one is done in turn here, the other, which has nothing to do,
// is left out.
func (t *Tree) snapshot(ctx context.Context) (storage.ReadOnlyLogTreeTX, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	tx, err := t.logs.SnapshotForTree(ctx, t.inner)
	if err != nil {
		return nil, err
	}
	return snapshotTX{tx}, nil
}

type snapshotTX struct{ storage.ReadOnlyLogTreeTX }

// Commit implements storage.ReadOnlyLogTreeTX.
func (s snapshotTX) Commit(context.Context) error { return s.Close() }

func latestRoot(ctx context.Context, tx storage.ReadOnlyLogTreeTX) (*types.LogRootV1, error) {
	signed, err := tx.LatestSignedLogRoot(ctx)
	if err != nil {
		return nil, err
	}
	root := &types.LogRootV1{}
	return root, root.UnmarshalBinary(signed.LogRoot)
}
