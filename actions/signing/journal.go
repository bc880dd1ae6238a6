package signing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/name"
)

// journal remembers the signatures that were attached, in a directory a tag, one file a signature: enough to put one back
// when another tool overwrote it.
type journal struct{ dir string }

// entry is one signature in the journal.
type entry struct {
	Tag     string          `json:"tag"`     // where it was attached, in full
	Layer   json.RawMessage `json:"layer"`   // its descriptor with annotations, as pushed
	Payload []byte          `json:"payload"` // the blob that the descriptor names
	At      time.Time       `json:"at"`
}

const lockPoll = 5 * time.Millisecond

// of is the directory of a tag. Colons separate ports and are not allowed in file names everywhere.
func (j journal) of(tag name.Tag) string {
	parts := append([]string{j.dir, tag.RegistryStr()}, strings.Split(tag.RepositoryStr(), "/")...)
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ReplaceAll(parts[i], ":", "+")
	}
	return filepath.Join(append(parts, tag.TagStr())...)
}

// add remembers a signature. The file is written in one step.
func (j journal) add(tag name.Tag, l layer, payload []byte, at time.Time) error {
	if j.dir == "" {
		return nil
	}
	raw, err := json.Marshal(entry{Tag: tag.Name(), Layer: l.raw, Payload: payload, At: at})
	if err != nil {
		return err
	}
	dir := j.of(tag)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already when all went well
	if _, err := temporary.Write(raw); err != nil {
		_ = temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), filepath.Join(dir, l.key+".json"))
}

// dated is a signature with the time at which it was attached.
type dated struct {
	layer
	at time.Time
}

// list returns what was attached to a tag since a time, oldest first, with the payloads by key. A file that cannot be
// read is left out: nothing can be restored from it.
func (j journal) list(tag name.Tag, since time.Time) ([]dated, map[string][]byte, error) {
	payloads := map[string][]byte{}
	if j.dir == "" {
		return nil, payloads, nil
	}
	files, err := os.ReadDir(j.of(tag))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, payloads, nil
	}
	if err != nil {
		return nil, nil, err
	}
	parse := parseLayer
	if listsReferrers(tag) {
		parse = parseReferrer
	}
	var all []dated
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".json") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(j.of(tag), file.Name()))
		if err != nil {
			continue
		}
		var e entry
		if json.Unmarshal(raw, &e) != nil || e.Tag != tag.Name() || e.At.Before(since) {
			continue
		}
		l, err := parse(e.Layer)
		if err != nil {
			continue
		}
		all = append(all, dated{l, e.At})
		payloads[l.key] = e.Payload
	}
	sort.SliceStable(all, func(i, k int) bool { return all[i].at.Before(all[k].at) })
	return all, payloads, nil
}

// recent returns the tags at which something was attached since a time.
func (j journal) recent(since time.Time) []name.Tag {
	if j.dir == "" {
		return nil
	}
	var tags []name.Tag
	_ = filepath.WalkDir(j.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || !attachedTagPattern.MatchString(d.Name()) {
			return nil // what cannot be read is not guarded
		}
		if info, err := d.Info(); err != nil || info.ModTime().Before(since) {
			return fs.SkipDir
		}
		if tag, ok := tagIn(path); ok {
			tags = append(tags, tag)
		}
		return fs.SkipDir
	})
	return tags
}

// tagIn reads the name of the tag from any entry below dir.
func tagIn(dir string) (name.Tag, bool) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return name.Tag{}, false
	}
	for _, file := range files {
		var e entry
		raw, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil || json.Unmarshal(raw, &e) != nil {
			continue
		}
		if tag, err := name.NewTag(e.Tag); err == nil {
			return tag, true
		}
	}
	return name.Tag{}, false
}

// forget drops what was remembered of a tag that a person deleted.
func (j journal) forget(tag name.Tag) error {
	if j.dir == "" {
		return nil
	}
	return os.RemoveAll(j.of(tag))
}

// lock waits until no other process or goroutine that shares the journal writes the tag.
func (j journal) lock(ctx context.Context, tag name.Tag) (func(), error) {
	if j.dir == "" {
		return func() {}, nil
	}
	file := j.of(tag) + ".lock"
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(file)
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	return func() { _ = lock.Close() }, nil
}
