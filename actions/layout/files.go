package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// files are those of a layout, by their names with slashes ("blobs/sha256/HEX").
type files interface {
	// open opens a regular file; fs.ErrNotExist when there is none.
	open(name string) (io.ReadCloser, int64, error)
	// list calls each with every file below blobs/ until it fails.
	list(ctx context.Context, each func(name string, size int64) error) error
	io.Closer
}

// directory is a layout in a directory. Nothing outside of it is read: a symbolic link that leads out is refused.
type directory struct{ root *os.Root }

func (d *directory) open(name string) (io.ReadCloser, int64, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		// A pipe would be waited for.
		return nil, 0, fmt.Errorf("%s is no regular file", name)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func (d *directory) list(ctx context.Context, each func(string, int64) error) error {
	count := 0
	err := fs.WalkDir(d.root.FS(), "blobs", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		if count++; count > maxFiles {
			return tooMany(maxFiles)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return each(path.Clean(name), info.Size())
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d *directory) Close() error { return d.root.Close() }
