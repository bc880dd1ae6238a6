package registry

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// maxManifest is how many bytes of a manifest, or of a list of referrers, are read: about 8,000 signatures in one. A
// registry that sends more is not listened to any longer.
const maxManifest = 32 << 20

// maxRefusal is how many bytes of an answer that is a refusal are read: it explains itself in a few hundred.
const maxRefusal = 32 << 10

// modest bounds what a registry can make us keep: go-containerregistry would read 100 MiB of a manifest and all of a list of tags,
// and take a refusal that is longer than 64 KiB for none.
type modest struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (m *modest) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.RoundTripper.RoundTrip(req)
	switch {
	case err != nil:
		return resp, err
	case resp.StatusCode >= http.StatusBadRequest:
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxRefusal), resp.Body}
		return resp, nil
	case req.Method != http.MethodGet || !isList(req.URL.Path):
		return resp, nil
	}
	if resp.ContentLength > maxManifest {
		_ = resp.Body.Close()
		return nil, tooLarge(req)
	}
	resp.Body = &limited{overheard(req, resp), maxManifest, req}
	return resp, nil
}

// isList is true for the answers that are kept whole.
func isList(path string) bool {
	return strings.Contains(path, "/manifests/") || strings.Contains(path, "/referrers/") ||
		strings.HasSuffix(path, "/tags/list") || strings.HasSuffix(path, "/_catalog")
}

// CloseIdleConnections closes the connections that no call uses.
func (m *modest) CloseIdleConnections() {
	if c, ok := m.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// limited is a body that is given up when it is too long.
type limited struct {
	io.ReadCloser
	left int64
	req  *http.Request
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, tooLarge(l.req)
	}
	return n, err
}

func tooLarge(req *http.Request) error {
	return &actions.Error{
		Code: actions.CodeManifestTooLarge, What: fmt.Sprintf("the answer to GET %s is refused", req.URL.Path),
		Why:  fmt.Sprintf("it has more than the %d bytes that are read of a manifest or a list", int64(maxManifest)),
		Next: "ask whoever runs the registry what was stored there", Err: errors.New("manifest too large"),
	}
}
