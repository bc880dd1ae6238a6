// Package tuf is the sandbox's TUF repository: it publishes the keys and certificates of the other servers, signed, in
// every form in which Sigstore's clients look for them. See https://theupdateframework.github.io/specification/latest/.
package tuf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// Config configures Start.
type Config struct {
	// Dir keeps the keys and the repository.
	Dir      string
	Listener net.Listener
	// Log receives what the HTTP server has to say; nil for nobody.
	Log io.Writer
	// Deployment is what clients are to trust.
	Deployment Deployment
	// Now tells the time; nil for the system's.
	Now func() time.Time
}

// Deployment names the servers that clients are to use and trust. URLs are without a slash at the end, certificates and
// keys are PEM, chains begin with the certificate that signs and end with the root.
type Deployment struct {
	// Since is from when on the keys are valid.
	Since time.Time

	Fulcio         string
	FulcioChain    []byte
	Rekor          string
	RekorKey       []byte
	CTLog          string
	CTLogKey       []byte
	Timestamp      string // with its path
	TimestampChain []byte
	OIDCIssuer     string
}

// Server is a running repository.
type Server struct {
	http *serve.Server
	root []byte
}

// Start publishes the deployment, where that differs from what was published last or will expire soon, and serves the
// repository on cfg.Listener until Close. Its errors are those of package state where the state is at fault.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	targets, err := targetsOf(cfg.Deployment)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir := filepath.Join(cfg.Dir, "repository")
	if err := state.MakeDir(filepath.Join(dir, "targets")); err != nil {
		return nil, err
	}
	keys, err := openKeys(filepath.Join(cfg.Dir, "keys"))
	if err != nil {
		return nil, err
	}
	repo := &repository{dir: dir, keys: keys, now: cfg.Now()}
	root, err := repo.publish(targets)
	if err != nil {
		return nil, err
	}
	files := http.FileServer(http.Dir(dir))
	return &Server{http: serve.HTTP(cfg.Listener, files, cfg.Log), root: root}, nil
}

// URL returns the address of the repository, which clients call the mirror.
func (s *Server) URL() string { return s.http.URL() }

// RootURL returns the address of the root metadata that a client starts from.
func (s *Server) RootURL() string { return s.URL() + "/root.json" }

// RootChecksum returns the SHA-256 of what RootURL serves, in hex.
func (s *Server) RootChecksum() string {
	sum := sha256.Sum256(s.root)
	return hex.EncodeToString(sum[:])
}

// Close stops serving.
func (s *Server) Close() error { return s.http.Close() }
