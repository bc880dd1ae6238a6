package verification

import (
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
)

// LogEntry is an entry of a transparency log as it is carried by a signature or was fetched from the log.
type LogEntry struct {
	LogID string // hex
	// Index counts over all shards of the log; the log signs this one. 0 is a real index.
	Index int64
	// Integrated is when the log took the entry; zero in a log of the second generation, which keeps no time.
	Integrated time.Time
	// Kind and Version say how to read Body, such as "hashedrekord" and "0.0.1".
	Kind, Version string
	Body          []byte // canonical JSON
	SET           []byte // the log's signature over body, index, time and log; nil without a promise
	Proof         *InclusionProof
	// Fetched is true when the log answered with the entry, false when it came with the signature.
	Fetched bool
}

// InclusionProof shows that an entry is in a tree (RFC 6962, 2.1.1).
type InclusionProof struct {
	// Index is the place within the shard; smaller than that of the entry where the log has been sharded.
	Index      int64
	TreeSize   int64
	RootHash   []byte
	Hashes     [][]byte // siblings from the leaf up
	Checkpoint string   // the signed note with size and root hash
}

// MerkleStep is one step up the tree: the two halves and what they hash to.
type MerkleStep struct {
	// Left and Right are the hashes that are joined; FromProof says which of the two the proof supplied.
	Left, Right, Hash []byte
	FromProof         Side
}

// Side is one side of a MerkleStep.
type Side string

// The sides.
const (
	LeftSide  Side = "left"
	RightSide Side = "right"
)

// LeafHash is the hash with which the entry enters the tree.
func (e *LogEntry) LeafHash() []byte { return rfc6962.DefaultHasher.HashLeaf(e.Body) }

// Path recomputes the way from the leaf to the root step by step. ok is false when the proof has not the number of hashes
// that index and size ask for; the last step's Hash is the root hash that the proof leads to.
func (p *InclusionProof) Path(leaf []byte) (steps []MerkleStep, ok bool) {
	if p.Index < 0 || p.TreeSize <= p.Index {
		return nil, false
	}
	node, last := p.Index, p.TreeSize-1
	hash := leaf
	rest := p.Hashes
	for last > 0 {
		right := node&1 == 1
		if !right && node == last {
			// The last node of a level that has no sibling moves up as it is.
			node, last = node>>1, last>>1
			continue
		}
		if len(rest) == 0 {
			return steps, false
		}
		step := MerkleStep{Left: hash, Right: rest[0], FromProof: RightSide}
		if right {
			step = MerkleStep{Left: rest[0], Right: hash, FromProof: LeftSide}
		}
		step.Hash = rfc6962.DefaultHasher.HashChildren(step.Left, step.Right)
		hash = step.Hash
		steps = append(steps, step)
		rest = rest[1:]
		node, last = node>>1, last>>1
	}
	return steps, len(rest) == 0
}
