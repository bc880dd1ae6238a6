// Package signing signs container images without a key that lasts: an ephemeral key, a certificate from Fulcio for an
// identity token, a time stamp, an entry in Rekor, and a signature attached beside the image without losing a
// neighbour's.
package signing

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// Options configure a Signer.
type Options struct {
	Registry  *registry.Client
	Trust     *trust.Client
	Endpoints actions.Endpoints
	Homes     actions.Homes
	Transport http.RoundTripper
	Observer  actions.Observer
	Clock     actions.Clock
}

// Signer signs images. It is safe for concurrent use.
type Signer struct{ opts Options }

// New returns a signer.
func New(opts Options) *Signer { return &Signer{opts} }

// Request says what to sign as whom.
type Request struct {
	// Image is a reference; a tag is resolved once and its digest is signed.
	Image string
	// Token is the identity token.
	Token actions.Secret
	// Consented is true when the person agreed beforehand to the transparency log's notice (--yes); else the observer is
	// asked, before anything is sent.
	Consented   bool
	Annotations map[string]string
}

// Result is what signing left behind.
type Result struct {
	Image       name.Reference // as asked for
	Digest      name.Digest    // what was signed
	ByTag       bool           // a tag was given
	Certificate *x509.Certificate
	Subject     string
	Issuer      string
	LogIndex    int64 // 0 is a real index
	LogID       string
	Integrated  time.Time
	Timestamp   time.Time // RFC 3161; zero without a timestamp authority
	Signature   name.Reference
	// Total is how many signatures the tag holds now; Restored how many that others had overwritten were put back.
	Total, Restored int
}

// SignWithToken signs an image. It reports the stages "resolve", "key", "identity", "certificate", "sct", "signature",
// "timestamp", "log" and "push". When it fails nothing is attached.
func (s *Signer) SignWithToken(ctx context.Context, req Request) (*Result, error) {
	panic("being built")
}
