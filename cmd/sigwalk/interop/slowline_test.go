//go:build interop

package interop

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// slowLine is a way to a registry on which the push of a manifest takes effect late: not before it is released, and then
// within spread, in another order than they were sent. It stands for a laptop that is far away.
type slowLine struct {
	host string // to name instead of the registry's

	mu   sync.Mutex
	open chan struct{} // closed when pushes may take effect
}

// spread is over how long the pushes of a slow line take effect.
const spread = time.Second

func newSlowLine(t *testing.T, registry string) *slowLine {
	t.Helper()
	l := &slowLine{}
	l.hold()()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: registry})
		r.Out.Host = r.In.Host // so that what it redirects to is on this line, too
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			select {
			case <-l.released():
			case <-r.Context().Done():
				return
			}
			time.Sleep(rand.N(spread)) // each arrives at a time of its own: that is what a line does
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	l.host = strings.TrimPrefix(server.URL, "http://")
	return l
}

// hold keeps pushes from taking effect until release is called.
func (l *slowLine) hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := make(chan struct{})
	l.open = open
	return func() { close(open) }
}

func (l *slowLine) released() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}
