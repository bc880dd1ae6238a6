package registry

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
)

// loopback lets plain HTTP through to this machine only. go-containerregistry falls back to plain HTTP for private
// addresses too (RFC 1918), which would carry credentials in the clear over a real network.
type loopback struct {
	inner http.RoundTripper
	plain sync.Map // host of this machine -> true once it answered over plain HTTP
}

// errPlain is the answer to a try with TLS where plain HTTP was seen to work; go-containerregistry tries both.
var errPlain = errors.New("this server was seen to speak plain HTTP")

// RoundTrip implements http.RoundTripper.
func (l *loopback) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Hostname()
	switch {
	case req.URL.Scheme == "https":
		if _, known := l.plain.Load(req.URL.Host); known {
			closeBody(req)
			return nil, errPlain
		}
		return l.inner.RoundTrip(req)
	case !isLoopback(host):
		closeBody(req)
		return nil, &actions.Error{
			Code: actions.CodeTLS,
			What: fmt.Sprintf("%s is not asked over plain HTTP", req.URL.Host),
			Why:  "whoever stands between could read the password and change the image",
			Next: "use a registry with HTTPS; give a private authority's certificate with --ca-file FILE",
		}
	}
	resp, err := l.inner.RoundTrip(req)
	if err == nil {
		l.plain.Store(req.URL.Host, true)
	}
	return resp, err
}

// CloseIdleConnections closes the connections that no call uses.
func (l *loopback) CloseIdleConnections() {
	if c, ok := l.inner.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
