package undo

import (
	"bytes"
	"context"
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

type file struct {
	mode    fs.FileMode // its type, and for files its permissions
	content []byte      // a link's is where it leads
	changed time.Time
}

func (f file) equal(g file) bool { return f.mode == g.mode && bytes.Equal(f.content, g.content) }

// read reads the directory. One that is not there is empty. Files that are as they were in last are not read again.
func (d Dir) read(last tree) (tree, error) {
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
			to, err := root.Readlink(name)
			if err != nil {
				return err
			}
			f.content = []byte(to)
		case !info.Mode().IsRegular():
			return nil // a pipe or a socket is nobody's work
		default:
			size += info.Size()
			if size > mostBytes || len(now) >= mostFiles {
				return fmt.Errorf("%s holds more than %d MiB or %d files", d.Path, mostBytes>>20, mostFiles)
			}
			if was.mode == f.mode && was.changed.Equal(f.changed) && int64(len(was.content)) == info.Size() {
				f.content = was.content
			} else if f.content, err = root.ReadFile(name); err != nil {
				return err
			}
		}
		now[name] = f
		return nil
	})
	return now, err
}

// changes puts the directory back, each file by itself, or where it has a name of its own all in one.
func (d Dir) changes(before, now tree) []change {
	var changes []change
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
		if was := before[name]; !was.equal(now[name]) {
			changes = append(changes, change{"puts the file " + name + " back", d.within(func(root *os.Root) error { return was.write(root, name) })})
		}
	}
	if d.What == "" || len(changes) == 0 {
		return changes
	}
	return []change{{"puts " + d.What + " back as before", func(ctx context.Context) error {
		var err error
		for _, c := range changes {
			err = errors.Join(err, c.do(ctx))
		}
		return err
	}}}
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

// write puts a file in place of whatever is there.
func (f file) write(root *os.Root, name string) error {
	if f.mode.IsDir() {
		return root.MkdirAll(name, f.mode.Perm())
	}
	if err := errors.Join(root.MkdirAll(path.Dir(name), 0o700), root.RemoveAll(name)); err != nil {
		return err
	}
	if f.mode&fs.ModeSymlink != 0 {
		return root.Symlink(string(f.content), name)
	}
	return root.WriteFile(name, f.content, f.mode.Perm())
}
