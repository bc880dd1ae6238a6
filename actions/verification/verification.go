// Package verification collects the signatures of an image, gives cosign's verdict on each under a policy, and shows
// what hangs off an image as a tree.
package verification

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// Options configure a Verifier.
type Options struct {
	Registry  *registry.Client
	Trust     *trust.Client
	Endpoints actions.Endpoints
	Observer  actions.Observer
	Clock     actions.Clock
}

// Verifier verifies images. It is safe for concurrent use.
type Verifier struct{ opts Options }

// New returns a verifier.
func New(opts Options) *Verifier { return &Verifier{opts} }

// Policy says whose signature counts, with the meanings of cosign's flags. A regular expression beats the exact value
// given with it, as in cosign. The zero policy accepts any identity and is for looking, never for a verdict.
type Policy struct {
	Subject, SubjectRegexp string
	Issuer, IssuerRegexp   string
	// KeyReference is a public key (file, URL or env://NAME); with it no certificate is wanted.
	KeyReference string
	Annotations  map[string]string

	IgnoreLog           bool // --insecure-ignore-tlog
	IgnoreSCT           bool // --insecure-ignore-sct
	Offline             bool // --offline
	UseSignedTimestamps bool // --use-signed-timestamps
	SkipClaims          bool // --check-claims=false
}

// Storage is where a signature was found.
type Storage string

// The storages.
const (
	StoredInTag      Storage = "tag"      // a layer of sha256-<hex>.sig
	StoredAsReferrer Storage = "referrer" // an OCI 1.1 referrer that holds a Sigstore bundle
)

// Signature is one signature found beside an image, with its verdict.
type Signature struct {
	Storage  Storage
	Manifest v1.Hash // the manifest that holds it
	Layer    v1.Hash // its payload; the same for every signer of a digest
	Position int     // place in its manifest, from 0

	// LogIndex is nil when the signature carries no log entry; 0 is a real index.
	LogIndex   *int64
	LogID      string // hex
	Integrated *time.Time
	Timestamp  *time.Time // RFC 3161

	Subject     string
	Issuer      string
	Certificate *x509.Certificate // nil for a signature made with a key pair
	Payload     []byte            // simple signing JSON, or the in-toto statement of a bundle

	Verified       bool
	BundleVerified bool           // the log entry was verified without the network
	Reason         *actions.Error // why it was not verified; nil when it was
}

// Report is what a verification found: every signature, verified or not, in the order of log index, those without one
// last.
type Report struct {
	Image      string // as asked for
	Digest     name.Digest
	Policy     Policy
	Signatures []Signature
}

// Verified returns the signatures that verified.
func (r *Report) Verified() []Signature { panic("being built") }

// Verdict is cosign's: nil when at least one signature verified; else CodeNoSignatures, CodeNoMatch or CodeNoCertificate.
func (r *Report) Verdict() error { panic("being built") }

// Verify collects and verifies. It fails only when it could not look (CodeTagNotFound, CodeUnreachable, CodeNoTrustRoot,
// CodeUsage for a policy that cosign refuses); that nothing matched is the report's Verdict.
func (v *Verifier) Verify(ctx context.Context, image string, policy Policy) (*Report, error) {
	panic("being built")
}

// List collects the signatures and verifies all but whose they are: any subject and issuer will do.
func (v *Verifier) List(ctx context.Context, image string) (*Report, error) { panic("being built") }

// NodeKind says what a node of the tree is.
type NodeKind string

// The kinds of nodes.
const (
	NodeIndex       NodeKind = "index"
	NodeImage       NodeKind = "image"
	NodeGroup       NodeKind = "group" // "signatures", "attestations", "sboms", "referrers"
	NodeSignature   NodeKind = "signature"
	NodeAttestation NodeKind = "attestation"
	NodeSBOM        NodeKind = "sbom"
	NodeReferrer    NodeKind = "referrer"
)

// Node is one thing in the tree of an image.
type Node struct {
	Kind      NodeKind
	Title     string // short, for people
	Reference string // tag or digest reference that holds it
	Digest    v1.Hash
	MediaType string
	Size      int64
	Platform  string
	Signature *Signature // for NodeSignature
	Children  []*Node
	Err       error // this node could not be read; the others could
}

// Tree returns what hangs off an image, in a fixed order.
func (v *Verifier) Tree(ctx context.Context, image string) (*Node, error) { panic("being built") }
