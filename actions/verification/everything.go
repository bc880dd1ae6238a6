package verification

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

// olderType begins the types of what cosign 2 attaches as referrers in its experimental mode: layers as in a tag.
const olderType = "application/vnd.dev.cosign.artifact."

// Everything is Verify, and beside it collects and verifies what that leaves out: attestations and SBOMs of tags,
// signatures that refer to the image in cosign's older form, and all of this for each image of an index. It is in the
// report's Attached and never changes the verdict. A policy that names nobody accepts any identity.
func (v *Verifier) Everything(ctx context.Context, image string, policy Policy) (*Report, error) {
	return v.everything(ctx, image, policy, nil)
}

func (v *Verifier) everything(ctx context.Context, image string, policy Policy, f *follower) (*Report, error) {
	if !policy.anyone() {
		if err := policy.Validate(); err != nil {
			return nil, err
		}
	}
	report, err := v.look(ctx, image, policy, KindSignature, f)
	if err != nil {
		return nil, err
	}
	co, err := v.checks(ctx, policy)
	if err != nil {
		return nil, err
	}
	co.RekorClient = nil // what does not count for the verdict is no reason to ask the log
	src, err := v.source(ctx, image)
	if err != nil {
		return nil, err
	}
	defer src.close()
	c := &collector{source: src, co: co, policy: policy, observer: v.opts.Observer}
	err = v.stage(ctx, "attached", "Look for what else is attached", func(ctx context.Context) (string, error) {
		var err error
		report.Attached, err = c.everything(ctx, report.Digest)
		order(report.Attached)
		return counted(len(report.Attached), "more row"), err
	})
	if err != nil {
		return nil, err
	}
	return report, nil
}

// collector reads what is attached beside the signatures that count.
type collector struct {
	*source
	co       *cosign.CheckOpts
	policy   Policy
	observer actions.Observer
}

func (c *collector) everything(ctx context.Context, d name.Digest) ([]Signature, error) {
	found, err := c.others(ctx, d, "")
	if err != nil {
		return nil, err
	}
	desc, err := c.manifest(ctx, d)
	if err != nil || desc == nil || !desc.MediaType.IsIndex() {
		return found, err
	}
	platforms, err := children(d.Context(), desc.raw)
	if err != nil {
		return nil, err
	}
	each := make([][]Signature, len(platforms))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for i, node := range platforms {
		g.Go(func() error {
			var err error
			each[i], err = c.platform(ctx, d.Context().Digest(node.Digest.String()), node.Title)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, rows := range each {
		found = append(found, rows...)
	}
	return found, nil
}

// platform reads all that is attached to one image of an index, the signatures included.
func (c *collector) platform(ctx context.Context, d name.Digest, platform string) ([]Signature, error) {
	found, err := c.others(ctx, d, platform)
	if err != nil {
		return nil, err
	}
	signatures, err := c.tagged(ctx, d)
	if err != nil {
		return nil, err
	}
	bundles, err := c.referring(ctx, d)
	if c.passOver(ctx, d, err) != nil {
		return nil, err
	}
	return c.judged(ctx, d, platform, append(signatures, bundles...), found)
}

// others reads what is attached to one image and is no signature that cosign's verify would look at.
func (c *collector) others(ctx context.Context, d name.Digest, platform string) ([]Signature, error) {
	attestations, err := c.inTag(ctx, d, KindAttestation)
	if err != nil {
		return nil, err
	}
	older, err := c.older(ctx, d)
	if c.passOver(ctx, d, err) != nil {
		return nil, err
	}
	documents, err := c.documents(ctx, d)
	if err != nil {
		return nil, err
	}
	return c.judged(ctx, d, platform, append(attestations, older...), documents)
}

// passOver is for registries that answer the question for referrers with an error.
func (c *collector) passOver(ctx context.Context, d name.Digest, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	c.observer.Event(ctx, actions.Note{Level: actions.NoteWarning, Text: "what refers to " + d.DigestStr() + " is not shown: " + err.Error()})
	return nil
}

// judged gives the verdict on signatures and adds what has none.
func (c *collector) judged(ctx context.Context, d name.Digest, platform string, signatures, documents []Signature) ([]Signature, error) {
	x, err := examinationOf(d, c.policy, c.co)
	if err != nil {
		return nil, err
	}
	if err := judge(ctx, signatures, x, c.co, nil); err != nil {
		return nil, err
	}
	for i := range signatures {
		signatures[i].Image, signatures[i].Platform = x.digest, platform
	}
	for i := range documents {
		if documents[i].Image.Hex == "" {
			documents[i].Image, documents[i].Platform = x.digest, platform
		}
	}
	return append(signatures, documents...), nil
}

// older reads the referrers that cosign 2 writes with --registry-referrers-mode=oci-1-1.
func (c *collector) older(ctx context.Context, d name.Digest) ([]Signature, error) {
	descriptors, err := c.referrers(ctx, d)
	if err != nil {
		return nil, err
	}
	var found []Signature
	for i, desc := range descriptors {
		kind, ok := olderKind(desc)
		if !ok {
			continue
		}
		ref := d.Context().Digest(desc.Digest.String())
		m, digest, err := c.image(ctx, ref)
		if m == nil || err != nil {
			if row, err := unread(desc, v1.Hash{}, orMissing(desc, err)); err != nil {
				return nil, err
			} else if row != nil {
				found = append(found, *row)
			}
			continue
		}
		rows, err := c.inLayers(ctx, ref, m, Signature{Kind: kind, Storage: StoredAsReferrer, Manifest: digest, Position: i}, nil)
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

func olderKind(desc v1.Descriptor) (Kind, bool) {
	for _, kind := range []Kind{KindSignature, KindAttestation} {
		if strings.HasPrefix(desc.ArtifactType, olderType+kind.suffix()+".") {
			return kind, true
		}
	}
	return "", false
}

func orMissing(desc v1.Descriptor, err error) error {
	if err == nil {
		return missing(desc)
	}
	return err
}

// documents reads the SBOMs that `cosign attach sbom` put beside the image. Nobody signed them.
func (c *collector) documents(ctx context.Context, d name.Digest) ([]Signature, error) {
	m, digest, err := c.image(ctx, c.beside(d).Tag(tagFor(d, KindSBOM.suffix())))
	var e *actions.Error
	if m == nil || err != nil {
		if errors.As(err, &e) && !gone(e) {
			return []Signature{{Kind: KindSBOM, Storage: StoredInTag, Reason: e}}, nil
		}
		return nil, err
	}
	var found []Signature
	for i, layer := range m.Layers {
		found = append(found, Signature{
			Kind: KindSBOM, Storage: StoredInTag, Manifest: digest, Layer: layer.Digest, Position: i, mediaType: string(layer.MediaType),
			Reason: &actions.Error{
				Code: actions.CodeNotSigned, What: "nobody signed this document",
				Why:  fmt.Sprintf("it is stored beside the image as it is (%d bytes of %s)", layer.Size, orUnknown(layer.MediaType)),
				Next: "attest it in place of attaching it: `cosign attest --predicate FILE --type spdxjson IMAGE`",
			},
		})
	}
	return found, nil
}

func orUnknown(t types.MediaType) string {
	if t == "" {
		return "an unknown type"
	}
	return string(t)
}
