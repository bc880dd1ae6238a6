package ledger

import (
	"context"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// admins shows Trillian's log server the trees of a ledger under their public identifiers. Trees are opened by
// Ledger.Tree and never changed, so that everything else is refused.
type admins struct{ ledger *Ledger }

// Snapshot implements storage.AdminStorage.
func (a admins) Snapshot(context.Context) (storage.ReadOnlyAdminTX, error) {
	return adminSnapshot(a), nil
}

// ReadWriteTransaction implements storage.AdminStorage.
func (admins) ReadWriteTransaction(context.Context, storage.AdminTXFunc) error {
	return status.Error(codes.Unimplemented, "the trees of this server are fixed")
}

// CheckDatabaseAccessible implements storage.AdminStorage.
func (admins) CheckDatabaseAccessible(context.Context) error { return nil }

type adminSnapshot struct{ ledger *Ledger }

// GetTree implements storage.AdminReader.
func (a adminSnapshot) GetTree(_ context.Context, id int64) (*trillian.Tree, error) {
	if tree := a.ledger.tree(id); tree != nil {
		return tree.meta, nil
	}
	return nil, status.Errorf(codes.NotFound, "tree %d not found", id)
}

// ListTrees implements storage.AdminReader.
func (a adminSnapshot) ListTrees(context.Context, bool) ([]*trillian.Tree, error) {
	a.ledger.mu.RLock()
	defer a.ledger.mu.RUnlock()
	all := make([]*trillian.Tree, 0, len(a.ledger.trees))
	for _, tree := range a.ledger.trees {
		all = append(all, tree.meta)
	}
	return all, nil
}

// Commit implements storage.ReadOnlyAdminTX.
func (adminSnapshot) Commit() error { return nil }

// Close implements storage.ReadOnlyAdminTX.
func (adminSnapshot) Close() error { return nil }

// logs gives Trillian's log server reads from the memory storage and writes through the tree's sequencer.
type logs struct{ ledger *Ledger }

// CheckDatabaseAccessible implements storage.LogStorage.
func (logs) CheckDatabaseAccessible(context.Context) error { return nil }

// GetActiveLogIDs implements storage.LogStorage.
func (l logs) GetActiveLogIDs(context.Context) ([]int64, error) {
	l.ledger.mu.RLock()
	defer l.ledger.mu.RUnlock()
	ids := make([]int64, 0, len(l.ledger.trees))
	for id := range l.ledger.trees {
		ids = append(ids, id)
	}
	return ids, nil
}

// SnapshotForTree implements storage.LogStorage.
func (l logs) SnapshotForTree(ctx context.Context, tree *trillian.Tree) (storage.ReadOnlyLogTreeTX, error) {
	t, err := l.open(tree)
	if err != nil {
		return nil, err
	}
	return t.snapshot(ctx)
}

// QueueLeaves implements storage.LogStorage. Unlike Trillian's own it returns when the leaves are in the tree, so that
// nobody has to poll for them, and it reports a leaf that is already there.
func (l logs) QueueLeaves(ctx context.Context, tree *trillian.Tree, leaves []*trillian.LogLeaf, _ time.Time) ([]*trillian.QueuedLogLeaf, error) {
	t, err := l.open(tree)
	if err != nil {
		return nil, err
	}
	queued := make([]*trillian.QueuedLogLeaf, len(leaves))
	for i, leaf := range leaves {
		if queued[i], err = t.add(ctx, leaf); err != nil {
			return nil, err
		}
	}
	return queued, nil
}

// ReadWriteTransaction implements storage.LogStorage.
func (logs) ReadWriteTransaction(context.Context, *trillian.Tree, storage.LogTXFunc) error {
	return status.Error(codes.Unimplemented, "the trees of this server are written by its sequencer")
}

// AddSequencedLeaves implements storage.LogStorage.
func (logs) AddSequencedLeaves(context.Context, *trillian.Tree, []*trillian.LogLeaf, time.Time) ([]*trillian.QueuedLogLeaf, error) {
	return nil, status.Error(codes.Unimplemented, "the trees of this server are not mirrors")
}

func (l logs) open(tree *trillian.Tree) (*Tree, error) {
	if t := l.ledger.tree(tree.TreeId); t != nil {
		return t, nil
	}
	return nil, status.Errorf(codes.NotFound, "tree %d not found", tree.TreeId)
}
