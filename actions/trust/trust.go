// Package trust fetches and reads the trust root of a Sigstore deployment: what TUF delivers, and which authorities and
// log keys it holds.
package trust

import (
	"context"
	"net/http"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// InitializeRequest says where the trust root comes from.
type InitializeRequest struct {
	Mirror string
	// Root is a file or URL of the initial root.json; empty for Mirror's own root.json.
	Root string
	// Checksum is the SHA-256 of the initial root in hex that the person pins; empty to trust on first use.
	Checksum string
}

// Role is the state of one TUF role as cosign prints it.
type Role struct {
	Version int64
	Length  int64
	Expires time.Time
}

// Status is what is in the TUF cache.
type Status struct {
	Local  string // directory of the cache
	Remote string // mirror it came from
	// Checksum is the SHA-256, in hex, of the root that trust started from.
	Checksum string
	Pinned   bool
	// Roles has the keys "root.json", "snapshot.json", "targets.json" and "timestamp.json".
	Roles   map[string]Role
	Targets []string // sorted
}

// Options configure a Client.
type Options struct {
	Homes     actions.Homes
	Endpoints actions.Endpoints
	Transport http.RoundTripper
	Observer  actions.Observer
	Clock     actions.Clock
}

// Client reads and writes one TUF cache, laid out so that cosign 2 and 3 use it too.
type Client struct{ opts Options }

// New returns a client.
func New(opts Options) *Client { return &Client{opts} }

// Initialize fetches the trust root. A cache that works is replaced only when the new one is complete.
func (c *Client) Initialize(ctx context.Context, req InitializeRequest) (*Status, error) {
	panic("being built")
}

// Status reads the cache without the network, whoever filled it. It returns CodeNoTrustRoot when there is none.
func (c *Client) Status(ctx context.Context) (*Status, error) { panic("being built") }

// Material returns the trusted root of the cache, refreshed from the mirror when its metadata has expired.
func (c *Client) Material(ctx context.Context) (*root.TrustedRoot, error) { panic("being built") }
