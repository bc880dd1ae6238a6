// Package web is how actions reach the network: one transport that trusts the person's certificate authority beside the
// system's, reports every call to an observer, and turns a failed connection into an error that says what to do.
package web

import (
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
)

// Options configure a transport.
type Options struct {
	// CAFile is a PEM file of certificate authorities trusted beside the system's; empty for none.
	CAFile string
	// Observer is told of every call; nil for nobody.
	Observer actions.Observer
	// Base carries the calls; nil for a clone of http.DefaultTransport. Tests pass a dialler that refuses.
	Base http.RoundTripper
}

// Transport returns the round tripper. It fails when CAFile cannot be read or holds no certificate.
func Transport(opts Options) (http.RoundTripper, error) {
	panic("being built")
}

// Explain turns a failure to connect (name, refused, timed out, TLS) into an *actions.Error that names target. An error
// of another kind comes back as it is.
func Explain(err error, target string) error {
	panic("being built")
}
