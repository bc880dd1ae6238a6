package verificationtest

import (
	"sync"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

// merkleTree is a tree of a log in memory. It is safe for concurrent use.
type merkleTree struct {
	mu   sync.Mutex
	tree *testonly.Tree
}

func newMerkleTree() *merkleTree { return &merkleTree{tree: testonly.New(rfc6962.DefaultHasher)} }

// add appends a leaf and proves that it is there.
func (t *merkleTree) add(leaf []byte) (index, size uint64, root []byte, hashes [][]byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tree.AppendData(leaf)
	size = t.tree.Size()
	index = size - 1
	hashes, err = t.tree.InclusionProof(index, size)
	return index, size, t.tree.HashAt(size), hashes, err
}
