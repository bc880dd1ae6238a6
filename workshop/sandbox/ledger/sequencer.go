package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"k8s.io/klog/v2"
)

// maxBatch is how many leaves enter the tree together at most.
const maxBatch = 256

// errClosed is answered to a leaf that comes when the log is being closed.
var errClosed = status.Error(codes.Unavailable, "the transparency log is shutting down")

// sequencer is the one goroutine that writes a tree. It wakes up for a leaf, takes whatever else waits, gives all of
// them their index and time, writes them to the journal, puts them into the tree, and answers.
type sequencer struct {
	tree     *Tree
	requests chan request
	stop     chan struct{}
	stopped  sync.WaitGroup

	// The rest belongs to the goroutine.
	known  map[string]*trillian.LogLeaf // by identity hash, every leaf of the tree
	hashes *compact.Range
	last   time.Time // of the latest root
	now    func() time.Time
	broken error // why the tree cannot be written any more
}

type request struct {
	leaf   *trillian.LogLeaf
	answer chan<- answer
}

type answer struct {
	queued *trillian.QueuedLogLeaf
	err    error
}

// newSequencer starts the sequencer of a tree that was built from held.
func newSequencer(t *Tree, held *contents) (*sequencer, error) {
	s := &sequencer{
		tree:     t,
		requests: make(chan request),
		stop:     make(chan struct{}),
		known:    map[string]*trillian.LogLeaf{},
		hashes:   emptyRange(),
		now:      time.Now,
	}
	root, err := held.root()
	if err != nil {
		return nil, err
	}
	s.last = time.Unix(0, int64(root.TimestampNanos))
	for _, batch := range held.batches {
		for _, leaf := range batch.Leaves {
			s.known[string(leaf.LeafIdentityHash)] = leaf
			if err := s.hashes.Append(leaf.MerkleLeafHash, nil); err != nil {
				return nil, err
			}
		}
	}
	s.stopped.Go(s.run)
	return s, nil
}

// emptyRange holds the hashes from which the root of a growing tree can be told.
func emptyRange() *compact.Range {
	return (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
}

// add logs leaf and returns when it is in the tree and in the journal.
func (t *Tree) add(ctx context.Context, leaf *trillian.LogLeaf) (*trillian.QueuedLogLeaf, error) {
	answered := make(chan answer, 1)
	select {
	case t.seq.requests <- request{leaf, answered}:
	case <-t.seq.stop:
		return nil, errClosed
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	select {
	case a := <-answered:
		return a.queued, a.err
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (s *sequencer) run() {
	for {
		select {
		case first := <-s.requests:
			s.write(s.gather(first))
		case <-s.stop:
			return
		}
	}
}

// close ends the goroutine after the batch it is at.
func (s *sequencer) close() {
	close(s.stop)
	s.stopped.Wait()
}

// gather returns first and all requests that wait already.
func (s *sequencer) gather(first request) []request {
	batch := []request{first}
	for len(batch) < maxBatch {
		select {
		case next := <-s.requests:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// write logs the leaves of batch that are new and answers every request.
func (s *sequencer) write(batch []request) {
	var fresh []*trillian.LogLeaf
	existed := make([]bool, len(batch))
	for i, r := range batch {
		id := string(r.leaf.LeafIdentityHash)
		if _, existed[i] = s.known[id]; !existed[i] {
			fresh = append(fresh, r.leaf)
			s.known[id] = r.leaf
		}
	}
	err := s.broken
	if err == nil && len(fresh) > 0 {
		err = s.log(fresh)
	}
	if err != nil {
		klog.Errorf("log %q: %d leaves were not logged: %v", s.tree.meta.DisplayName, len(fresh), err)
		for _, leaf := range fresh {
			delete(s.known, string(leaf.LeafIdentityHash))
		}
	}
	for i, r := range batch {
		r.answer <- s.outcome(r.leaf, existed[i], err)
	}
}

func (s *sequencer) outcome(leaf *trillian.LogLeaf, existed bool, err error) answer {
	logged, ok := s.known[string(leaf.LeafIdentityHash)]
	if !ok {
		return answer{err: status.Errorf(codes.Internal, "the transparency log cannot be written: %v", err)}
	}
	queued := &trillian.QueuedLogLeaf{Leaf: logged}
	if existed {
		queued.Status = status.Newf(codes.AlreadyExists, "the leaf is already logged, at index %d", logged.LeafIndex).Proto()
	}
	return answer{queued: queued}
}

// log gives leaves their place and time, and puts them into the journal and then into the tree. Nothing has changed when
// the journal cannot be written. A tree that does not take what the journal has is broken until the next start.
func (s *sequencer) log(leaves []*trillian.LogLeaf) error {
	now := s.now()
	hashes, err := s.extended(leaves, now)
	if err != nil {
		return err
	}
	hash, err := hashes.GetRootHash(nil)
	if err != nil {
		return err
	}
	// A root is later than the one before, whatever the computer's clock was set to since. The leaves have the time of
	// the clock: it has to lie in the life of a certificate that was issued by the same clock.
	at := now
	if !at.After(s.last) {
		at = s.last.Add(1)
	}
	root := &types.LogRootV1{TreeSize: hashes.End(), RootHash: hash, TimestampNanos: uint64(at.UnixNano())}
	signed, err := root.MarshalBinary()
	if err != nil {
		return err
	}
	err = s.tree.journal.append(&trillian.GetLeavesByRangeResponse{
		Leaves:        leaves,
		SignedLogRoot: &trillian.SignedLogRoot{LogRoot: signed},
	})
	if err != nil {
		return err
	}
	if err := s.tree.integrate(context.Background(), leaves, root); err != nil {
		s.broken = fmt.Errorf("the log in memory is not the one on disk; a restart puts that right: %w", err)
		return s.broken
	}
	s.hashes, s.last = hashes, at
	return nil
}

// extended places leaves behind the tree, integrated now, and returns the hashes of the tree with them.
func (s *sequencer) extended(leaves []*trillian.LogLeaf, now time.Time) (*compact.Range, error) {
	hashes, err := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).
		NewRange(0, s.hashes.End(), append([][]byte(nil), s.hashes.Hashes()...))
	if err != nil {
		return nil, err
	}
	for _, leaf := range leaves {
		leaf.LeafIndex = int64(hashes.End())
		leaf.IntegrateTimestamp = timestamppb.New(now)
		if err := hashes.Append(leaf.MerkleLeafHash, nil); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}
