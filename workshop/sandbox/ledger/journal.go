package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/protobuf/proto"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// A journal is a file of records. Each is its length and its CRC-32C, four bytes each in big endian, and then a message
// in protocol buffers' binary form: first the trillian.Tree, then one trillian.GetLeavesByRangeResponse for every batch
// of leaves that entered the tree together, with the root of the tree after it.
const frameHeader = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errTorn marks a record that ends before its length says, or does not have the checksum it should have.
var errTorn = errors.New("torn record")

// journal is an open journal file. It is for one goroutine, but for the forcing to disk, which has its own.
type journal struct {
	file *os.File
	end  int64 // where the next record goes

	dirty  chan struct{}
	synced sync.WaitGroup
	failed error // why the last forcing to disk failed; read after synced.Wait
}

// contents is what a journal held when it was opened.
type contents struct {
	tree    *trillian.Tree
	batches []*trillian.GetLeavesByRangeResponse
	// cut is the number of bytes of a half-written record that were cut off at the end.
	cut int64
}

// root is the root of the tree with all leaves, or without any.
func (c *contents) root() (*types.LogRootV1, error) {
	if len(c.batches) == 0 {
		return &types.LogRootV1{
			RootHash:       rfc6962.DefaultHasher.EmptyRoot(),
			TimestampNanos: uint64(c.tree.CreateTime.AsTime().UnixNano()),
		}, nil
	}
	root := &types.LogRootV1{}
	return root, root.UnmarshalBinary(c.batches[len(c.batches)-1].GetSignedLogRoot().GetLogRoot())
}

// createJournal makes a journal that holds tree and no leaves.
func createJournal(path string, tree *trillian.Tree) error {
	frame, err := encodeFrame(tree)
	if err != nil {
		return err
	}
	return state.Write(path, frame)
}

// openJournal reads the journal at path, cuts a record off that was written only in part, and opens it for appending. It
// fails with fs.ErrNotExist, or with state.ErrUnreadable when the journal is damaged anywhere but at its end.
func openJournal(path string) (*journal, *contents, error) {
	data, err := state.Read(path)
	if err != nil {
		return nil, nil, err
	}
	held, end, err := decodeJournal(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: journal %s: %w", state.ErrUnreadable, path, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	if held.cut > 0 {
		if err := file.Truncate(end); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%w: %w", state.ErrUnwritable, err), file.Close())
		}
	}
	j := &journal{file: file, end: end, dirty: make(chan struct{}, 1)}
	j.synced.Go(j.sync)
	return j, held, nil
}

// append writes one batch. When it fails, the journal is as it was before.
func (j *journal) append(batch *trillian.GetLeavesByRangeResponse) error {
	frame, err := encodeFrame(batch)
	if err != nil {
		return err
	}
	if _, err := j.file.WriteAt(frame, j.end); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", state.ErrUnwritable, err), j.file.Truncate(j.end))
	}
	j.end += int64(len(frame))
	select {
	case j.dirty <- struct{}{}:
	default: // the forcing that is still to come covers this record too
	}
	return nil
}

// sync forces the file to the disk after every change, and once more at the end.
func (j *journal) sync() {
	for range j.dirty {
		j.failed = j.file.Sync()
	}
}

// close forces what was written to the disk and closes the file.
func (j *journal) close() error {
	close(j.dirty)
	j.synced.Wait()
	return errors.Join(j.failed, j.file.Close())
}

func encodeFrame(m proto.Message) ([]byte, error) {
	frame, err := proto.MarshalOptions{}.MarshalAppend(make([]byte, frameHeader), m)
	if err != nil {
		return nil, err
	}
	payload := frame[frameHeader:]
	binary.BigEndian.PutUint32(frame, uint32(len(payload)))
	binary.BigEndian.PutUint32(frame[4:], crc32.Checksum(payload, castagnoli))
	return frame, nil
}

// nextFrame returns the payload of the record at the head of data, or errTorn. No message of a journal is empty, so that
// a block of zeros, which some file systems leave behind after a power cut, is torn too.
func nextFrame(data []byte) ([]byte, error) {
	if len(data) < frameHeader {
		return nil, errTorn
	}
	size := int64(binary.BigEndian.Uint32(data))
	if size == 0 || size > int64(len(data)-frameHeader) {
		return nil, errTorn
	}
	payload := data[frameHeader : frameHeader+size]
	if crc32.Checksum(payload, castagnoli) != binary.BigEndian.Uint32(data[4:]) {
		return nil, errTorn
	}
	return payload, nil
}

// decodeJournal returns what data holds and where its last whole record ends.
func decodeJournal(data []byte) (*contents, int64, error) {
	held := &contents{}
	var end int
	for end < len(data) {
		payload, err := nextFrame(data[end:])
		if err != nil {
			if at, found := laterFrame(data, end+1); found {
				return nil, 0, fmt.Errorf("the record at byte %d is damaged, and there are whole ones after it, at byte %d", end, at)
			}
			break
		}
		if err := held.add(payload); err != nil {
			return nil, 0, fmt.Errorf("the record at byte %d: %w", end, err)
		}
		end += frameHeader + len(payload)
	}
	if held.tree == nil {
		return nil, 0, errors.New("it does not begin with a tree")
	}
	held.cut = int64(len(data) - end)
	return held, int64(end), nil
}

// laterFrame tells a write that was cut short from damage: it looks for a whole record at or after from.
func laterFrame(data []byte, from int) (int, bool) {
	for at := from; at+frameHeader < len(data); at++ {
		if _, err := nextFrame(data[at:]); err == nil {
			return at, true
		}
	}
	return 0, false
}

func (c *contents) add(payload []byte) error {
	if c.tree == nil {
		tree := &trillian.Tree{}
		if err := proto.Unmarshal(payload, tree); err != nil {
			return err
		}
		c.tree = tree
		return nil
	}
	batch := &trillian.GetLeavesByRangeResponse{}
	if err := proto.Unmarshal(payload, batch); err != nil {
		return err
	}
	c.batches = append(c.batches, batch)
	return nil
}
