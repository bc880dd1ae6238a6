// Package pack carries an image to where there is no network: one archive with the image, everything that is attached to
// it, the trust root, checksums, and a page for the person at the other side.
//
// A pack is an OCI image layout in a tar, so that skopeo reads it (oci-archive:FILE), cosign verifies it once it is
// unpacked (verify --local-image), and sha256sum checks it. The same content gives the same bytes: entries are sorted and
// bear no times and no names of users.
package pack

import (
	"context"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// The files of a pack beside those of the layout.
const (
	descriptionFile = "pack.json"
	rootFile        = "trusted_root.json"
	sumsFile        = "SHA256SUMS"
	proofsFile      = "inclusion_proofs.json"
	readmeFile      = "README.txt"
)

// Format is the value of "format" in pack.json. It changes when an old reader would misread a new pack.
const Format = "sigwalk-pack/1"

// Description is pack.json: what a pack holds. Fields are added, never renamed or removed.
type Description struct {
	Format string `json:"format"`
	Image  string `json:"image"`  // the reference that was packed
	Digest string `json:"digest"` // what it named then
	// TrustRoot is the SHA-256 of trusted_root.json in hex, TrustSource where that came from.
	TrustRoot   string `json:"trustRootSHA256"`
	TrustSource string `json:"trustRootSource"`
	// Manifests and Blobs (layers, configurations, payloads, bundles) count what is in the layout, Bytes is the size of both.
	Manifests int   `json:"manifests"`
	Blobs     int   `json:"blobs"`
	Bytes     int64 `json:"bytes"`
	// Signers are those whose signatures verified when the image was packed, whatever identity was expected.
	Signers []Signer `json:"signers"`
	// KeyPairs counts the signatures by key pairs, which nobody could verify then: only their public keys can.
	KeyPairs int `json:"keyPairSignatures"`
}

// Signer is who signed, for the person at the other side to compare with whom they expect.
type Signer struct {
	Subject string `json:"subject"` // empty for a key pair
	Issuer  string `json:"issuer"`
}

// Options configure a Packer.
type Options struct {
	Registry *registry.Client
	// Repository is where signatures are in place of the image's repository, as COSIGN_REPOSITORY; empty for there.
	Repository string
	Observer   actions.Observer // nil for actions.Discard
	Clock      actions.Clock
}

// Packer writes packs.
type Packer struct{ opts Options }

// New returns a packer.
func New(opts Options) *Packer {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	return &Packer{opts}
}

// Request says what is packed.
type Request struct {
	Image string
	File  string
	// Replace allows to overwrite File.
	Replace bool
	// TrustRoot is the trusted_root.json that goes along, TrustSource where it came from.
	TrustRoot   []byte
	TrustSource string
	Signers     []Signer
	KeyPairs    int // as in Description
	// Proofs are inclusion proofs that signatures do not carry, as verification.Report.Proofs wrote them; nil for none.
	Proofs []byte
}

// Result is a pack that was written.
type Result struct {
	File string `json:"file"`
	// SHA256 of the file in hex, for the other side to compare.
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"` // of the file
	Description
}

// Write packs an image. The file appears when it is whole, and not before; one that is there already is replaced only with
// Request.Replace (CodeFileInTheWay). It reports the stages "collect" and "write" and the progress of each blob.
func (p *Packer) Write(ctx context.Context, req Request) (*Result, error) {
	if err := inTheWay(req); err != nil {
		return nil, err
	}
	c := &collection{packer: p, manifests: map[string]*manifest{}, blobs: map[string]*blob{}}
	err := p.stage(ctx, "collect", "Collect what belongs to the image", func(ctx context.Context) (string, error) {
		return c.collect(ctx, req.Image)
	})
	if err != nil {
		return nil, err
	}
	var result *Result
	err = p.stage(ctx, "write", "Write the pack", func(ctx context.Context) (string, error) {
		if result, err = c.write(ctx, req); err != nil {
			return "", err
		}
		return req.File + " sha256:" + result.SHA256, nil
	})
	return result, err
}

func (p *Packer) stage(ctx context.Context, id, title string, work func(context.Context) (string, error)) error {
	return actions.RunStage(ctx, p.opts.Observer, p.opts.Clock, id, title, work)
}
