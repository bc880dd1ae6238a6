package verification_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestPath holds the drawn way up the tree against a reference implementation of the tree, for every entry of every size.
func TestPath(t *testing.T) {
	tree := testonly.New(rfc6962.DefaultHasher)
	for size := int64(1); size <= 70; size++ {
		tree.AppendData([]byte(fmt.Sprint(size)))
		for index := range size {
			hashes, err := tree.InclusionProof(uint64(index), uint64(size))
			if err != nil {
				t.Fatal(err)
			}
			entry := &verification.LogEntry{Body: []byte(fmt.Sprint(index + 1))}
			p := &verification.InclusionProof{Index: index, TreeSize: size, Hashes: hashes}
			steps, ok := p.Path(entry.LeafHash())
			root := entry.LeafHash()
			if len(steps) > 0 {
				root = steps[len(steps)-1].Hash
			}
			if !ok || !bytes.Equal(root, tree.HashAt(uint64(size))) || len(steps) != len(hashes) {
				t.Fatalf("entry %d of %d: %d steps, %t", index, size, len(steps), ok)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), entry.LeafHash(), hashes, root); err != nil {
				t.Fatalf("entry %d of %d: %v", index, size, err)
			}
		}
	}
	for _, p := range []verification.InclusionProof{{Index: -1, TreeSize: 1}, {Index: 1, TreeSize: 1}, {Index: 0, TreeSize: 2}, {TreeSize: 1, Hashes: [][]byte{{1}}}} {
		if _, ok := p.Path(make([]byte, 32)); ok {
			t.Errorf("%+v has a way to a root", p)
		}
	}
}
