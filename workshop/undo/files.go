package undo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"time"
)

// Dir is a directory whose files are looked after. Nothing outside it is read or written, whatever links are in it.
type Dir struct {
	Path string
	// What names all that is in it, such as "the trust root"; empty where each file is named by itself.
	What string
	// Except tells files that are left as they are, by their names in the directory; nil for none.
	Except func(name string) bool
}

const (
	mostFiles = 5000
	mostBytes = 64 << 20
)

// tree is what a directory held, by names with slashes.
type tree map[string]file

// file is what was under a name.
type file struct {
	mode    fs.FileMode // its type, and for files its permissions
	changed time.Time
	size    int64
	link    string // where a link leads
	// sum is the SHA-256 of what a file holds, with the marks of a mask; empty when that is not known any more.
	sum string
	// content is what a file holds, with the marks of a mask; nil where it is in the store.
	content []byte
	// withheld files have a secret in them: they are never stored.
	withheld bool
}

// equal reports whether two files are the same. One that was withheld is after a restart known by its size and its time alone.
func (f file) equal(g file) bool {
	if f.mode != g.mode || f.link != g.link {
		return false
	}
	if f.mode.IsRegular() && (f.sum == "" || g.sum == "") {
		return f.size == g.size && f.changed.Equal(g.changed)
	}
	return f.sum == g.sum
}

// lost reports whether nobody knows any more what the file held.
func (f file) lost() bool { return f.mode.IsRegular() && f.sum == "" }

// read reads the directory. One that is not there is empty. Files that are as they were in last are not read again.
func (d Dir) read(last tree, masked mask) (tree, error) {
	now := tree{}
	root, err := os.OpenRoot(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return now, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	size := int64(0)
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." || d.Except != nil && d.Except(name) {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed just now
		}
		if err != nil {
			return err
		}
		f := file{mode: info.Mode(), changed: info.ModTime()}
		switch was := last[name]; {
		case info.IsDir():
		case info.Mode()&fs.ModeSymlink != 0:
			if f.link, err = root.Readlink(name); err != nil {
				return err
			}
		case !info.Mode().IsRegular():
			return nil // a pipe or a socket is nobody's work
		default:
			f.size = info.Size()
			size += f.size
			if size > mostBytes || len(now) >= mostFiles {
				return fmt.Errorf("%s holds more than %d MiB or %d files", d.Path, mostBytes>>20, mostFiles)
			}
			if was.sum != "" && was.mode == f.mode && was.changed.Equal(f.changed) && was.size == f.size {
				f = was
				break
			}
			content, err := root.ReadFile(name)
			if err != nil {
				return err
			}
			f.size = int64(len(content))
			masked, plain := masked.put(content)
			f.content, f.withheld, f.sum = masked, !plain, sumOf(masked)
		}
		now[name] = f
		return nil
	})
	return now, err
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// contents finds what a file of a picture held, as it was on disk.
type contents func(file) ([]byte, error)

// changes puts the directory back, each file by itself, or where it has a name of its own all in one. left are the files that
// cannot be put back, in words.
func (d Dir) changes(before, now tree, held contents) (changes []change, left []string) {
	names := slices.Sorted(maps.Keys(now))
	slices.Reverse(names) // what is in a directory goes before it
	for _, name := range names {
		if _, was := before[name]; !was {
			what := "removes the file " + name
			if now[name].mode.IsDir() {
				what = "removes the directory " + name
			}
			changes = append(changes, change{what, d.within(func(root *os.Root) error {
				if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				return nil
			})})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		was := before[name]
		switch {
		case was.equal(now[name]):
		case was.lost():
			left = append(left, "the file "+path.Join(path.Base(d.Path), name)+", which held a secret: those are not kept")
		default:
			changes = append(changes, change{"puts the file " + name + " back", d.within(func(root *os.Root) error { return was.write(root, name, held) })})
		}
	}
	if d.What == "" || len(changes) == 0 {
		return changes, left
	}
	each := changes
	return []change{{"puts " + d.What + " back as before", func(ctx context.Context) error {
		var err error
		for _, c := range each {
			err = errors.Join(err, c.do(ctx))
		}
		return err
	}}}, left
}

func (d Dir) within(work func(*os.Root) error) func(context.Context) error {
	return func(context.Context) error {
		if err := os.MkdirAll(d.Path, 0o700); err != nil {
			return err
		}
		root, err := os.OpenRoot(d.Path)
		if err != nil {
			return err
		}
		defer func() { _ = root.Close() }()
		return work(root)
	}
}

// write puts a file in place of whatever is there. What it held is found before anything is removed.
func (f file) write(root *os.Root, name string, held contents) error {
	if f.mode.IsDir() {
		return root.MkdirAll(name, f.mode.Perm())
	}
	var content []byte
	if f.mode.IsRegular() {
		var err error
		if content, err = held(f); err != nil {
			return err
		}
	}
	if err := errors.Join(root.MkdirAll(path.Dir(name), 0o700), root.RemoveAll(name)); err != nil {
		return err
	}
	if f.mode&fs.ModeSymlink != 0 {
		return root.Symlink(f.link, name)
	}
	return root.WriteFile(name, content, f.mode.Perm())
}
