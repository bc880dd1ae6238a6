package pack

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// inTheWay refuses to overwrite before anything is fetched.
func inTheWay(req Request) error {
	info, err := os.Lstat(req.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unwritable(req.File, err)
	case info.Mode()&(fs.ModeType&^fs.ModeSymlink) != 0:
		return &actions.Error{
			Code: actions.CodeFileInTheWay, What: req.File + " is no file that could be replaced",
			Why: "it is a directory, a device or a pipe, and a pack is moved into its place when it is whole", Next: "name a file: --file app.pack.tar",
		}
	case req.Replace:
		return nil
	}
	return &actions.Error{
		Code: actions.CodeFileInTheWay, What: req.File + " is there already", Why: "nothing is overwritten without a yes",
		Next: "name another file, or give --force to replace it",
	}
}

func unwritable(file string, err error) error {
	return &actions.Error{
		Code: actions.CodeStateUnwritable, What: "the pack cannot be written to " + file, Why: err.Error(), Err: err,
		Next: "make room or make the directory writable, or name another file; nothing was left behind",
	}
}

// write makes the file in one step: whoever is cut off before leaves nothing under its name.
func (c *collection) write(ctx context.Context, req Request) (result *Result, err error) {
	files, description, err := c.files(req)
	if err != nil {
		return nil, err
	}
	temporary, err := os.CreateTemp(filepath.Dir(req.File), "."+filepath.Base(req.File)+".part-*")
	if err != nil {
		return nil, unwritable(req.File, err)
	}
	defer func() {
		_ = temporary.Close()
		_ = os.Remove(temporary.Name()) // gone already when all went well
	}()
	sum := sha256.New()
	counted := &counter{Writer: io.MultiWriter(temporary, sum)}
	if err := c.fill(ctx, tar.NewWriter(counted), files); err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return nil, unwritable(req.File, err)
		}
		return nil, c.explain(ctx, err)
	}
	err = temporary.Sync()
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if err == nil {
		err = place(temporary.Name(), req)
	}
	if err == nil {
		keepName(filepath.Dir(req.File))
	}
	var known *actions.Error
	if err != nil && !errors.As(err, &known) {
		err = unwritable(req.File, err)
	}
	if err != nil {
		return nil, err
	}
	return &Result{File: req.File, SHA256: hex.EncodeToString(sum.Sum(nil)), Bytes: counted.n, Description: *description}, nil
}

// place gives the file its name. A link fails where somebody else was faster, which a rename would not notice.
func place(temporary string, req Request) error {
	if req.Replace {
		return os.Rename(temporary, req.File)
	}
	err := os.Link(temporary, req.File)
	if errors.Is(err, fs.ErrExist) {
		return inTheWay(req)
	}
	if err != nil { // a file system without links
		if blocked := inTheWay(req); blocked != nil {
			return blocked
		}
		return os.Rename(temporary, req.File)
	}
	return nil
}

// keepName makes the name of a file outlive a power failure, where the file system can: what is in it is on the disk already.
func keepName(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// counter counts what goes through it.
type counter struct {
	io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

// fill writes the files, then the blobs, each in the order of the names.
func (c *collection) fill(ctx context.Context, w *tar.Writer, files []file) error {
	for _, f := range files {
		if err := header(w, f.name, int64(len(f.content))); err != nil {
			return err
		}
		if _, err := w.Write(f.content); err != nil {
			return err
		}
	}
	sources := map[string]*registry.Downloader{}
	for _, b := range c.sortedBlobs() {
		if m := c.manifests[b.digest.String()]; m != nil {
			if err := header(w, blobName(b.digest), int64(len(m.raw))); err != nil {
				return err
			}
			if _, err := w.Write(m.raw); err != nil {
				return err
			}
			continue
		}
		if err := c.download(ctx, w, b, sources); err != nil {
			return err
		}
	}
	return w.Close()
}

func (c *collection) download(ctx context.Context, w *tar.Writer, b *blob, sources map[string]*registry.Downloader) error {
	source := sources[b.repo.String()]
	if source == nil {
		var err error
		if source, err = c.packer.opts.Registry.Downloader(ctx, b.repo); err != nil {
			return err
		}
		sources[b.repo.String()] = source
	}
	const shown = 12
	in := source.Open(ctx, b.digest, b.size, "blob "+b.digest.Hex[:shown])
	defer func() { _ = in.Close() }()
	if err := header(w, blobName(b.digest), b.size); err != nil {
		return err
	}
	_, err := io.Copy(w, in)
	return err
}

func header(w *tar.Writer, name string, size int64) error {
	const largestOfUSTAR = 8 << 30
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if size >= largestOfUSTAR {
		h.Format = tar.FormatPAX
	}
	return w.WriteHeader(h)
}

func blobName(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// DefaultFile is the name of a pack for an image: its last part and its tag, or the beginning of its digest.
func DefaultFile(image string) (string, error) {
	ref, err := registry.Parse(image)
	if err != nil {
		return "", err
	}
	const shown = 12
	which := ref.Identifier()
	if d, ok := ref.(name.Digest); ok {
		which = d.DigestStr()[len("sha256:"):][:shown]
	}
	return fmt.Sprintf("%s-%s.pack.tar", filepath.Base(ref.Context().RepositoryStr()), which), nil
}
