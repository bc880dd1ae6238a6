// Package verification collects the signatures of an image, gives cosign's verdict on each under a policy, and shows
// what hangs off an image as a tree.
//
// Both ways in which cosign stores signatures are read and merged: the layers of the tag sha256-<hex>.sig, and Sigstore
// bundles that refer to the image (OCI 1.1 referrers or their fallback tag). The manifest of a tag is fetched and parsed
// once however many signatures it holds, each payload is fetched once, and every signature is then handed to cosign's own
// verification of one signature.
package verification

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// Options configure a Verifier.
type Options struct {
	Registry *registry.Client
	// Trust supplies the trust root, unless Material does.
	Trust *trust.Client
	// Material supplies the trust root in place of Trust, such as one read from a file; nil to ask Trust.
	Material func(context.Context) (root.TrustedMaterial, error)
	// TrustFlags are the flags by which a person said what is trusted, as name=value; reports pass them on to whoever writes a command.
	TrustFlags []string
	Endpoints  actions.Endpoints
	Observer   actions.Observer // nil for actions.Discard
	Clock      actions.Clock
	// Repository is where the signatures are looked for in place of the image's own repository, as COSIGN_REPOSITORY;
	// empty for the image's own.
	Repository string
	// Transport carries what is not the registry's: the log where a signature carries no entry, and a public key by URL
	// without Keys. Nil for http.DefaultTransport.
	Transport http.RoundTripper
	// Patience is how long one answer of the registry may take, to its last byte; zero for two minutes.
	Patience time.Duration
	// Keys loads the public key of a policy; nil for one that reads this machine's files and variables.
	Keys *keys.Client
	// ReadFile reads the certificate of a policy; nil for this machine's files.
	ReadFile trust.Reader
}

// Verifier verifies images. It is safe for concurrent use.
type Verifier struct{ opts Options }

// New returns a verifier.
func New(opts Options) *Verifier {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.Patience == 0 {
		opts.Patience = 2 * time.Minute
	}
	if opts.Keys == nil {
		opts.Keys = keys.New(keys.Options{Transport: opts.Transport, Observer: opts.Observer, Clock: opts.Clock})
	}
	return &Verifier{opts}
}

// Storage is where a signature was found.
type Storage string

// The storages.
const (
	StoredInTag      Storage = "tag"      // a layer of sha256-<hex>.sig
	StoredAsReferrer Storage = "referrer" // an OCI 1.1 referrer that holds a Sigstore bundle
	StoredInFile     Storage = "file"     // a bundle that stands alone
)

// Kind is what is stored beside an image.
type Kind string

// The kinds.
const (
	KindSignature   Kind = "signature"
	KindAttestation Kind = "attestation" // a signed statement about the image
	KindSBOM        Kind = "sbom"        // a document that nobody signed
)

// Signature is one signature found beside an image, with its verdict. What it says of itself (subject, issuer, log index,
// times) is filled in as far as it can be read, verified or not.
type Signature struct {
	Kind Kind
	// Image is the digest that it is attached to, Platform that image's place in an index; empty for what is attached to
	// the image that was asked for.
	Image    v1.Hash
	Platform string
	Storage  Storage
	Manifest v1.Hash // the manifest that holds it
	Layer    v1.Hash // its payload; the same for every signer of a digest
	Position int     // place in its manifest (tag) or among the referrers, from 0

	// LogIndex is nil when the signature carries no log entry; 0 is a real index.
	LogIndex   *int64
	LogID      string // hex
	Integrated *time.Time
	Timestamp  *time.Time // RFC 3161

	Subject     string
	Issuer      string
	Certificate *x509.Certificate // nil for a signature made with a key pair
	Payload     []byte            // simple signing JSON, or the in-toto statement of a bundle
	// PredicateType is what the statement of a bundle is about; empty in a tag.
	PredicateType string

	Verified       bool
	BundleVerified bool           // the log entry was verified
	Reason         *actions.Error // why it was not verified; nil when it was

	// Checks explain the verdict, each apart, in the order of the matrix. They, and what follows, are there after Explain.
	Checks []Check
	// Defect is set where verdict and checks differ, which must not be.
	Defect *actions.Error
	// Entry is the log entry that the checks looked at; nil without one.
	Entry *LogEntry
	// Until is when the verification stops working, such as the end of the certificate where nothing proves the time of
	// signing; nil when nothing that is known ends it.
	Until *time.Time

	mediaType string
	legacy    oci.Signature  // of a tag; nil when it could not be read
	bundle    *bundle.Bundle // of a referrer; nil when it could not be read
	broken    *actions.Error // why it could not be read
	stored    *tagParts      // what could be read of a layer in a tag
	parsed    *bundle.Bundle // of a referrer, cosign takes it or not; nil when it is no bundle

	chains      []chained    // of the certificate, as they were found for the verdict
	examination *examination // what the checks are made against; nil for what has no verdict
	fails       []CheckID    // the checks of cosign that fail, where Consumers needs them
}

// MediaType is that of the layer or bundle that holds the signature.
func (s *Signature) MediaType() string { return s.mediaType }

// isBundle tells the two forms of signatures apart: a Sigstore bundle, or a layer with cosign's annotations.
func (s *Signature) isBundle() bool { return s.Storage != StoredInTag && s.stored == nil }

// Report is what a verification found: every signature, verified or not, in the order of log index, those without one
// last.
type Report struct {
	Image      string // as asked for
	Digest     name.Digest
	Policy     Policy
	TrustFlags []string // as in Options
	Signatures []Signature
	// Attached is what Everything found beside them: it never counts for the verdict.
	Attached []Signature

	reference name.Reference
	online    bool // a log was there to ask
	sought    Kind // empty for KindSignature
}

// Verify collects and verifies; Report.Explain explains the verdicts. It fails only when it could not look (CodeTagNotFound, CodeUnreachable, CodeNoTrustRoot,
// CodeUsage for a policy that cosign refuses); that nothing matched is the report's Verdict.
func (v *Verifier) Verify(ctx context.Context, image string, policy Policy) (*Report, error) {
	if err := policy.Validate(); err != nil {
		return nil, err
	}
	return v.look(ctx, image, policy, KindSignature, nil)
}

// List collects the signatures and verifies all but whose they are: any subject and issuer will do.
func (v *Verifier) List(ctx context.Context, image string) (*Report, error) {
	return v.look(ctx, image, Policy{}, KindSignature, nil)
}
