package registry

import (
	"context"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Downloader reads blobs of one repository. The handshake is made once.
type Downloader struct {
	client   *Client
	endpoint *endpoint
}

// Downloader connects to a repository. Its errors, and those of what it opens, are for Explain.
func (c *Client) Downloader(ctx context.Context, repo name.Repository) (*Downloader, error) {
	auth, err := c.authFor(ctx, repo.Tag("latest"), nil)
	if err != nil {
		return nil, err
	}
	connected, err := c.connect(ctx, repo, auth, repo.Scope(transport.PullScope))
	if err != nil {
		return nil, err
	}
	return &Downloader{c, connected}, nil
}

// Open opens a blob of size bytes, which title names to people. A connection that is cut is resumed where it was, one in
// which nothing moves is given up, progress is reported, and at the end the bytes are compared with the digest
// (CodeDigestMismatch).
func (d *Downloader) Open(ctx context.Context, h v1.Hash, size int64, title string) io.ReadCloser {
	ctx, stop := context.WithCancelCause(ctx)
	b := &blob{digest: h, size: size, title: title}
	progress := d.client.meter(ctx, b)
	opened := &download{stream: d.endpoint.stream(ctx, b, 0, progress), stop: stop, watch: watchStall(stop), progress: progress}
	opened.alive = opened.watch.alive
	return opened
}

// download is a stream whose end is watched.
type download struct {
	*stream
	stop     context.CancelCauseFunc
	watch    *stallWatch
	progress *meter
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.stream.Read(p)
	if err == io.EOF { //nolint:errorlint // a stream returns it bare
		d.progress.finish(false)
	} else if err != nil && context.Cause(d.ctx) == errStalled { //nolint:errorlint // as above
		err = errStalled
	}
	return n, err
}

// Close implements io.Closer.
func (d *download) Close() error {
	d.watch.end()
	d.stop(nil)
	return d.stream.Close()
}
