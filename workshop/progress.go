package workshop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/sigwalk/sigwalk/actions"
)

const (
	// progressVersion is the version of the progress file. A file of another version is kept aside, never guessed at.
	progressVersion = 1
	// maxProgressBytes bounds what is read: a real file has a few kilobytes.
	maxProgressBytes = 4 << 20
	// lockWait bounds the wait for another process that saves to the same file.
	lockWait = time.Second
)

// progressFile is what the progress file holds: no variable's value and no output, so no secret.
type progressFile struct {
	Version int                       `json:"version"`
	Lessons map[string]lessonProgress `json:"lessons"`
}

type lessonProgress struct {
	Saved   time.Time               `json:"saved"`
	Current string                  `json:"current"` // the step's ID
	Steps   map[string]stepProgress `json:"steps"`
}

type stepProgress struct {
	Done    bool            `json:"done,omitempty"`
	RanHere bool            `json:"ranHere,omitempty"`
	Skipped bool            `json:"skipped,omitempty"`
	Checks  []checkProgress `json:"checks,omitempty"`
}

type checkProgress struct {
	Kind  string    `json:"kind"`
	Held  bool      `json:"held"`
	Found string    `json:"found,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

// progressStore reads and writes a progress file that several processes may share.
type progressStore struct {
	path  string // empty keeps nothing
	mu    sync.Mutex
	blind bool // the file could neither be used nor put aside: leave it alone
}

// load reads the file. A file that cannot be used is put aside and notice says where; a file that is not there is an empty
// one.
func (p *progressStore) load() (file progressFile, notice string) {
	if p.path == "" {
		return progressFile{}, ""
	}
	file, err := readProgress(p.path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return file, ""
	}
	aside := p.path + ".kept-" + time.Now().UTC().Format("20060102T150405.000000000Z")
	if moved := os.Rename(p.path, aside); moved != nil {
		p.blind = true
		return progressFile{}, fmt.Sprintf("the progress in %s cannot be used (%v) and cannot be put aside (%v): what you do now is not kept", p.path, err, moved)
	}
	return progressFile{}, fmt.Sprintf("the progress in %s cannot be used (%v): it is kept as %s, and the lesson begins anew", p.path, err, filepath.Base(aside))
}

// readProgress reads one file of this version.
func readProgress(path string) (progressFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return progressFile{}, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxProgressBytes+1))
	if err != nil {
		return progressFile{}, err
	}
	if len(content) > maxProgressBytes {
		return progressFile{}, fmt.Errorf("it is larger than %d bytes", maxProgressBytes)
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(content, &version); err != nil {
		return progressFile{}, fmt.Errorf("it is damaged: %w", err)
	}
	switch {
	case version.Version > progressVersion:
		return progressFile{}, fmt.Errorf("a newer sigwalk wrote it, in version %d", version.Version)
	case version.Version < 1:
		return progressFile{}, errors.New("it is no progress file")
	}
	var file progressFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return progressFile{}, fmt.Errorf("it is damaged: %w", err)
	}
	return file, nil
}

// save puts the progress of one lesson into the file, beside what other lessons and other processes put there, and replaces
// the file at once, so that a crash leaves the old one or the new one.
func (p *progressStore) save(lesson string, progress lessonProgress) error {
	if p.path == "" || p.blind {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	unwritable := func(err error) error {
		return &actions.Error{
			Code: actions.CodeStateUnwritable, What: "the progress cannot be saved in " + p.path, Why: actions.FileReason(err),
			Next: "make room or give write permission, or name another directory with --dir", Err: err,
		}
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return unwritable(err)
	}
	// Without the lock the worst is that another process's last step is forgotten; without saving, ours would be.
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	lock := flock.New(p.path + ".lock")
	if locked, err := lock.TryLockContext(ctx, 10*time.Millisecond); err == nil && locked {
		defer func() { _ = lock.Unlock() }()
	}
	file, err := readProgress(p.path)
	if err != nil {
		file = progressFile{}
	}
	file.Version = progressVersion
	if file.Lessons == nil {
		file.Lessons = map[string]lessonProgress{}
	}
	// Steps that this lesson no longer has, or has not yet, keep their progress.
	steps := maps.Clone(file.Lessons[lesson].Steps)
	if steps == nil {
		steps = map[string]stepProgress{}
	}
	maps.Copy(steps, progress.Steps)
	progress.Steps = steps
	file.Lessons[lesson] = progress
	content, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return unwritable(err)
	}
	if err := writeWhole(p.path, append(content, '\n'), 0o600); err != nil {
		return unwritable(err)
	}
	return nil
}

// forget makes steps of a lesson ones that are to be done again, the first of which is where the lesson goes on. A lesson without
// progress stays so.
func (p *progressStore) forget(lesson string, steps []string) error {
	if p.path == "" || len(steps) == 0 {
		return nil
	}
	file, err := readProgress(p.path)
	kept, found := file.Lessons[lesson]
	if err != nil || !found {
		return nil //nolint:nilerr // what is wrong with the file is said when the lesson is opened
	}
	again := map[string]stepProgress{}
	for _, id := range steps {
		again[id] = stepProgress{}
	}
	return p.save(lesson, lessonProgress{Saved: kept.Saved, Current: steps[0], Steps: again})
}

// writeWhole replaces the file at path by one that holds content, or leaves it as it was.
func writeWhole(path string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
