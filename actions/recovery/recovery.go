// Package recovery brings back the signatures that an image's tag lost.
//
// Whoever signs an image with cosign rewrites one tag, and two who do so at once lose one of the signatures. The
// transparency log has them all the same: cosign's payload for a digest and reference is the same for every signer, so that
// its SHA-256 finds, in the log's search index, every entry that was ever made for it. An entry holds the signature and the
// certificate, the log gives its promise and its proof, and the trust root the chain: all that cosign writes beside an
// image but the RFC 3161 time stamp. A Quay also remembers what the tag named before, which brings back what never was in
// the log, and the time stamps.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// Options configure a Recoverer.
type Options struct {
	Registry  *registry.Client
	Trust     *trust.Client
	Endpoints actions.Endpoints
	// Homes.Attached is where what is attached is remembered, as by signing.
	Homes     actions.Homes
	Transport http.RoundTripper // nil for http.DefaultTransport
	Observer  actions.Observer  // nil for actions.Discard
	Clock     actions.Clock
	// QuayToken is for the registry QuayHost ("quay.example.com") where that is a Quay, and is shown to no other; zero for the
	// token with which a registry is logged in to, or none.
	QuayToken actions.Secret
	QuayHost  string
	// Keys loads the public key of a policy; nil for one that reads this machine's files and variables.
	Keys *keys.Client
}

// Recoverer brings signatures back. It is safe for concurrent use.
type Recoverer struct {
	opts     Options
	client   *http.Client
	verifier *verification.Verifier
	signer   *signing.Signer
}

// New returns a recoverer.
func New(opts Options) *Recoverer {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport
	}
	return &Recoverer{
		opts: opts, client: patient(opts.Transport),
		verifier: verification.New(verification.Options{
			Registry: opts.Registry, Trust: opts.Trust, Endpoints: opts.Endpoints, Observer: opts.Observer, Clock: opts.Clock,
			Transport: opts.Transport, Keys: opts.Keys,
		}),
		signer: signing.New(signing.Options{
			Registry: opts.Registry, Trust: opts.Trust, Endpoints: opts.Endpoints, Homes: opts.Homes, Transport: opts.Transport,
			Observer: opts.Observer, Clock: opts.Clock,
		}),
	}
}

// Request says what to look for.
type Request struct {
	// Image is a reference; a tag is resolved once.
	Image string
	// From are the sources to ask; all of them when empty, and then one that is not there is passed over.
	From []Source
	// Annotations are what was signed with `cosign sign -a`, one map a signer: they change the payload, so that such
	// signatures are found only when somebody says what it was, or another with the same payload is still at the tag.
	Annotations []map[string]string
	// Identities are names of the image that signers gave with --sign-container-identity, or under which it was signed in
	// another registry; the image's own is always looked for.
	Identities []string
	// Policy says whose signatures to bring back; the zero policy says anyone's. A key in it counts for signatures without a
	// certificate alone.
	Policy verification.Policy
	// Consented is true when the person agreed beforehand (--yes); else the observer is asked before anything is attached.
	Consented bool
}

// QuestionAttach is the ID of the question whether to attach what was found.
const QuestionAttach = "recover-attach"

// Recover looks, asks, and attaches what the registry lacks. The report is there also where a later part fails.
func (r *Recoverer) Recover(ctx context.Context, req Request) (*Report, error) {
	report, err := r.Look(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := r.Agree(ctx, req, report, report.Lacking()); err != nil {
		return report, err
	}
	return report, r.Attach(ctx, report, report.Lacking())
}

// Agree asks the person whether to attach what was chosen of what the registry lacks, unless that was agreed to beforehand or
// nothing was chosen. It fails with CodeDeclined after a no, and with CodeNobodyToAsk when nobody is there.
func (r *Recoverer) Agree(ctx context.Context, req Request, report *Report, chosen []*Signature) error {
	if len(chosen) == 0 || req.Consented {
		return nil
	}
	answer, err := r.opts.Observer.Ask(ctx, actions.Question{
		ID: QuestionAttach, YesNo: true,
		Prompt: fmt.Sprintf("Attach %s at %s?", counted(len(chosen)), report.Tag.Name()),
	})
	switch {
	case errors.Is(err, actions.ErrNobodyToAsk):
		return &actions.Error{
			Code: actions.CodeNobodyToAsk,
			What: counted(len(chosen)) + " can be brought back, and nobody is there to agree to it",
			Next: "give --yes to attach, or --dry-run to look only",
		}
	case err != nil:
		return err
	case !answer.Yes:
		return &actions.Error{
			Code: actions.CodeDeclined, What: "nothing was attached", Why: "the answer was no",
			Next: "answer y, or narrow down whose signatures to bring back with --certificate-identity",
		}
	}
	return nil
}

// Attach puts some of report.Lacking() to the signatures that are there, in the way that loses no neighbour's. What is
// there by now is not attached again.
func (r *Recoverer) Attach(ctx context.Context, report *Report, chosen []*Signature) error {
	if len(chosen) == 0 {
		return nil
	}
	existing := make([]signing.Existing, len(chosen))
	for i, s := range chosen {
		existing[i] = signing.Existing{Layer: s.layer, Payload: s.payload}
	}
	done, err := r.signer.Restore(ctx, report.Digest, existing)
	if err != nil {
		return err
	}
	for _, s := range chosen {
		s.Attached = true
	}
	report.After = done.Total
	return nil
}

// tagOf is where cosign keeps the signatures of a digest.
func tagOf(digest name.Digest) name.Tag {
	return digest.Context().Tag("sha256-" + digest.DigestStr()[len("sha256:"):] + ".sig")
}

func counted(n int) string {
	if n == 1 {
		return "1 signature"
	}
	return fmt.Sprintf("%d signatures", n)
}
