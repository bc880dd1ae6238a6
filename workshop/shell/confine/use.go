package confine

import (
	"io/fs"
	"os"
	"slices"
	"strings"
)

// OpenFile opens path, as typed in the directory cwd, as os.OpenFile does. NullDevice may be opened too.
func (f *Files) OpenFile(cwd, path string, flag int, perm fs.FileMode) (*os.File, error) {
	if path == NullDevice {
		return os.OpenFile(os.DevNull, flag&^(os.O_CREATE|os.O_TRUNC), 0)
	}
	rel, err := f.Resolve(cwd, path)
	if err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(rel, flag, perm)
	if err != nil {
		return nil, f.explain(path, err)
	}
	return file, nil
}

// Open opens path for reading.
func (f *Files) Open(cwd, path string) (*os.File, error) {
	return f.OpenFile(cwd, path, os.O_RDONLY, 0)
}

// Create opens path for writing and empties it.
func (f *Files) Create(cwd, path string, perm fs.FileMode) (*os.File, error) {
	return f.OpenFile(cwd, path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
}

// ReadFile returns the content of path.
func (f *Files) ReadFile(cwd, path string) ([]byte, error) {
	rel, err := f.Resolve(cwd, path)
	if err != nil {
		return nil, err
	}
	data, err := f.root.ReadFile(rel)
	return data, f.explain(path, err)
}

// WriteFile writes data to path.
func (f *Files) WriteFile(cwd, path string, data []byte, perm fs.FileMode) error {
	if path == NullDevice {
		return nil
	}
	return f.change(cwd, path, func(rel string) error { return f.root.WriteFile(rel, data, perm) })
}

// Stat describes path and follows a symbolic link.
func (f *Files) Stat(cwd, path string) (fs.FileInfo, error) { return f.stat(cwd, path, f.root.Stat) }

// Lstat describes path itself, be it a symbolic link or not.
func (f *Files) Lstat(cwd, path string) (fs.FileInfo, error) { return f.stat(cwd, path, f.root.Lstat) }

func (f *Files) stat(cwd, path string, stat func(string) (fs.FileInfo, error)) (fs.FileInfo, error) {
	if path == NullDevice {
		return os.Stat(os.DevNull)
	}
	rel, err := f.Resolve(cwd, path)
	if err != nil {
		return nil, err
	}
	info, err := stat(rel)
	return info, f.explain(path, err)
}

// ReadDir lists the directory path in the order of names.
func (f *Files) ReadDir(cwd, path string) ([]fs.DirEntry, error) {
	dir, err := f.Open(cwd, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	list, err := dir.ReadDir(-1)
	if err != nil {
		return nil, f.explain(path, err)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// Mkdir makes a directory; with parents, all that are missing on the way and no error when it is there.
func (f *Files) Mkdir(cwd, path string, parents bool) error {
	return f.change(cwd, path, func(rel string) error {
		if parents {
			return f.root.MkdirAll(rel, 0o777)
		}
		return f.root.Mkdir(rel, 0o777)
	})
}

// Remove removes a file or an empty directory; with everything below it when tree is true. The lesson's directory itself
// stays.
func (f *Files) Remove(cwd, path string, tree bool) error {
	return f.change(cwd, path, func(rel string) error {
		switch {
		case rel == ".":
			return &fs.PathError{Op: "remove", Path: path, Err: fs.ErrPermission}
		case tree:
			return f.root.RemoveAll(rel)
		}
		return f.root.Remove(rel)
	})
}

// Rename moves from to to.
func (f *Files) Rename(cwd, from, to string) error {
	target, err := f.Resolve(cwd, to)
	if err != nil {
		return err
	}
	return f.change(cwd, from, func(rel string) error { return f.root.Rename(rel, target) })
}

// Chmod changes the permissions of path.
func (f *Files) Chmod(cwd, path string, mode fs.FileMode) error {
	return f.change(cwd, path, func(rel string) error { return f.root.Chmod(rel, mode) })
}

// Readlink returns where the symbolic link path leads.
func (f *Files) Readlink(cwd, path string) (string, error) {
	rel, err := f.Resolve(cwd, path)
	if err != nil {
		return "", err
	}
	target, err := f.root.Readlink(rel)
	return target, f.explain(path, err)
}

func (f *Files) change(cwd, path string, work func(rel string) error) error {
	rel, err := f.Resolve(cwd, path)
	if err != nil {
		return err
	}
	return f.explain(path, work(rel))
}
