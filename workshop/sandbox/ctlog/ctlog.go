// Package ctlog is the sandbox's certificate transparency log: Google's CTFE (RFC 6962) in front of a ledger. Fulcio
// submits every certificate to it and embeds the signed certificate timestamp that it answers.
package ctlog

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
	"time"

	"github.com/google/certificate-transparency-go/trillian/ctfe"
	"github.com/google/certificate-transparency-go/trillian/ctfe/configpb"
	"github.com/google/trillian/crypto/keys"
	"github.com/google/trillian/crypto/keys/der"
	"github.com/google/trillian/crypto/keyspb"
	"github.com/google/trillian/monitoring"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/guard"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
)

// Name is the log's name: the last part of its URL, and of its journal in the ledger.
const Name = "trusted-artifact-signer"

// deadline bounds one request to the ledger.
const deadline = 10 * time.Second

// Config configures Start.
type Config struct {
	// Dir keeps the log's key.
	Dir string
	// Listener is where the log listens; the server closes it.
	Listener net.Listener
	// Log receives what the library has to say; nil for nobody.
	Log io.Writer
	// Ledger keeps the entries. It must be closed after the server.
	Ledger *ledger.Ledger
	// RootPEM holds the root certificates whose descendants may be logged: Fulcio's.
	RootPEM []byte
}

// Server is a running certificate transparency log.
type Server struct {
	http      *serve.Server
	publicKey []byte
	id        [sha256.Size]byte
}

// Start serves the log on cfg.Listener until Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	quiet.To(cfg.Log)
	if err := state.MakeDir(cfg.Dir); err != nil {
		return nil, err
	}
	key, err := state.Key(filepath.Join(cfg.Dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if err := s.identify(key); err != nil {
		return nil, err
	}
	handler, err := newHandler(ctx, cfg, key)
	if err != nil {
		return nil, fmt.Errorf("start the certificate transparency log: %w", err)
	}
	s.http = serve.HTTP(cfg.Listener, handler, quiet.Writer())
	return s, nil
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

func newHandler(ctx context.Context, cfg Config, key *ecdsa.PrivateKey) (http.Handler, error) {
	if len(cfg.RootPEM) == 0 {
		return nil, errors.New("no root certificate to accept")
	}
	// CTFE reads its roots from a file.
	roots := filepath.Join(cfg.Dir, "roots.pem")
	if err := state.Write(roots, cfg.RootPEM); err != nil {
		return nil, err
	}
	tree, err := cfg.Ledger.Tree(ctx, "ctlog")
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	private, err := anypb.New(&keyspb.PrivateKey{Der: pkcs8})
	if err != nil {
		return nil, err
	}
	keys.RegisterHandler(&keyspb.PrivateKey{}, der.FromProto)

	var instance *ctfe.Instance
	err = guard.Call("configure", func() error {
		valid, err := ctfe.ValidateLogConfig(&configpb.LogConfig{
			LogId:        tree.ID(),
			Prefix:       Name,
			RootsPemFile: []string{roots},
			PrivateKey:   private,
			ExtKeyUsages: []string{"CodeSigning"},
		})
		if err != nil {
			return err
		}
		instance, err = ctfe.SetUpInstance(ctx, ctfe.InstanceOptions{
			Validated:     valid,
			Client:        cfg.Ledger.Client(),
			Deadline:      deadline,
			MetricFactory: monitoring.InertMetricFactory{},
			RequestLog:    new(ctfe.DefaultRequestLog),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for path, handler := range instance.Handlers {
		mux.Handle(path, handler)
	}
	return mux, nil
}

// URL is the log's own URL, with its name: what Fulcio is told, and what stands in a trust root.
func (s *Server) URL() string { return s.http.URL() + "/" + Name }

// PublicKey is the log's key as a PKIX PEM block.
func (s *Server) PublicKey() []byte { return s.publicKey }

// LogID is the SHA-256 of the log's key in PKIX DER form (RFC 6962, section 3.2).
func (s *Server) LogID() [sha256.Size]byte { return s.id }

// Close stops the server.
func (s *Server) Close() error { return s.http.Close() }
