// Package state keeps the small files of a server: keys, certificates, settings. Every file is written whole or not at
// all, readable by its owner only.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrUnreadable is wrapped by every failure to read or understand a state file.
var ErrUnreadable = errors.New("state file cannot be used")

// ErrUnwritable is wrapped by every failure to write a state file or to make its directory.
var ErrUnwritable = errors.New("state cannot be written")

// MakeDir makes dir, and whatever leads to it, for its owner only.
func MakeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return nil
}

// Read returns the content of path. A file that is not there is reported by an error that is fs.ErrNotExist; every
// other failure is ErrUnreadable.
func Read(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return data, nil
}

// Write puts data at path in one step: whoever reads path sees what was there before or all of data, after a crash too.
func Write(path string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
			err = fmt.Errorf("%w: %w", ErrUnwritable, err)
		}
	}()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
