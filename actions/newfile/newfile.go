// Package newfile writes files that are not there yet, whole: nothing is under a file's name before its last byte is on the disk, whether the disk
// is full, the program is killed or the machine stops, and nothing that is there is ever replaced.
package newfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that has no name yet. It is written to as any other, and ends with Commit or Discard.
type File struct {
	part *os.File
	path string
}

// Create begins a file beside path, readable by its owner alone, so that a directory that cannot be written is found out before the work.
// The error is fs.ErrExist where something is at path.
func Create(path string) (*File, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	part, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-*")
	if err != nil {
		return nil, err
	}
	return &File{part, path}, nil
}

// Name is the name that the file will have.
func (f *File) Name() string { return f.path }

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) {
	if f.part == nil {
		return 0, fs.ErrClosed
	}
	return f.part.Write(p)
}

// Commit gives the file its name, once it is on the disk. The error is fs.ErrExist where another came there since Create; then, and where it
// cannot be kept whole, nothing is left of it.
func (f *File) Commit() error {
	if f.part == nil {
		return fs.ErrClosed
	}
	part := f.part
	f.part = nil
	defer func() { _ = os.Remove(part.Name()) }() // gone already where there are no links
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return err
	}
	// A link fails where a file is, which a rename would replace.
	err := os.Link(part.Name(), f.path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(f.path); err == nil {
		return &fs.PathError{Op: "create", Path: f.path, Err: fs.ErrExist}
	}
	return os.Rename(part.Name(), f.path) // a file system without links
}

// Discard takes away what was written. After Commit it does nothing.
func (f *File) Discard() {
	if f == nil || f.part == nil {
		return
	}
	_ = errors.Join(f.part.Close(), os.Remove(f.part.Name()))
	f.part = nil
}

// Write writes a whole new file.
func Write(path, text string) error {
	file, err := Create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if _, err := file.Write([]byte(text)); err != nil {
		return err
	}
	return file.Commit()
}

// Replace writes a whole file, readable by its owner alone, in the place of one that may be there.
func Replace(path string, text []byte) error {
	part, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	_, err = part.Write(text)
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}
