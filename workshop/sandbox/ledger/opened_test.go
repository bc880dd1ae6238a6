package ledger

import (
	"context"
	"testing"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// opened is a ledger with one log, and its client.
type opened struct {
	t      *testing.T
	ledger *Ledger
	tree   *Tree
	client trillian.TrillianLogClient
}

func open(t *testing.T, dir string) *opened {
	t.Helper()
	l, err := Start(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	tree, err := l.Tree(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return &opened{t, l, tree, l.Client()}
}

// reopen closes the ledger and opens it again.
func (o *opened) reopen() *opened {
	o.t.Helper()
	if err := o.ledger.Close(); err != nil {
		o.t.Fatal(err)
	}
	return open(o.t, o.ledger.dir)
}

func (o *opened) queue(value string) (*trillian.QueuedLogLeaf, error) {
	resp, err := o.client.QueueLeaf(context.Background(), &trillian.QueueLeafRequest{
		LogId: o.tree.ID(), Leaf: &trillian.LogLeaf{LeafValue: []byte(value), ExtraData: []byte("extra " + value)},
	})
	return resp.GetQueuedLeaf(), err
}

func (o *opened) log(value string) *trillian.LogLeaf {
	o.t.Helper()
	queued, err := o.queue(value)
	if err != nil {
		o.t.Fatal(err)
	}
	if queued.Status != nil {
		o.t.Fatalf("%s: %v", value, queued.Status)
	}
	return queued.Leaf
}

func (o *opened) root() *types.LogRootV1 {
	o.t.Helper()
	resp, err := o.client.GetLatestSignedLogRoot(o.t.Context(), &trillian.GetLatestSignedLogRootRequest{LogId: o.tree.ID()})
	if err != nil {
		o.t.Fatal(err)
	}
	root := &types.LogRootV1{}
	if err := root.UnmarshalBinary(resp.SignedLogRoot.LogRoot); err != nil {
		o.t.Fatal(err)
	}
	return root
}

// leaf fetches the leaf at index and verifies its inclusion in root.
func (o *opened) leaf(index int64, root *types.LogRootV1) *trillian.LogLeaf {
	o.t.Helper()
	resp, err := o.client.GetEntryAndProof(o.t.Context(), &trillian.GetEntryAndProofRequest{
		LogId: o.tree.ID(), LeafIndex: index, TreeSize: int64(root.TreeSize),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	hash := rfc6962.DefaultHasher.HashLeaf(resp.Leaf.LeafValue)
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), root.TreeSize, hash, resp.Proof.Hashes, root.RootHash); err != nil {
		o.t.Errorf("leaf %d: %v", index, err)
	}
	return resp.Leaf
}

// consistent verifies that the log has grown from old.
func (o *opened) consistent(old *types.LogRootV1) {
	o.t.Helper()
	now := o.root()
	var hashes [][]byte
	if old.TreeSize > 0 {
		resp, err := o.client.GetConsistencyProof(o.t.Context(), &trillian.GetConsistencyProofRequest{
			LogId: o.tree.ID(), FirstTreeSize: int64(old.TreeSize), SecondTreeSize: int64(now.TreeSize),
		})
		if err != nil {
			o.t.Fatal(err)
		}
		hashes = resp.Proof.Hashes
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.TreeSize, now.TreeSize, hashes, old.RootHash, now.RootHash); err != nil {
		o.t.Errorf("from %d to %d leaves: %v", old.TreeSize, now.TreeSize, err)
	}
}
