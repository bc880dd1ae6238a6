// Package web is how actions reach the network: one transport that trusts the person's certificate authority beside the
// system's, reports every call to an observer, and turns a failed connection into an error that says what to do.
package web

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// How long a connection may take before the host counts as unreachable, and how long a server may think about an
// answer once it has the whole request. The second is generous: a registry answers the end of an upload only when it
// has stored the layer, and a transparency log when it has sequenced the entry.
const (
	DialTimeout     = 8 * time.Second
	TLSTimeout      = 8 * time.Second
	ResponseTimeout = 60 * time.Second
)

// Options configure a transport.
type Options struct {
	// CAFile is a PEM file of certificate authorities trusted beside the system's; empty for none.
	CAFile string
	// Observer is told of every call; nil for nobody.
	Observer actions.Observer
	// Base carries the calls; nil for a transport of our own that takes proxies from the environment. Tests pass a
	// dialler that refuses. With CAFile it must be an *http.Transport, which is cloned.
	Base http.RoundTripper
	// Clock times the calls.
	Clock actions.Clock
}

// Transport returns the round tripper. It fails with CodeUsage when CAFile cannot be read or holds no certificate.
// The result has a CloseIdleConnections method, as http.Client expects of a transport.
func Transport(opts Options) (http.RoundTripper, error) {
	base := opts.Base
	if base == nil {
		base = newBase()
	}
	if opts.CAFile != "" {
		inner, ok := base.(*http.Transport)
		if !ok {
			return nil, &actions.Error{
				Code: actions.CodeInternal,
				What: "certificate authorities cannot be added to the transport",
				Why:  fmt.Sprintf("it is a %T and not an *http.Transport", base),
			}
		}
		pool, err := poolWith(opts.CAFile)
		if err != nil {
			return nil, err
		}
		clone := inner.Clone()
		if clone.TLSClientConfig == nil {
			clone.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		clone.TLSClientConfig.RootCAs = pool
		base = clone
	}
	if opts.Observer == nil {
		return base, nil
	}
	return &reporter{inner: base, observer: opts.Observer, clock: opts.Clock}, nil
}

func newBase() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: DialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   TLSTimeout,
		ResponseHeaderTimeout: ResponseTimeout,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		// One action talks to two hosts at most, with up to 64 calls at once (verification, of what hangs off an index). A
		// connection that is not kept costs a round trip, or three.
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
		// Layers are streamed through: fewer, larger system calls.
		WriteBufferSize: 64 << 10,
		ReadBufferSize:  64 << 10,
	}
}

// poolWith returns the system's certificate authorities and those of file.
func poolWith(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: fmt.Sprintf("the file of certificate authorities %s cannot be read", file),
			Next: "check the path given with --ca-file",
			Err:  err,
		}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		// A system without a store of its own: then only the file counts.
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: fmt.Sprintf("the file of certificate authorities %s holds no certificate", file),
			Why:  "no block that begins with -----BEGIN CERTIFICATE----- could be read from it",
			Next: "give --ca-file a PEM file with the certificate of the authority itself",
		}
	}
	return pool, nil
}

// reporter tells an observer of each call.
type reporter struct {
	inner    http.RoundTripper
	observer actions.Observer
	clock    actions.Clock
}

// RoundTrip implements http.RoundTripper.
func (r *reporter) RoundTrip(req *http.Request) (*http.Response, error) {
	call := actions.Call{
		Method:   req.Method,
		Host:     req.URL.Host,
		Path:     req.URL.Path,
		At:       r.clock.Now(),
		Sent:     req.ContentLength,
		Received: -1,
	}
	if req.ContentLength == 0 && req.Body != nil && req.Body != http.NoBody {
		call.Sent = -1
	}
	resp, err := r.inner.RoundTrip(req)
	call.Took = r.clock.Now().Sub(call.At)
	if err != nil {
		call.Err = err.Error()
	} else {
		call.Status, call.Received = resp.StatusCode, resp.ContentLength
	}
	tell := func(call actions.Call) { r.observer.Event(req.Context(), call) }
	if err == nil && resp.ContentLength < 0 && resp.Body != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		// The answer does not say how long it is: that is known when it was read.
		resp.Body = &counting{ReadCloser: resp.Body, call: call, tell: tell}
		return resp, nil
	}
	tell(call)
	return resp, err
}

// counting is the body of an answer whose length is told when it ends. It may be closed while it is read.
type counting struct {
	io.ReadCloser
	call  actions.Call
	tell  func(actions.Call)
	count atomic.Int64
	once  sync.Once
}

// Read implements io.Reader.
func (c *counting) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.count.Add(int64(n))
	if err != nil {
		c.end()
	}
	return n, err
}

// Close implements io.Closer.
func (c *counting) Close() error {
	c.end()
	return c.ReadCloser.Close()
}

func (c *counting) end() {
	c.once.Do(func() {
		c.call.Received = c.count.Load()
		c.tell(c.call)
	})
}

// CloseIdleConnections closes the connections that no call uses.
func (r *reporter) CloseIdleConnections() {
	if c, ok := r.inner.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
