// Package rekor is the sandbox's Rekor, the transparency log of signatures, in front of a ledger.
package rekor

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"

	"github.com/go-openapi/loads"
	"github.com/spf13/viper"

	"github.com/sigstore/rekor/pkg/api"
	"github.com/sigstore/rekor/pkg/generated/restapi"
	"github.com/sigstore/rekor/pkg/generated/restapi/operations"
	rekorlog "github.com/sigstore/rekor/pkg/log"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1" // the kinds of entry that the log takes
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	_ "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/rfc3161/v0.0.1"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/guard"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
)

// Origin begins the log's checkpoints, before the tree's identifier. It is the same for ever: monitors know a log by it.
const Origin = "rekor.sandbox.sigwalk"

// Config configures Start.
type Config struct {
	// Dir keeps the log's key and its search index.
	Dir string
	// Listener is where Rekor listens; the server closes it.
	Listener net.Listener
	// Log receives what the library has to say; nil for nobody.
	Log io.Writer
	// Ledger keeps the entries. It must be closed after the server.
	Ledger *ledger.Ledger
}

// Server is a running Rekor.
type Server struct {
	http      *serve.Server
	publicKey []byte
	id        [sha256.Size]byte
	index     *index
}

// running guards the package variables in which Rekor keeps its API.
var running atomic.Bool

// ErrRunning is returned by Start when there is a Rekor in the process already.
var ErrRunning = errors.New("a Rekor runs in this process already, and there can be one only")

// Start serves Rekor on cfg.Listener until Close. There can be one at a time in a process.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if !running.CompareAndSwap(false, true) {
		return nil, ErrRunning
	}
	quiet.To(cfg.Log)
	quiet.Zap(rekorlog.Logger)
	s := &Server{}
	if err := guard.Call("start Rekor", func() error { return s.start(ctx, cfg) }); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, cfg Config) error {
	if err := state.MakeDir(cfg.Dir); err != nil {
		return err
	}
	keyFile := filepath.Join(cfg.Dir, "key.pem")
	key, err := state.Key(keyFile)
	if err != nil {
		return err
	}
	if err := s.identify(key); err != nil {
		return err
	}
	tree, err := cfg.Ledger.Tree(ctx, "rekor")
	if err != nil {
		return err
	}
	leaves, err := tree.Leaves(ctx, 0)
	if err != nil {
		return err
	}
	if s.index, err = openIndex(filepath.Join(cfg.Dir, "index.jsonl"), tree.ID(), leaves); err != nil {
		return err
	}

	spec, err := loads.Embedded(restapi.SwaggerJSON, restapi.FlatSwaggerJSON)
	if err != nil {
		return err
	}
	var handler http.Handler
	err = guard.WriteSettings(func() error {
		for name, value := range map[string]any{
			"rekor_server.hostname":         Origin,
			"rekor_server.signer":           keyFile,
			"trillian_log_server.address":   cfg.Ledger.Addr().IP.String(),
			"trillian_log_server.port":      cfg.Ledger.Addr().Port,
			"search_index.storage_provider": "redis",
			"redis_server.address":          s.index.redis.Host(),
			"redis_server.port":             s.index.redis.Port(),
			"redis_server.password":         s.index.password,
			"enabled_api_endpoints":         endpoints(),
		} {
			viper.Set(name, value)
		}
		handler = newHandler(spec, tree.ID())
		return nil
	})
	if err != nil {
		return err
	}
	s.http = serve.HTTP(cfg.Listener, handler, quiet.Writer())
	return nil
}

// endpoints are the operations of Rekor's API that are served: all.
func endpoints() []string {
	return []string{
		"searchIndex", "getLogInfo", "getPublicKey", "getLogProof",
		"createLogEntry", "getLogEntryByIndex", "getLogEntryByUUID", "searchLogQuery",
	}
}

// newHandler configures Rekor from viper's settings. Rekor's own constructor of a server is not used: it ends the process
// when the environment variable PORT is not a number.
func newHandler(spec *loads.Document, treeID int64) http.Handler {
	api.ConfigureAPI(treeID)
	server := &restapi.Server{}
	server.SetAPI(operations.NewRekorServerAPI(spec))
	rekor := server.GetHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Rekor looks settings up while it serves, and another server may be writing its own.
		guard.ReadSettings(func() { rekor.ServeHTTP(w, r) })
	})
}

func (s *Server) identify(key *ecdsa.PrivateKey) (err error) {
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	s.id = sha256.Sum256(spki)
	s.publicKey, err = state.PublicKeyPEM(&key.PublicKey)
	return err
}

// URL is Rekor's base URL.
func (s *Server) URL() string { return s.http.URL() }

// PublicKey is the log's key as a PKIX PEM block.
func (s *Server) PublicKey() []byte { return s.publicKey }

// LogID is the SHA-256 of the log's key in PKIX DER form; in hexadecimal it is the logID of an entry.
func (s *Server) LogID() [sha256.Size]byte { return s.id }

// Close stops the server.
func (s *Server) Close() error {
	err := errors.Join(
		s.http.Close(),
		guard.Call("stop Rekor", func() error { api.StopAPI(); return nil }),
		s.stop())
	if err != nil {
		return fmt.Errorf("stop Rekor: %w", err)
	}
	return nil
}

// stop ends what stands behind the HTTP server, as far as it was started.
func (s *Server) stop() (err error) {
	if s.index != nil {
		err = s.index.close()
	}
	running.Store(false)
	return err
}
