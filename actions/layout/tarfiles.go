package layout

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// The limits on archives of strangers.
const (
	maxFiles = 200_000
	// maxKept is what is kept in memory of a compressed archive, in which there is no way back: manifests, payloads and
	// bundles, all of them small and JSON. Layers are passed over.
	maxKept = 256 << 20
	// maxRatio is how much larger than itself a compressed archive may become; layers are compressed already, so that a
	// real one hardly grows. The first bytes are free.
	maxRatio = 50
	freeSize = 256 << 20
	// maxKeptFile is the largest file that is kept.
	maxKeptFile = maxManifest
)

// archive is a layout in a tar. Nothing of it is ever written to the disk.
type archive struct {
	file  *os.File
	names []string // in the order of the archive
	parts map[string]part
}

// part is one file of an archive: where it is, or what it holds.
type part struct {
	offset, size int64
	content      []byte // of a compressed archive; nil when it was passed over
	passed       bool
}

// openArchive reads the table of contents. The archive may be cut, hold paths that lead out, or grow without end.
func openArchive(ctx context.Context, name string) (*archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	a := &archive{file: f, parts: map[string]part{}}
	if err := a.read(ctx); err != nil {
		_ = f.Close()
		return nil, err
	}
	return a, nil
}

func (a *archive) read(ctx context.Context) error {
	var kept int64
	return walk(ctx, a.file, func(e Entry) error {
		p := part{offset: e.offset, size: e.Size}
		if e.offset < 0 {
			var err error
			if p.content, p.passed, err = keep(e, e.Size, &kept); err != nil {
				return cut(err)
			}
		}
		a.parts[e.Name], a.names = p, append(a.names, e.Name)
		return nil
	})
}

// Entry is one file of an archive, to be read until the next.
type Entry struct {
	Name string // with slashes, below the archive
	Size int64  // bytes
	io.Reader

	offset int64 // in the archive; -1 in a compressed one, where there is no way back
}

// Walk calls each with every file of an archive in its order, until each fails. What a layout must not be (too large, cut,
// with paths that lead out or links) is refused with CodeLayout.
func Walk(ctx context.Context, file string, each func(Entry) error) error {
	f, err := os.Open(file)
	if err == nil {
		defer func() { _ = f.Close() }()
		err = walk(ctx, f, each)
	}
	var known *actions.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return unusable(ctx, Reference{Transport: Archive, Path: file}, cut(err))
}

func walk(ctx context.Context, f *os.File, each func(Entry) error) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	head := make([]byte, blockSize)
	n, err := io.ReadFull(f, head)
	// The name of the first file is filled up with zeros: what has none and is not even a block is a text.
	if err != nil && (n < 2 || n > nameSize && !bytes.Contains(head[:n], []byte{0}) && !bytes.HasPrefix(head, gzipMagic)) {
		return fmt.Errorf("it has %d bytes and is no archive", n)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if !bytes.HasPrefix(head[:n], gzipMagic) {
		at := func() (int64, error) { return f.Seek(0, io.SeekCurrent) }
		return entries(ctx, tar.NewReader(&stoppable{ctx, f, f}), at, at, each)
	}
	unzipped, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	limit := &bounded{Reader: &stopping{ctx, unzipped}, left: freeSize + maxRatio*info.Size()}
	read := func() (int64, error) { return freeSize + maxRatio*info.Size() - limit.left, nil }
	return entries(ctx, tar.NewReader(limit), read, func() (int64, error) { return -1, nil }, each)
}

// gzipMagic is how gzip begins (RFC 1952, 2.3.1).
var gzipMagic = []byte{0x1f, 0x8b}

// nameSize is how much of a header is the name (POSIX.1-2024, pax, "ustar Header Block").
const nameSize = 100

// blockSize is what a tar is made of: headers and contents fill blocks (POSIX.1-2024, pax, "ustar Interchange Format").
const blockSize = 512

// entries calls each with every file. read says how far the archive was read, at where the file begins in it.
func entries(ctx context.Context, in *tar.Reader, read, at func() (int64, error), each func(Entry) error) error {
	seen := map[string]bool{}
	for {
		header, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			// The library takes an end between two files, and one in what fills up a block, for the end of the archive.
			if end, err := read(); err != nil || end%blockSize != 0 {
				return cmp.Or(err, cut(io.ErrUnexpectedEOF))
			}
			return nil
		case err != nil:
			return cut(err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		name, err := entryName(header)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if seen[name] {
			return refused("it holds %q twice, so that two readers may see two different things", clean(name))
		}
		if len(seen) == maxFiles {
			return tooMany(maxFiles)
		}
		seen[name] = true
		offset, err := at()
		if err != nil {
			return err
		}
		if err := each(Entry{name, header.Size, in, offset}); err != nil {
			return err
		}
	}
}

// keep reads a small file of a compressed archive into the memory and passes over a large one.
func keep(in io.Reader, size int64, kept *int64) (content []byte, passed bool, err error) {
	if size > maxKeptFile {
		return nil, true, nil
	}
	first := make([]byte, min(size, 2))
	if _, err := io.ReadFull(in, first); err != nil {
		return nil, false, err
	}
	if bytes.Equal(first, []byte{0x1f, 0x8b}) && size > maxPayload {
		return nil, true, nil // a layer
	}
	if *kept += size; *kept > maxKept {
		return nil, false, refused("its manifests and signatures have more than the %d bytes that are kept", int64(maxKept))
	}
	rest, err := io.ReadAll(in)
	return append(first, rest...), false, err
}

// entryName is the name of a file in the archive, "" for a directory. A file with holes is refused: a few bytes of an archive may stand
// for a terabyte of zeros, which takes hours to sum up.
func entryName(header *tar.Header) (string, error) {
	switch header.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return "", nil
	case tar.TypeReg:
	default:
		return "", refused("%q in it is a link or a device, and a layout has files only", clean(header.Name))
	}
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") { // the old form has a type of its own
			return "", refused("%q in it has holes, so that it is larger than what is there of it", clean(header.Name))
		}
	}
	name := path.Clean(strings.TrimPrefix(header.Name, "./"))
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return "", refused("%q in it leads out of the archive", clean(header.Name))
	}
	return name, nil
}

func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return refused("it ends in the middle: the copy was cut")
	}
	return err
}

func (a *archive) open(name string) (io.ReadCloser, int64, error) {
	p, ok := a.parts[name]
	switch {
	case !ok:
		return nil, 0, fs.ErrNotExist
	case p.passed:
		return nil, p.size, errPassedOver
	case p.content != nil:
		return io.NopCloser(bytes.NewReader(p.content)), p.size, nil
	}
	return io.NopCloser(io.NewSectionReader(a.file, p.offset, p.size)), p.size, nil
}

// errPassedOver is a large file of a compressed archive.
var errPassedOver = errors.New("it is too large to be read from a compressed archive")

func (a *archive) list(ctx context.Context, each func(string, int64) error) error {
	for _, name := range slices.Sorted(slices.Values(a.names)) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !strings.HasPrefix(name, "blobs/") {
			continue
		}
		if err := each(name, a.parts[name].size); err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) Close() error { return a.file.Close() }

// bounded ends a stream that grows without end.
type bounded struct {
	io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, refused("it grows to more than %d times its size when it is unpacked", maxRatio)
	}
	n, err := b.Reader.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// stopping is a reader that ends with its context.
type stopping struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to be told
	io.Reader
}

// Read implements io.Reader.
func (s *stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// stoppable is a file that ends with its context, in which the tar reader can skip.
type stoppable struct {
	ctx context.Context //nolint:containedctx // as above
	io.Reader
	io.Seeker
}

// Read implements io.Reader.
func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// reason is why an archive or a layout is refused.
type reason struct{ text string }

// Error implements error.
func (r *reason) Error() string { return r.text }

func refused(format string, args ...any) error { return &reason{fmt.Sprintf(format, args...)} }

func tooMany(limit int) error {
	return refused("it holds more than the %d files that are looked at", limit)
}

// clean keeps a foreign name from steering a terminal; %q does the rest.
func clean(name string) string {
	const shown = 80
	if len(name) > shown {
		return name[:shown] + "..."
	}
	return name
}

// unusable is the error for a path that holds no layout that can be read.
func unusable(ctx context.Context, ref Reference, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &actions.Error{Code: actions.CodeLayout, What: ref.Transport + ":" + ref.Path + " cannot be read as an OCI image layout", Why: err.Error(), Err: err}
	var because *reason
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Why, e.Next = "there is no such "+map[string]string{Directory: "directory", Archive: "file"}[ref.Transport], "check the path"
	case errors.As(err, &because):
		e.Why, e.Next = because.text, "ask for it again from whoever made it, and compare the checksum of the file"
	case errors.Is(err, tar.ErrHeader):
		e.Why, e.Next = "it is no tar archive, with or without gzip", "write one with `skopeo copy docker://IMAGE oci-archive:FILE` or `sigwalk pack IMAGE`"
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		e.Why, e.Next = "its compression is damaged", "ask for it again from whoever made it, and compare the checksum of the file"
	default:
		e.Next = "check that it can be read, and that it was copied whole"
	}
	return e
}
