package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// File keeps settings, as a JSON object of names and values, for this run of the program and the ones to come. It is safe for
// concurrent use.
type File struct {
	path string

	mu      sync.Mutex
	waiting map[Name]string // to be written

	writing sync.Mutex
}

// NewFile returns the file of that name, which need not be there.
func NewFile(path string) *File { return &File{path: path, waiting: map[Name]string{}} }

// Read returns what is kept. A file that is no such object is an error that says so; nothing of it counts then.
func (f *File) Read() (map[Name]string, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the settings cannot be read: %w", err)
	}
	var kept map[Name]string
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("the settings in %s cannot be understood, and count for nothing: %w", f.path, err)
	}
	return kept, nil
}

// Keep takes a value to be kept, and returns what writes it, beside what other runs of the program have kept. However the
// writers of several values overtake each other, the value that was taken last stays.
func (f *File) Keep(name Name, value string) (write func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting[name] = value
	return f.write
}

// write writes what waits. A file that cannot be understood is put aside for it.
func (f *File) write() error {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	waiting := maps.Clone(f.waiting)
	f.mu.Unlock()
	kept, err := f.Read()
	if err != nil {
		if err := os.Rename(f.path, f.path+".aside"); err != nil {
			return err
		}
	}
	all := map[Name]string{}
	maps.Copy(all, kept)
	maps.Copy(all, waiting)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	// A crash in the middle leaves the file as it was.
	temporary, err := os.CreateTemp(filepath.Dir(f.path), ".settings-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(append(text, '\n'))
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
