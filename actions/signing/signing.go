// Package signing signs container images without a key that lasts: an ephemeral key, a certificate from Fulcio for an
// identity token, a time stamp, an entry in Rekor, and a signature attached beside the image without losing a
// neighbour's.
package signing

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
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

// work is one signature in the making.
type work struct {
	request   Request
	result    Result
	trusted   *root.TrustedRoot
	token     *identity.Token
	key       key
	issued    *issued
	payload   []byte
	tag       name.Tag
	signature []byte
	options   []static.Option
	prepared  *prepared
}

// SignWithToken signs an image. It reports the stages "resolve", "key", "identity", "certificate", "sct", "signature",
// "timestamp", "log" and "push". When it fails nothing is attached.
//
// What needs nobody's answer is checked first, and the registry is asked for the right to push before the public log is
// written: an entry there cannot be taken back.
func (s *Signer) SignWithToken(ctx context.Context, req Request) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &work{request: req}
	defer func() {
		cancel()
		if w.prepared != nil {
			<-w.prepared.done // nothing goes on after the answer
		}
	}()
	if err := s.consent(ctx, req.Consented); err != nil {
		return nil, err
	}
	var err error
	if w.trusted, err = s.opts.Trust.Material(ctx); err != nil {
		return nil, err
	}
	stages := []struct {
		id, title string
		run       func(context.Context, *work) (string, error)
	}{
		{"resolve", "Find the digest of the image", s.resolve},
		{"key", "Make a key for this signature alone", s.makeKey},
		{"identity", "Read the identity token", s.readToken},
		{"certificate", "Get a certificate from Fulcio", s.getCertificate},
		{"sct", "Check the certificate and its promise of transparency (SCT)", s.checkCertificate},
		{"signature", "Sign", s.signPayload},
		{"timestamp", "Get a signed time stamp", s.getTimestamp},
		{"log", "Write to the transparency log", s.writeLog},
		{"push", "Attach the signature to the image", s.attachSignature},
	}
	for _, stage := range stages {
		if stage.id == "timestamp" && s.opts.Endpoints.Timestamp == "" {
			s.opts.Observer.Event(ctx, actions.Stage{
				ID: stage.id, Title: stage.title, State: actions.StageSkipped, Detail: "no timestamp authority is set", At: s.opts.Clock.Now(),
			})
			continue
		}
		err := actions.RunStage(ctx, s.opts.Observer, s.opts.Clock, stage.id, stage.title, func(ctx context.Context) (string, error) {
			return stage.run(ctx, w)
		})
		if err != nil {
			return nil, err
		}
	}
	return &w.result, nil
}

func (s *Signer) note(ctx context.Context, level actions.NoteLevel, text string) {
	s.opts.Observer.Event(ctx, actions.Note{Level: level, Text: text})
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

func (s *Signer) resolve(ctx context.Context, w *work) (string, error) {
	resolved, err := s.opts.Registry.Resolve(ctx, w.request.Image)
	if err != nil {
		return "", err
	}
	w.result.Image, w.result.Digest, w.result.ByTag = resolved.Reference, resolved.Digest, resolved.ByTag
	claims := payload.Cosign{Image: resolved.Digest}
	if len(w.request.Annotations) > 0 {
		claims.Annotations = make(map[string]any, len(w.request.Annotations))
		for k, v := range w.request.Annotations {
			claims.Annotations[k] = v
		}
	}
	if w.payload, err = json.Marshal(claims); err != nil {
		return "", err
	}
	tag, err := signatureTag(resolved.Digest)
	if err != nil {
		return "", err
	}
	w.result.Signature = tag
	w.tag = tag
	return resolved.Digest.DigestStr(), nil
}

func (s *Signer) makeKey(_ context.Context, w *work) (string, error) {
	var err error
	w.key, err = newKey()
	return "ECDSA P-256", err
}

func (s *Signer) readToken(ctx context.Context, w *work) (string, error) {
	var err error
	w.token, err = s.checkToken(w.request.Token)
	if err != nil {
		return "", err
	}
	if w.prepared, err = s.prepare(ctx, w.tag, w.payload); err != nil {
		return "", err
	}
	who := w.token.Email
	if who == "" {
		who = w.token.Subject
	}
	return who + ", by " + w.token.Issuer, nil
}

func (s *Signer) getCertificate(ctx context.Context, w *work) (string, error) {
	var err error
	if w.issued, err = s.certify(ctx, w.key, w.token); err != nil {
		return "", err
	}
	w.result.Certificate = w.issued.leaf
	w.result.Subject, w.result.Issuer, err = w.issued.identity()
	w.options = append(w.options, static.WithCertChain(w.issued.leafPEM, w.issued.chainPEM))
	return fmt.Sprintf("%s, until %s", w.result.Subject, w.issued.leaf.NotAfter.UTC().Format(time.TimeOnly+" MST")), err
}

func (s *Signer) checkCertificate(ctx context.Context, w *work) (string, error) {
	return "", checkIssued(ctx, w.issued, w.trusted)
}

func (s *Signer) signPayload(_ context.Context, w *work) (string, error) {
	var err error
	w.signature, err = w.key.sign(w.payload)
	return "", err
}

func (s *Signer) getTimestamp(ctx context.Context, w *work) (string, error) {
	response, at, err := s.stamp(ctx, w.signature, w.trusted)
	if err != nil {
		return "", err
	}
	w.result.Timestamp = at
	w.options = append(w.options, static.WithRFC3161Timestamp(bundle.TimestampToRFC3161Timestamp(response)))
	return at.UTC().Format(time.RFC3339), nil
}

func (s *Signer) writeLog(ctx context.Context, w *work) (string, error) {
	// The registry must be ready to take the signature before the log is written.
	if err := w.prepared.wait(ctx); err != nil {
		return "", s.explain(ctx, err, w.tag)
	}
	entry, err := s.record(ctx, w.payload, w.signature, w.issued, w.trusted)
	if err != nil {
		return "", err
	}
	w.result.LogIndex, w.result.LogID = *entry.LogIndex, *entry.LogID
	w.result.Integrated = time.Unix(*entry.IntegratedTime, 0)
	w.options = append(w.options, static.WithBundle(bundle.EntryToBundle(entry)))
	return fmt.Sprintf("log index %d", w.result.LogIndex), nil
}

func (s *Signer) attachSignature(ctx context.Context, w *work) (string, error) {
	signature, err := static.NewSignature(w.payload, base64.StdEncoding.EncodeToString(w.signature), w.options...)
	if err != nil {
		return "", err
	}
	annotations, err := signature.Annotations()
	if err != nil {
		return "", err
	}
	mediaType, err := signature.MediaType()
	if err != nil {
		return "", err
	}
	hash, err := signature.Digest()
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(v1.Descriptor{MediaType: mediaType, Digest: hash, Size: int64(len(w.payload)), Annotations: annotations})
	if err != nil {
		return "", err
	}
	ours, err := parseLayer(raw)
	if err != nil {
		return "", err
	}
	done, err := s.attach(ctx, w.prepared, ours, w.payload)
	if err != nil {
		return "", s.explain(ctx, err, w.tag)
	}
	w.result.Total, w.result.Restored = done.total, done.restored
	return fmt.Sprintf("%s, now %d", w.result.Signature.Identifier(), done.total), nil
}
