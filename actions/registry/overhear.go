package registry

import (
	"context"
	"io"
	"net/http"
)

// overhearer is the key of a context's listener.
type overhearer struct{}

// Overhear returns a context in which the bytes of a manifest are written to w as they arrive, beside being read by whoever
// asked for it: a manifest with a thousand signatures has megabytes, and go-containerregistry hands it out as a whole. What w
// gets was not held against any digest yet, may end anywhere, and begins anew where a request is made again. What w answers
// is not looked at.
func Overhear(ctx context.Context, w io.Writer) context.Context {
	return context.WithValue(ctx, overhearer{}, w)
}

// overheard is the body of resp, which the listener of the request's context hears, too.
func overheard(req *http.Request, resp *http.Response) io.ReadCloser {
	w, ok := req.Context().Value(overhearer{}).(io.Writer)
	if !ok || resp.StatusCode != http.StatusOK {
		return resp.Body
	}
	return &loudBody{resp.Body, w}
}

type loudBody struct {
	io.ReadCloser
	listener io.Writer
}

// Read implements io.Reader.
func (b *loudBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		_, _ = b.listener.Write(p[:n])
	}
	return n, err
}
