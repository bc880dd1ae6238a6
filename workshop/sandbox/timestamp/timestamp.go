// Package timestamp is the sandbox's timestamp authority (RFC 3161): Sigstore's, on a mux of ours. Its own REST server
// cannot be linked, because it registers the same command-line flags as Rekor's.
package timestamp

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"

	"github.com/go-openapi/runtime"
	"github.com/go-openapi/runtime/middleware"
	"github.com/sigstore/timestamp-authority/v2/pkg/api"
	"github.com/sigstore/timestamp-authority/v2/pkg/generated/restapi/operations/timestamp"
	tsalog "github.com/sigstore/timestamp-authority/v2/pkg/log"
	"github.com/spf13/viper"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/guard"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

const (
	// Path is where timestamps are asked for, below the server's address.
	Path      = "/api/v1/timestamp"
	chainPath = Path + "/certchain"

	// policy is the object identifier under which Sigstore's authority issues timestamps.
	policy = "1.3.6.1.4.1.57264.2"

	// maxRequest bounds a request in bytes, as Sigstore's own server does.
	maxRequest = 1 << 20
)

// Config configures Start.
type Config struct {
	// Dir keeps keys and certificates.
	Dir string
	// Listener is where the authority listens; the server closes it.
	Listener net.Listener
	// Log receives what the library has to say; nil for nobody.
	Log io.Writer
}

// Server is a running timestamp authority.
type Server struct {
	http  *serve.Server
	chain []byte
}

// Start serves the authority on cfg.Listener until Close. There can be one in a process.
func Start(_ context.Context, cfg Config) (*Server, error) {
	quiet.To(cfg.Log)
	quiet.Zap(tsalog.Logger)
	chain, err := openChain(cfg.Dir)
	if err != nil {
		return nil, err
	}
	err = guard.Call("start the timestamp authority", func() error {
		return guard.WriteSettings(func() error {
			for key, value := range map[string]any{
				"timestamp-signer":         "file",
				"timestamp-signer-hash":    "sha256",
				"file-signer-key-path":     filepath.Join(cfg.Dir, keyFile),
				"certificate-chain-path":   filepath.Join(cfg.Dir, chainFile),
				"enforce-intermediate-eku": true,
				"default-policy-oid":       policy,
				"accepted-policy-oids":     []string{policy},
			} {
				viper.Set(key, value)
			}
			api.ConfigureAPI()
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return &Server{http: serve.HTTP(cfg.Listener, newMux(), quiet.Writer()), chain: chain}, nil
}

func newMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+Path, func(w http.ResponseWriter, r *http.Request) {
		respond(w, runtime.ByteStreamProducer(), "application/timestamp-reply",
			api.TimestampResponseHandler(timestamp.GetTimestampResponseParams{
				HTTPRequest: r,
				Request:     http.MaxBytesReader(w, r.Body, maxRequest),
			}))
	})
	mux.HandleFunc("GET "+chainPath, func(w http.ResponseWriter, r *http.Request) {
		respond(w, runtime.TextProducer(), "application/pem-certificate-chain",
			api.GetTimestampCertChainHandler(timestamp.GetTimestampCertChainParams{HTTPRequest: r}))
	})
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, ".") })
	return mux
}

// respond writes what a handler returned. A failure is text: its type cannot be written by the producer of an answer.
func respond(w http.ResponseWriter, producer runtime.Producer, contentType string, result middleware.Responder) {
	switch result.(type) {
	case *timestamp.GetTimestampResponseOK, *timestamp.GetTimestampCertChainOK:
		w.Header().Set("Content-Type", contentType)
	default:
		w.Header().Set("Content-Type", runtime.JSONMime)
		producer = runtime.JSONProducer()
	}
	result.WriteResponse(w, producer)
}

// URL is where timestamps are asked for, with its path: what cosign is told.
func (s *Server) URL() string { return s.http.URL() + Path }

// ChainPEM is the authority's certificate chain: the certificate that signs, the intermediate and the root.
func (s *Server) ChainPEM() []byte { return s.chain }

// Close stops the server.
func (s *Server) Close() error { return s.http.Close() }

const (
	keyFile   = "key.pem"
	chainFile = "timestamping.pem"
)

// openChain returns the certificate chain in dir in PEM form, or makes it.
func openChain(dir string) ([]byte, error) {
	ca, err := state.OpenAuthority(dir, "timestamp authority", x509.ExtKeyUsageTimeStamping)
	if err != nil {
		return nil, err
	}
	key, err := state.Key(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, chainFile)
	certs, err := state.Certificates(path)
	switch {
	case err == nil:
		return state.CertificatesPEM(certs...), nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	cert, err := issue(ca, &key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("issue the certificate of the timestamp authority: %w", err)
	}
	chain := state.CertificatesPEM(cert, ca.Intermediate, ca.Root)
	return chain, state.Write(path, chain)
}

// issue makes the certificate that signs timestamps. RFC 3161, section 2.3, wants its one extended key usage critical,
// which Go's own field for it cannot say.
func issue(ca *state.Authority, key *ecdsa.PublicKey) (*x509.Certificate, error) {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, err
	}
	return state.Certify(&x509.Certificate{
		Subject:         pkix.Name{CommonName: "timestamp authority signer", Organization: []string{state.Organization}},
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}, ca.Intermediate, key, ca.Key)
}
