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
		return nil, &plainError{req.URL.Host}
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

// plainError is a call over plain HTTP that was not made. It is not explained here: where TLS was tried first, the
// reason why that failed says more.
type plainError struct{ host string }

// Error implements error.
func (e *plainError) Error() string { return e.host + " is not asked over plain HTTP" }

func plainRefused(host string) error {
	return &actions.Error{
		Code: actions.CodeTLS,
		What: fmt.Sprintf("%s is not asked over plain HTTP", host),
		Why:  "whoever stands between could read the password and change the image",
		Next: "use a registry with HTTPS; give a private authority's certificate with --ca-file FILE",
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

// isPrivate reports whether host is an IP address of this machine or of a private or link-local network.
func isPrivate(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}
