// Package fulcio is the sandbox's Fulcio: it issues a short-lived certificate for the identity in an OpenID Connect
// token, with a signed certificate timestamp from the certificate transparency log.
package fulcio

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc"

	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/fulcio/pkg/config"
	fulciolog "github.com/sigstore/fulcio/pkg/log"
	"github.com/sigstore/fulcio/pkg/server"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/guard"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// Issuer is an OpenID Connect provider whose tokens Fulcio accepts.
type Issuer struct {
	URL      string
	ClientID string // the audience that a token must have
	Type     string // Fulcio's name for what a token says; "email" when empty
	Domain   string // of the subjects: the subject domain of uri and username, the trust domain of spiffe; else empty
	CA       string // certificate authorities in PEM form, beside the system's; empty for none
	// Absent lets Fulcio start while the issuer does not answer discovery; it is asked again when a token of it comes.
	Absent bool
}

// UnansweredError is an issuer that must answer discovery and does not.
type UnansweredError struct{ Issuer string }

// Error implements error.
func (e *UnansweredError) Error() string {
	return "the identity provider " + e.Issuer + " does not answer discovery"
}

// Authority is Fulcio's certificate authority. It exists before the server does, because the certificate transparency
// log has to know its root.
type Authority struct{ *state.Authority }

// OpenAuthority returns the certificate authority in dir, or makes it.
func OpenAuthority(dir string) (*Authority, error) {
	opened, err := state.OpenAuthority(dir, "fulcio", x509.ExtKeyUsageCodeSigning)
	if err != nil {
		return nil, fmt.Errorf("open Fulcio's certificate authority: %w", err)
	}
	return &Authority{opened}, nil
}

// RootPEM is the root certificate.
func (a *Authority) RootPEM() []byte { return state.CertificatesPEM(a.Root) }

// Config configures Start.
type Config struct {
	// Authority signs the certificates.
	Authority *Authority
	// Listener is where Fulcio listens; the server closes it.
	Listener net.Listener
	// Log receives what the library has to say; nil for nobody.
	Log io.Writer
	// CTLog is the URL of the certificate transparency log, and CTLogKey its public key in PEM form, with which Fulcio
	// checks what the log answers.
	CTLog    string
	CTLogKey []byte
	// Issuers must answer discovery when Start is called, unless they may be absent.
	Issuers []Issuer
}

// Server is a running Fulcio.
type Server struct {
	http    *serve.Server
	chain   []byte
	grpc    *grpc.Server
	conn    *grpc.ClientConn
	ct      *http.Transport
	serving sync.WaitGroup
}

// Start serves Fulcio on cfg.Listener until Close. It fails when an issuer does not answer.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	quiet.To(cfg.Log)
	quiet.Zap(fulciolog.Logger)
	s := &Server{chain: cfg.Authority.ChainPEM()}
	err := guard.Call("start Fulcio", func() error { return s.start(ctx, cfg) })
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, cfg Config) error {
	issuers, err := readIssuers(cfg.Issuers)
	if err != nil {
		return err
	}
	algorithms, err := signature.NewAlgorithmRegistryConfig([]v1.PublicKeyDetails{
		v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
		v1.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512,
		v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
		v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
		v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
		v1.PublicKeyDetails_PKIX_ED25519,
	})
	if err != nil {
		return err
	}
	s.ct = http.DefaultTransport.(*http.Transport).Clone()
	s.ct.Proxy = nil // the log is on loopback, whatever the environment says
	log, err := ctclient.New(cfg.CTLog, &http.Client{Transport: s.ct, Timeout: 30 * time.Second}, jsonclient.Options{
		Logger:    printer{},
		PublicKey: string(cfg.CTLogKey),
	})
	if err != nil {
		return err
	}
	authority := &baseca.BaseCA{SignerWithChain: &ca.SignerCerts{
		Signer: cfg.Authority.Key,
		Certs:  []*x509.Certificate{cfg.Authority.Intermediate, cfg.Authority.Root},
	}}
	handler, err := s.gateway(ctx, issuers, server.NewGRPCCAServer(log, authority, algorithms, server.NewIssuerPool(issuers)))
	if err != nil {
		return err
	}
	s.http = serve.HTTP(cfg.Listener, handler, quiet.Writer())
	return nil
}

// readIssuers asks every issuer for its keys. Fulcio itself only logs when one does not answer, and refuses tokens later.
func readIssuers(issuers []Issuer) (*config.FulcioConfig, error) {
	accepted := map[string]config.OIDCIssuer{}
	for _, issuer := range issuers {
		kind := issuer.Type
		if kind == "" {
			kind = config.IssuerTypeEmail
		}
		entry := config.OIDCIssuer{
			IssuerURL: issuer.URL, ClientID: issuer.ClientID, Type: config.IssuerType(kind), CACert: issuer.CA,
		}
		if kind == config.IssuerTypeSpiffe {
			entry.SPIFFETrustDomain = issuer.Domain
		} else {
			entry.SubjectDomain = issuer.Domain
		}
		accepted[issuer.URL] = entry
	}
	data, err := json.Marshal(config.FulcioConfig{OIDCIssuers: accepted})
	if err != nil {
		return nil, err
	}
	read, err := config.Read(data)
	if err != nil {
		return nil, err
	}
	for _, issuer := range issuers {
		if issuer.Absent {
			continue
		}
		if _, ok := read.GetVerifier(issuer.URL); !ok {
			return nil, &UnansweredError{issuer.URL}
		}
	}
	return read, nil
}

// URL is Fulcio's base URL.
func (s *Server) URL() string { return s.http.URL() }

// ChainPEM is the certificate chain above every certificate that Fulcio issues: intermediate, then root.
func (s *Server) ChainPEM() []byte { return s.chain }

// Close stops the server.
func (s *Server) Close() error {
	return errors.Join(s.http.Close(), s.stop())
}

// stop ends what stands behind the HTTP server, as far as it was started.
func (s *Server) stop() (err error) {
	if s.conn != nil {
		err = s.conn.Close()
	}
	if s.grpc != nil {
		s.grpc.Stop()
	}
	s.serving.Wait()
	if s.ct != nil {
		s.ct.CloseIdleConnections()
	}
	return err
}

// printer sends what the client of the certificate transparency log has to say where everything goes.
type printer struct{}

// Printf implements jsonclient.Logger.
func (printer) Printf(format string, args ...any) {
	fulciolog.Logger.Infof(format, args...)
}
