package ledger

import (
	"context"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/util/clock"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// frozen is a clock that stands still, so that the root that Trillian makes has the time that stands in the journal.
type frozen time.Time

// Now implements clock.TimeSource.
func (f frozen) Now() time.Time { return time.Time(f) }

// NewTimer implements clock.TimeSource.
func (frozen) NewTimer(d time.Duration) clock.Timer { return clock.System.NewTimer(d) }

// dated returns logs, but for the time at which leaves are integrated: each keeps the one that it has now. Trillian stamps
// all leaves that it integrates together with the time of the root, which leaves from a journal do not share, and which
// runs ahead of the computer's clock after that was set back.
func dated(logs storage.LogStorage, leaves []*trillian.LogLeaf) storage.LogStorage {
	times := make(map[int64]*timestamppb.Timestamp, len(leaves))
	for _, leaf := range leaves {
		times[leaf.LeafIndex] = leaf.IntegrateTimestamp
	}
	return datedStorage{logs, times}
}

type datedStorage struct {
	storage.LogStorage
	times map[int64]*timestamppb.Timestamp
}

// ReadWriteTransaction implements storage.LogStorage.
func (d datedStorage) ReadWriteTransaction(ctx context.Context, tree *trillian.Tree, f storage.LogTXFunc) error {
	return d.LogStorage.ReadWriteTransaction(ctx, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		return f(ctx, datedTX{tx, d.times})
	})
}

type datedTX struct {
	storage.LogTreeTX
	times map[int64]*timestamppb.Timestamp
}

// UpdateSequencedLeaves implements storage.LogTreeTX.
func (d datedTX) UpdateSequencedLeaves(ctx context.Context, leaves []*trillian.LogLeaf) error {
	for _, leaf := range leaves {
		leaf.IntegrateTimestamp = d.times[leaf.LeafIndex]
	}
	return d.LogTreeTX.UpdateSequencedLeaves(ctx, leaves)
}
