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
	// Repository is where signatures and attestations are put in place of the image's own repository, as COSIGN_REPOSITORY; empty for
	// there. Bundles refer to the image and stay beside it, as cosign's do.
	Repository string
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
	Consented bool
	// Attestation is what is said about the image; nil to sign the image itself.
	Attestation *Attestation
	// Annotations are signed with the image. An attestation has none.
	Annotations map[string]string
	// Form is how the signature is kept; empty for FormTag.
	Form Form
	// SkipLog leaves the transparency log out (--tlog-upload=false). Whoever verifies has to leave it out, too.
	SkipLog bool
	// SkipAttach leaves an attestation with who asked, in Result.Envelope: the log, the timestamp authority and the registry get
	// nothing (--no-upload). For FormTag alone.
	SkipAttach bool
}

// Form is how a signature is kept.
type Form string

// The forms.
const (
	FormTag    Form = "tag"    // a layer at the tag sha256-<hex>.sig or .att, which cosign 2 writes and both read
	FormBundle Form = "bundle" // a Sigstore bundle that refers to the image, which cosign 3 writes and both read
)

// content is what is signed, and the form in which it is kept.
func (s *Signer) content(req Request) (content, error) {
	if req.Attestation != nil {
		if _, err := req.Attestation.predicateType(); err != nil {
			return nil, err
		}
	}
	if req.Form != FormBundle && req.Attestation == nil {
		return &image{annotations: req.Annotations}, nil
	}
	statement := signedStatement{entryType: EntryDSSE}
	if req.Attestation != nil && req.Attestation.EntryType != "" {
		statement.entryType = req.Attestation.EntryType
	}
	if req.Form == FormBundle {
		if statement.entryType == EntryInToto {
			return nil, notInBundle()
		}
		return &bundled{
			signedStatement: statement, says: req.Attestation, annotations: req.Annotations, now: s.opts.Clock.Now,
		}, nil
	}
	return &attested{signedStatement: statement, says: req.Attestation, now: s.opts.Clock.Now}, nil
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
	// PredicateType is what an attestation is about; empty for the signature of an image.
	PredicateType string
	// Envelope is the signed attestation (DSSE), where it was asked to be attached nowhere.
	Envelope []byte
	// Signature is the tag that holds it, or the manifest of a bundle.
	Signature name.Reference
	// Total is how many the tag holds now, 0 where the registry keeps the list itself; Restored how many that others had
	// overwritten were put back.
	Total, Restored int
}

// SignWithToken signs an image, or what is said about it. It reports the stages "resolve", "key", "identity",
// "certificate", "sct", "signature", "timestamp", "log" and "push". When it fails nothing is attached.
//
// What needs nobody's answer is checked first, and the registry is asked for the right to push before the public log is
// written: an entry there cannot be taken back.
func (s *Signer) SignWithToken(ctx context.Context, req Request) (*Result, error) {
	return s.sign(ctx, req, &keyless{s})
}

// SignWithKey signs with a key pair. It reports the stages "resolve", "key-pair", "signature", "timestamp", "log"
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
		return notAList(tag, err)
	}
	return s.opts.Registry.ExplainPush(ctx, err, tag.Name())
}
