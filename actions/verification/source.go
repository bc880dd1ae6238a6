package verification

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// The limits on what a registry may hand us, so that a hostile one cannot fill the memory. A signature takes about 4 KiB
// of a manifest and 250 bytes of payload.
const (
	maxManifestBytes = 32 << 20
	maxPayloadBytes  = 1 << 20
	maxPayloadsBytes = 64 << 20 // all payloads of an image together
	maxBundleBytes   = 8 << 20  // a bundle carries its attestation inside
	maxSignatures    = 20_000
	maxReferrers     = 20_000
	fetchers         = 8
)

// source reads one repository, or a layout on the disk.
type source struct {
	storage
	asked    string // the reference as the person wrote it, for errors
	ref      name.Reference
	follower *follower        // nil where nobody follows
	other    *name.Repository // where the signatures are in place of the image's repository; nil for there
}

func (v *Verifier) source(ctx context.Context, asked string) (*source, error) {
	if layout.IsReference(asked) {
		return onDisk(ctx, asked)
	}
	ref, err := registry.Parse(asked)
	if err != nil {
		return nil, err
	}
	stored, err := inRegistry(ctx, v.opts.Registry, v.opts.Patience)
	if err != nil {
		return nil, err
	}
	src := &source{storage: stored, asked: asked, ref: ref}
	if v.opts.Repository != "" {
		repo, err := name.NewRepository(v.opts.Repository)
		if err != nil {
			return nil, &actions.Error{
				Code: actions.CodeReference, What: "COSIGN_REPOSITORY names no repository: " + v.opts.Repository, Why: err.Error(), Err: err,
				Next: "write it as REGISTRY/NAME, without a tag",
			}
		}
		src.other = &repo
	}
	return src, nil
}

// beside is the repository in which the tags of d are kept.
func (s *source) beside(d name.Digest) name.Repository {
	if s.other != nil {
		return *s.other
	}
	return d.Context()
}

// resolve returns the digest that the reference names. A digest is taken at its word, as cosign does: what is attached to
// it is found by the digest alone.
func (s *source) resolve(ctx context.Context) (name.Digest, error) {
	if d, ok := s.ref.(name.Digest); ok {
		return d, nil
	}
	desc, err := s.head(ctx, s.ref)
	if err != nil {
		return name.Digest{}, s.explainMissing(ctx, err)
	}
	return s.ref.Context().Digest(desc.Digest.String()), nil
}

// manifest fetches the manifest that ref names; nil without an error when there is none.
func (s *source) manifest(ctx context.Context, ref name.Reference) (*held, error) {
	desc, err := s.get(ctx, ref)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	if len(desc.raw) > maxManifestBytes {
		return nil, &actions.Error{
			Code: actions.CodeManifestTooLarge,
			What: fmt.Sprintf("the manifest %s is refused", ref),
			Why:  fmt.Sprintf("it has %d bytes, more than the %d that are read", len(desc.raw), maxManifestBytes),
			Next: "ask whoever runs the registry what was stored there",
		}
	}
	return desc, nil
}

// image is manifest for what must be one image: an index is followed to its image for linux/amd64, as cosign does.
func (s *source) image(ctx context.Context, ref name.Reference) (*v1.Manifest, v1.Hash, error) {
	desc, err := s.manifest(ctx, ref)
	if desc == nil || err != nil {
		return nil, v1.Hash{}, err
	}
	raw, digest := desc.raw, desc.Digest
	if desc.MediaType.IsIndex() {
		if raw, digest, err = desc.image(); err != nil {
			return nil, v1.Hash{}, s.explain(ctx, err)
		}
	}
	m, err := parseManifest(raw)
	if err != nil {
		return nil, v1.Hash{}, &actions.Error{
			Code: actions.CodeNotAnImage,
			What: fmt.Sprintf("%s is no image manifest", ref),
			Why:  err.Error(),
			Next: "look at it with `crane manifest " + ref.String() + "`",
			Err:  err,
		}
	}
	return m, digest, nil
}

// parseManifest is v1.ParseManifest, which copies what it reads several times while it looks for the end: a manifest of
// five megabytes is parsed in place. One with something behind it is read as there.
func parseManifest(raw []byte) (*v1.Manifest, error) {
	var m v1.Manifest
	if json.Unmarshal(raw, &m) == nil {
		return &m, nil
	}
	return v1.ParseManifest(bytes.NewReader(raw))
}

// blob fetches a blob, whose digest is checked, and refuses more than limit bytes.
func (s *source) blob(ctx context.Context, ref name.Digest, limit int64) ([]byte, error) {
	content, err := s.read(ctx, ref, limit)
	switch {
	case notFound(err):
		return nil, &actions.Error{
			Code: actions.CodeSignature,
			What: "the blob " + ref.DigestStr() + " is listed and not there",
			Why:  "a manifest names it, and where the image is kept there is no such blob",
			Next: "ask whoever runs the registry whether signatures are being cleaned up",
			Err:  err,
		}
	case err != nil:
		return nil, s.explain(ctx, err)
	case int64(len(content)) > limit:
		return nil, tooLarge(ref.DigestStr(), limit)
	}
	return content, nil
}

func tooLarge(digest string, limit int64) *actions.Error {
	return &actions.Error{
		Code: actions.CodeClaims,
		What: "the payload " + digest + " is refused",
		Why:  fmt.Sprintf("it has more than the %d bytes that are read", limit),
		Next: "a signature's payload has a few hundred bytes: ask who stored this beside the image",
	}
}

// referrers lists what refers to d, in a fixed order.
func (s *source) referrers(ctx context.Context, d name.Digest) ([]v1.Descriptor, error) {
	manifests, err := s.refers(ctx, d)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	if len(manifests) > maxReferrers {
		return nil, &actions.Error{
			Code: actions.CodeManifestTooLarge,
			What: fmt.Sprintf("%d manifests refer to %s, more than the %d that are read", len(manifests), d, maxReferrers),
			Next: "ask whoever runs the registry to remove what does not belong there",
		}
	}
	// A registry's order may change from one answer to the next.
	descriptors := slices.Clone(manifests)
	slices.SortStableFunc(descriptors, func(a, b v1.Descriptor) int { return cmp.Compare(a.Digest.String(), b.Digest.String()) })
	return descriptors, nil
}

func (s *source) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.explainFor(ctx, err, s.asked)
}

// explainMissing is explain for the image itself: cosign ends with 11 wherever the registry says that it is not there, be
// it the tag or the repository.
func (s *source) explainMissing(ctx context.Context, err error) error {
	explained := s.explain(ctx, err)
	var e *actions.Error
	if notFound(err) && errors.As(explained, &e) && e.Code != actions.CodeTagNotFound {
		missing := *e
		missing.Code = actions.CodeTagNotFound
		return &missing
	}
	return explained
}

func notFound(err error) bool {
	var te *transport.Error
	if errors.Is(err, layout.ErrNotFound) {
		return true
	}
	return errors.As(err, &te) && te.StatusCode == http.StatusNotFound
}

// tagFor is the tag under which cosign keeps what belongs to d: "sig", "att" or "sbom".
func tagFor(d name.Digest, suffix string) string {
	return strings.Replace(d.DigestStr(), ":", "-", 1) + "." + suffix
}
