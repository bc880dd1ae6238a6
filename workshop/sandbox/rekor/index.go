package rekor

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/go-openapi/runtime"
	"github.com/google/trillian"

	"github.com/sigstore/rekor/pkg/generated/models"
	rekorlog "github.com/sigstore/rekor/pkg/log"
	"github.com/sigstore/rekor/pkg/sharding"
	"github.com/sigstore/rekor/pkg/types"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// recent is how many of the newest entries have their keys looked over at a start: a crash may have let only some of an
// entry's keys through.
const recent = 32

// index is the Redis in which Rekor keeps what entries can be found by: the hash of the artifact, of the key, the e-mail
// address. Rekor writes to it after it has answered, and some of the keys, such as the subjects of an attestation, are
// in nothing that the log keeps. So every write is also appended to a file, from which the next start fills the index;
// entries that a crash kept from the file are found again in the log.
type index struct {
	redis    *miniredis.Miniredis
	password string

	mu      sync.Mutex
	file    *os.File
	trusted map[*server.Peer]bool
}

// posting is one line of the file: an entry can be found by Key.
type posting struct {
	Key   string `json:"key"`
	Entry string `json:"entry"`
}

// openIndex fills an index from the file at path and from leaves, which are all that the tree treeID has, and serves it on
// a loopback port to whoever knows its password.
func openIndex(path string, treeID int64, leaves []*trillian.LogLeaf) (_ *index, err error) {
	x := &index{redis: miniredis.NewMiniRedis(), password: rand.Text(), trusted: map[*server.Peer]bool{}}
	x.redis.RequireAuth(x.password)
	if err := x.fill(path, treeID, leaves); err != nil {
		return nil, fmt.Errorf("restore the search index: %w", err)
	}
	if err := x.redis.StartAddr("127.0.0.1:0"); err != nil {
		return nil, errors.Join(fmt.Errorf("start the search index: %w", err), x.file.Close())
	}
	x.redis.Server().SetPreHook(x.record)
	return x, nil
}

// close stops Redis and closes the file.
func (x *index) close() error {
	x.redis.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.file.Close()
}

// record sees every Redis command before it is carried out, and writes Rekor's to the file.
func (x *index) record(peer *server.Peer, command string, args ...string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch command {
	case "AUTH", "HELLO":
		if slices.Contains(args, x.password) && !x.trusted[peer] {
			x.trusted[peer] = true
			peer.OnDisconnect(func() {
				x.mu.Lock()
				defer x.mu.Unlock()
				delete(x.trusted, peer)
			})
		}
	case "LPUSH":
		if len(args) == 2 && x.trusted[peer] {
			if err := x.append(posting{Key: args[0], Entry: args[1]}); err != nil {
				rekorlog.Logger.Errorf("the search index on disk lacks %s: %v", args[1], err)
			}
		}
	}
	return false
}

func (x *index) append(p posting) error {
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = x.file.Write(append(line, '\n'))
	return err
}

// fill reads the file, adds what leaves have and it lacks, and leaves it open for more.
func (x *index) fill(path string, treeID int64, leaves []*trillian.LogLeaf) error {
	ids := make([]string, len(leaves))
	logged := make(map[string]bool, len(leaves))
	for i, leaf := range leaves {
		id, err := entryID(treeID, leaf)
		if err != nil {
			return err
		}
		ids[i], logged[id] = id, true
	}
	postings, indexed, end, err := readPostings(path, logged)
	if err != nil {
		return err
	}
	x.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	if err := x.file.Truncate(end); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", state.ErrUnwritable, err), x.file.Close())
	}
	for i, leaf := range leaves {
		if indexed[ids[i]] != nil && i < len(leaves)-recent {
			continue
		}
		for _, key := range keys(leaf) {
			if slices.Contains(indexed[ids[i]], key) {
				continue
			}
			p := posting{Key: key, Entry: ids[i]}
			if err := x.append(p); err != nil {
				return errors.Join(fmt.Errorf("%w: %w", state.ErrUnwritable, err), x.file.Close())
			}
			postings = append(postings, p)
		}
	}
	return x.load(postings)
}

// load puts postings into Redis as Rekor would have, the latest first in its list, but each list at once.
func (x *index) load(postings []posting) error {
	lists := map[string][]string{}
	for _, p := range slices.Backward(postings) {
		lists[p.Key] = append(lists[p.Key], p.Entry)
	}
	for key, entries := range lists {
		if _, err := x.redis.Push(key, entries...); err != nil {
			return err
		}
	}
	return nil
}

// readPostings returns what the file at path says of logged entries, the keys of each entry, and where the last whole
// line ends. What cannot be read is left out: the log has it.
func readPostings(path string, logged map[string]bool) (postings []posting, indexed map[string][]string, end int64, err error) {
	indexed = map[string][]string{}
	data, err := state.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, indexed, 0, nil
	}
	if err != nil {
		return nil, nil, 0, err
	}
	end = int64(bytes.LastIndexByte(data, '\n') + 1)
	lines := bufio.NewScanner(bytes.NewReader(data[:end]))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var p posting
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil || !logged[p.Entry] {
			continue
		}
		postings = append(postings, p)
		indexed[p.Entry] = append(indexed[p.Entry], p.Key)
	}
	return postings, indexed, end, lines.Err()
}

// entryID is how Rekor names an entry: the tree and the hash of the leaf, in hexadecimal.
func entryID(treeID int64, leaf *trillian.LogLeaf) (string, error) {
	id, err := sharding.CreateEntryIDFromParts(fmt.Sprintf("%x", treeID), fmt.Sprintf("%x", leaf.MerkleLeafHash))
	return id.ReturnEntryIDString(), err
}

// keys are what an entry can be found by, as far as its body in the log tells.
func keys(leaf *trillian.LogLeaf) []string {
	found, err := func() ([]string, error) {
		proposed, err := models.UnmarshalProposedEntry(bytes.NewReader(leaf.LeafValue), runtime.JSONConsumer())
		if err != nil {
			return nil, err
		}
		entry, err := types.UnmarshalEntry(proposed)
		if err != nil {
			return nil, err
		}
		return entry.IndexKeys()
	}()
	if err != nil {
		rekorlog.Logger.Errorf("entry %d cannot be indexed: %v", leaf.LeafIndex, err)
	}
	for i, key := range found {
		found[i] = strings.ToLower(key)
	}
	return found
}
