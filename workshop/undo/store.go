package undo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

const (
	// storeVersion is the version of the pictures on disk.
	storeVersion = 1
	// mostStored bounds the content of the files in the store, in bytes; mostPicture that of one picture without it.
	mostStored  = 256 << 20
	mostPicture = 16 << 20
	// lockFor bounds the wait for another process that works in the store.
	lockFor = 10 * time.Second

	contentDir   = "files"
	pictureEnd   = ".json"
	pictureAside = ".kept"
)

// store keeps pictures in a directory: one file each, named so that they sort in the order in which they were taken, beside the
// content of files, each under its SHA-256. A picture is written when all that it names is there, so that a crash leaves whole
// pictures alone. Several processes may share it.
type store struct {
	dir     string // empty keeps nothing
	sandbox string
	mask    mask
}

// pictureFile is a picture on disk.
type pictureFile struct {
	Version int    `json:"version"`
	Sandbox string `json:"sandbox"`
	Lesson  string `json:"lesson"`
	Step    string `json:"step"`

	Tags          map[string]string     `json:"tags"`
	Organizations []string              `json:"organizations"`
	Users         []string              `json:"users"`
	Dirs          []map[string]heldFile `json:"dirs"`
	Variables     []heldVariable        `json:"variables"`
}

type heldFile struct {
	Mode    fs.FileMode `json:"mode"`
	Changed time.Time   `json:"changed"`
	Size    int64       `json:"size,omitempty"`
	Link    string      `json:"link,omitempty"`
	Sum     string      `json:"sha256,omitempty"` // of the content that is stored; empty for one that is withheld
}

// heldVariable has the value of those alone that outlive the program, none of which is a secret.
type heldVariable struct {
	Name     string `json:"name"`
	Value    string `json:"value,omitempty"`
	Source   string `json:"source"`
	Exported bool   `json:"exported,omitempty"`
	Known    bool   `json:"known,omitempty"`
}

// names returns the names of the pictures, the oldest first.
func (s store) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), pictureEnd) && entry.Type().IsRegular() && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// newName names a picture so that it sorts behind last.
func newName(last string) string {
	now := time.Now().UnixNano()
	var before int64
	if _, err := fmt.Sscanf(last, "%d", &before); err == nil && before >= now {
		now = before + 1 // the clock was set back
	}
	return fmt.Sprintf("%020d-%s%s", now, strings.ToLower(rand.Text()[:6]), pictureEnd)
}

var (
	errNewer   = errors.New("a newer sigwalk wrote it")
	errForeign = errors.New("it is of another sandbox")
)

// read reads a picture. It fails with errForeign for one of another sandbox, which is worth nothing any more, and with errNewer
// for one of a version that is not known yet.
func (s store) read(name string) (*picture, error) {
	f, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, mostPicture+1))
	if err != nil {
		return nil, err
	}
	var version struct {
		Version int `json:"version"`
	}
	if len(text) > mostPicture || json.Unmarshal(text, &version) != nil || version.Version < 1 {
		return nil, errors.New("it is damaged")
	}
	if version.Version > storeVersion {
		return nil, errNewer
	}
	var held pictureFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&held); err != nil || held.Sandbox == "" || held.Lesson == "" || held.Step == "" {
		return nil, errors.New("it is damaged")
	}
	if held.Sandbox != s.sandbox {
		return nil, errForeign
	}
	p := &picture{
		name: name, step: Step{held.Lesson, held.Step}, stored: true, tags: held.Tags, organizations: held.Organizations, users: held.Users,
	}
	for _, dir := range held.Dirs {
		files := tree{}
		for name, f := range dir {
			files[name] = file{mode: f.Mode, changed: f.Changed, size: f.Size, link: f.Link, sum: f.Sum, withheld: f.Sum == ""}
		}
		p.dirs = append(p.dirs, files)
	}
	for _, v := range held.Variables {
		p.vars = append(p.vars, variable{Variable: environment.Variable{
			Name: v.Name, Value: v.Value, Source: environment.Source(v.Source), Exported: v.Exported,
		}, unknown: !v.Known})
	}
	return p, nil
}

// write stores a picture, and what its files held. lasting are the variables whose values are stored too.
func (s store) write(p *picture, lasting []string) error {
	held := pictureFile{
		Version: storeVersion, Sandbox: s.sandbox, Lesson: p.step.Lesson, Step: p.step.ID,
		Tags: p.tags, Organizations: p.organizations, Users: p.users,
	}
	for _, v := range p.vars {
		one := heldVariable{Name: v.Name, Source: string(v.Source), Exported: v.Exported}
		if slices.Contains(lasting, v.Name) && !v.Secret {
			one.Value, one.Known = v.Value, true
		}
		held.Variables = append(held.Variables, one)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, contentDir), 0o700); err != nil {
		return err
	}
	for _, dir := range p.dirs {
		files := map[string]heldFile{}
		for name, f := range dir {
			one := heldFile{Mode: f.mode, Changed: f.changed, Size: f.size, Link: f.link}
			if f.mode.IsRegular() && !f.withheld {
				one.Sum = f.sum
				if err := s.put(f); err != nil {
					return err
				}
			}
			files[name] = one
		}
		held.Dirs = append(held.Dirs, files)
	}
	text, err := json.Marshal(held)
	if err != nil {
		return err
	}
	if len(text) > mostPicture {
		return fmt.Errorf("it would be larger than %d MiB", mostPicture>>20)
	}
	return replace(filepath.Join(s.dir, p.name), text, true)
}

func (s store) contentPath(sum string) string { return filepath.Join(s.dir, contentDir, sum) }

// put stores what a file held, unless it is there.
func (s store) put(f file) error {
	if info, err := os.Stat(s.contentPath(f.sum)); err == nil && info.Mode().IsRegular() || f.content == nil && f.sum != sumOf(nil) {
		return nil
	}
	return replace(s.contentPath(f.sum), f.content, false) // what a power cut tore is noticed when it is read
}

// content returns what a file held, as it was.
func (s store) content(f file) ([]byte, error) {
	masked := f.content
	if masked == nil && f.sum != sumOf(nil) {
		var err error
		if masked, err = os.ReadFile(s.contentPath(f.sum)); err != nil || sumOf(masked) != f.sum {
			return nil, errors.Join(errors.New("what it held is no longer kept"), err)
		}
	}
	return s.mask.take(masked), nil
}

// replace puts a file at path at once: a crash leaves what was there, or all of the content.
func replace(path string, content []byte, sync bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	if err == nil && sync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// aside keeps a picture that cannot be used under another name.
func (s store) aside(name string) (as string, err error) {
	as = name + pictureAside
	return as, os.Rename(filepath.Join(s.dir, name), filepath.Join(s.dir, as))
}

// allAside keeps the whole store under another name.
func (s store) allAside() (as string, err error) {
	as = s.dir + pictureAside + "-" + time.Now().UTC().Format("20060102T150405.000000000Z")
	return filepath.Base(as), os.Rename(s.dir, as)
}

func (s store) remove(name string) error {
	err := os.Remove(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sweep removes the content that none of the pictures names, and what a crash has left half written.
func (s store) sweep(pictures []*picture) {
	named := map[string]bool{}
	for _, p := range pictures {
		for _, dir := range p.dirs {
			for _, f := range dir {
				named[f.sum] = true
			}
		}
	}
	for _, dir := range []string{s.dir, filepath.Join(s.dir, contentDir)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			torn := strings.HasPrefix(entry.Name(), ".new-")
			if torn || dir != s.dir && !named[entry.Name()] {
				_ = os.Remove(filepath.Join(dir, entry.Name()))
			}
		}
	}
}

// lock keeps other processes out of the store.
func (s store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockFor)
	defer cancel()
	lock := flock.New(s.dir + ".lock")
	locked, err := lock.TryLockContext(ctx, 10*time.Millisecond)
	if err != nil || !locked {
		return nil, errors.Join(errors.New("another sigwalk works there"), err)
	}
	return func() { _ = lock.Unlock() }, nil
}
