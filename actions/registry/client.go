// Package registry is what a person does with a container registry: resolve a reference, log in, copy an image, list
// tags, and ask what the credentials may do.
package registry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// userAgent is what registries read in their logs.
const userAgent = "sigwalk"

// Options configure a Client.
type Options struct {
	// Homes.Docker is the directory of config.json; empty for nobody's credentials at all.
	Homes actions.Homes
	// Login is used everywhere in place of the stored credentials; nil for those.
	Login     *Credentials
	Transport http.RoundTripper // from web.Transport; nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
}

// Client talks to registries with the credentials of one Docker configuration. It is safe for concurrent use.
type Client struct {
	opts      Options
	transport *loopback
	login     sync.Mutex // one change of config.json at a time
}

// New returns a client.
func New(opts Options) *Client {
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport
	}
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	return &Client{opts: opts, transport: &loopback{inner: opts.Transport}}
}

// backoff spaces four attempts after a cut connection or a server's failure: 0.1, 0.3 and 0.9 seconds apart. The
// library's waits do not end with the context, so they are short.
func backoff() remote.Backoff {
	return remote.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Jitter: 0.1, Steps: 4}
}

// worthRetrying reports whether the same call may well succeed when it is made again: after a cut connection or a
// failure that the server calls temporary. A host that does not answer at all was waited for long enough.
func worthRetrying(err error) bool {
	if errors.Is(err, errAnew) || errors.Is(err, errStalled) {
		return true
	}
	var network net.Error
	if err == nil || errors.As(err, &network) && network.Timeout() {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return false
	}
	var refusal *transport.Error
	if errors.As(err, &refusal) {
		return refusal.Temporary()
	}
	return web.CutOff(err)
}

// Remote returns the options that every use of go-containerregistry's remote package takes here: transport, keychain,
// context, user agent, retries. They bind one context, so ask anew for another.
func (c *Client) Remote(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithTransport(&modest{c.transport}),
		remote.WithAuthFromKeychain(c.Keychain()),
		remote.WithUserAgent(userAgent),
		remote.WithRetryBackoff(backoff()),
		remote.WithRetryPredicate(worthRetrying),
	}
}
