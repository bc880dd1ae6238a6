// Package trust fetches and reads the trust root of a Sigstore deployment: what TUF delivers, and which authorities and
// log keys it holds.
//
// The cache is laid out as cosign 2.6 and 3 lay it out (sigstore-go's pkg/tuf): remote.json names the mirror, and a
// directory named after the mirror holds the metadata and the targets. What they write is read here, and what is written
// here they read. The root that sigstore's libraries embed is used for the public mirror alone.
package trust

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// InitializeRequest says where the trust root comes from.
type InitializeRequest struct {
	// Mirror is the URL of the TUF repository. When it is empty, mirror, root and checksum are those of the client's
	// endpoints.
	Mirror string
	// Root is a file or URL of the initial root.json; empty for Mirror's own root.json.
	Root string
	// Checksum is the SHA-256 of the initial root in hex that the person pins; empty to trust on first use. As in cosign
	// it may start with "sha256:", or with "sha512:" and be a SHA-512.
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
	// Checksum is the SHA-256, in hex, of the root that trust started from. For a cache that another tool filled it is
	// that of the oldest root in the cache, which is the one it started from unless the root was rotated since.
	Checksum string
	// Pinned is true when the person gave the checksum beforehand.
	Pinned bool
	// Roles has the keys "root.json", "snapshot.json", "targets.json" and "timestamp.json".
	Roles   map[string]Role
	Targets []string // sorted
	// Imported is set for a trust root that was brought by hand. Then there is neither mirror nor role, and Checksum is
	// that of its trusted_root.json.
	Imported *Imported
	// Contents is what the trusted root holds, expired or not; nil when it cannot be read or is not what TUF vouches for.
	Contents *Contents
}

// Expires returns when the first of the roles expires.
func (s *Status) Expires() time.Time {
	var first time.Time
	for _, role := range s.Roles {
		if first.IsZero() || role.Expires.Before(first) {
			first = role.Expires
		}
	}
	return first
}

// Options configure a Client.
type Options struct {
	Homes     actions.Homes
	Endpoints actions.Endpoints
	Transport http.RoundTripper // nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
}

// Client reads and writes one TUF cache, laid out so that cosign 2 and 3 use it too. It is safe for concurrent use.
type Client struct {
	opts Options

	mu     sync.Mutex
	cached *material
}

// material is a trusted root with what it was read from.
type material struct {
	root    *root.TrustedRoot
	print   string    // fingerprint of the files it was read from
	expires time.Time // when the metadata that vouches for it expires
}

// New returns a client.
func New(opts Options) *Client {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport
	}
	if opts.Homes.TUF != "" {
		opts.Homes.TUF = filepath.Clean(opts.Homes.TUF)
	}
	return &Client{opts: opts}
}

func (c *Client) note(ctx context.Context, level actions.NoteLevel, text string) {
	c.opts.Observer.Event(ctx, actions.Note{Level: level, Text: text})
}
