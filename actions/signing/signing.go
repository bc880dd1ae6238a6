// Package signing signs container images: without a key that lasts (an ephemeral key, and a certificate from Fulcio for an
// identity token) or with a key pair; with a time stamp, an entry in Rekor, and a signature attached beside the image
// without losing a neighbour's.
package signing

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// Options configure a Signer.
type Options struct {
	Registry  *registry.Client
	Trust     *trust.Client
	Endpoints actions.Endpoints
	// Homes.Attached is where the signatures that were attached are remembered, and where the processes that share it
	// wait for each other; empty to do neither.
	Homes     actions.Homes
	Transport http.RoundTripper // nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
}

// Signer signs images. It is safe for concurrent use.
type Signer struct {
	opts   Options
	client *http.Client
}

// New returns a signer.
func New(opts Options) *Signer {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport
	}
	return &Signer{opts: opts, client: &http.Client{Transport: opts.Transport}}
}

// Request says what to sign, and with what.
type Request struct {
	// Image is a reference; a tag is resolved once and its digest is signed.
	Image string
	// Token is the identity token, for SignWithToken.
	Token actions.Secret
	// SignIn gets the token where there is none yet, for SignWithToken: it is called once the notice was agreed to, the
	// image was found and the registry has said that the signature can be pushed, so that nobody logs in in vain.
	SignIn func(ctx context.Context, digest name.Digest) (actions.Secret, error)
	// Key is the key pair, for SignWithKey.
	Key *keys.Key
	// Consented is true when the person agreed beforehand to the transparency log's notice (--yes); else the observer is
	// asked, before anything is sent.
	Consented   bool
	Annotations map[string]string
	// SkipLog leaves the transparency log out (--tlog-upload=false). Whoever verifies has to leave it out, too.
	SkipLog bool
}

// Result is what signing left behind.
type Result struct {
	Image  name.Reference // as asked for
	Digest name.Digest    // what was signed
	ByTag  bool           // a tag was given

	// Who signed: a certificate for a subject that an issuer vouches for, or a key from KeyReference.
	Certificate  *x509.Certificate
	Subject      string
	Issuer       string
	PublicKey    crypto.PublicKey
	KeyReference string

	LogIndex   int64 // 0 is a real index
	LogID      string
	Integrated time.Time // zero when nothing was written to the log
	Timestamp  time.Time // RFC 3161; zero without a timestamp authority
	Signature  name.Reference
	// Total is how many signatures the tag holds now; Restored how many that others had overwritten were put back.
	Total, Restored int
}

// SignWithToken signs an image. It reports the stages "resolve", "key", "identity", "certificate", "sct", "signature",
// "timestamp", "log" and "push". When it fails nothing is attached.
//
// What needs nobody's answer is checked first, and the registry is asked for the right to push before the public log is
// written: an entry there cannot be taken back.
func (s *Signer) SignWithToken(ctx context.Context, req Request) (*Result, error) {
	return s.sign(ctx, req, &keyless{s})
}

// SignWithKey signs an image with a key pair. It reports the stages "resolve", "key-pair", "signature", "timestamp", "log"
// and "push", and is otherwise as SignWithToken. It fails with CodeKeyUnreadable for a key whose signatures cosign could
// not verify.
func (s *Signer) SignWithKey(ctx context.Context, req Request) (*Result, error) {
	return s.sign(ctx, req, &keyed{s})
}

func (s *Signer) warn(ctx context.Context, text string) {
	s.opts.Observer.Event(ctx, actions.Note{Level: actions.NoteWarning, Text: text})
}

// explain says why the registry did not take the signature.
func (s *Signer) explain(ctx context.Context, err error, tag name.Tag) error {
	if errors.Is(err, errNoSignatures) {
		return &actions.Error{
			Code: actions.CodeNotAnImage,
			What: tag.Name() + " holds something else than signatures",
			Why:  err.Error(),
			Next: "nothing was changed. Look what it is (crane manifest " + tag.Name() + "); whoever put it there must move it",
			Err:  err,
		}
	}
	return s.opts.Registry.ExplainPush(ctx, err, tag.Name())
}
