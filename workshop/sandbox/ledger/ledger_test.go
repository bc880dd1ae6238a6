package ledger

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/trillian"
)

func TestFirstLeaf(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		l, err := Start(context.Background(), Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		tree, err := l.Tree(context.Background(), "x")
		if err != nil {
			t.Fatal(err)
		}
		c := l.Client()
		for i := range 3 {
			r, err := c.QueueLeaf(context.Background(), &trillian.QueueLeafRequest{LogId: tree.ID(), Leaf: &trillian.LogLeaf{LeafValue: fmt.Appendf(nil, "%d-%d", round, i)}})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(tree.ID(), r.QueuedLeaf.Leaf.LeafIndex, r.QueuedLeaf.Leaf.IntegrateTimestamp.AsTime(), r.QueuedLeaf.Status)
		}
		r, err := c.GetInclusionProof(context.Background(), &trillian.GetInclusionProofRequest{LogId: tree.ID(), LeafIndex: 1, TreeSize: int64(3*round + 3)})
		t.Log(r, err)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
