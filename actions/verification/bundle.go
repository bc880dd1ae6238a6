package verification

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

const (
	// bundleType begins the media types of Sigstore bundles (application/vnd.dev.sigstore.bundle.v0.3+json).
	bundleType = "application/vnd.dev.sigstore.bundle"
	// predicateAnnotation is where cosign repeats the predicate type on the manifest of a bundle.
	predicateAnnotation = "dev.sigstore.bundle.predicateType"
	// signPredicate is the statement "this image is signed" of cosign 3.
	signPredicate = "https://sigstore.dev/cosign/sign/v1"
	emptyConfig   = "application/vnd.oci.empty.v1+json"
)

// mayHoldBundle is true unless the descriptor says that it is something else. Registries that keep the fallback tag
// themselves, and old clients, leave the type out.
func mayHoldBundle(d v1.Descriptor) bool {
	return d.ArtifactType == "" || d.ArtifactType == emptyConfig || strings.HasPrefix(d.ArtifactType, bundleType)
}

// referring reads the Sigstore bundles that refer to d. What refers to it and holds none is left out, as by cosign. With
// COSIGN_REPOSITORY they may be in either repository.
func (s *source) referring(ctx context.Context, d name.Digest) ([]Signature, error) {
	descriptors, err := s.referrers(ctx, d)
	if err != nil {
		return nil, err
	}
	signatures, err := s.bundles(ctx, d.Context(), descriptors)
	if err != nil || s.other == nil {
		return signatures, err
	}
	if descriptors, err = s.referrers(ctx, s.other.Digest(d.DigestStr())); err != nil {
		return nil, err
	}
	descriptors = slices.DeleteFunc(descriptors, func(desc v1.Descriptor) bool {
		return slices.ContainsFunc(signatures, func(sig Signature) bool { return sig.Manifest == desc.Digest })
	})
	more, err := s.bundles(ctx, *s.other, descriptors)
	return append(signatures, more...), err
}

func (s *source) bundles(ctx context.Context, repo name.Repository, descriptors []v1.Descriptor) ([]Signature, error) {
	found := make([]*Signature, len(descriptors))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for i, desc := range descriptors {
		if !mayHoldBundle(desc) {
			continue
		}
		g.Go(func() error {
			sig, err := s.bundleAt(ctx, repo, desc)
			if err != nil || sig == nil {
				return err
			}
			sig.Position = i
			s.follower.judge(ctx, sig)
			found[i] = sig
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var signatures []Signature
	for _, sig := range found {
		if sig != nil {
			signatures = append(signatures, *sig)
		}
	}
	return signatures, nil
}

// bundleAt reads one referrer; nil when it holds no bundle. It fails only where the registry does.
func (s *source) bundleAt(ctx context.Context, repo name.Repository, desc v1.Descriptor) (*Signature, error) {
	m, _, err := s.image(ctx, repo.Digest(desc.Digest.String()))
	if err == nil && m == nil {
		err = missing(desc)
	}
	if err != nil {
		return unread(desc, v1.Hash{}, err)
	}
	return s.bundleIn(ctx, repo, desc, m)
}

// bundleIn reads the bundle of a referrer whose manifest is m; nil when it holds none.
func (s *source) bundleIn(ctx context.Context, repo name.Repository, desc v1.Descriptor, m *v1.Manifest) (*Signature, error) {
	if len(m.Layers) != 1 || !strings.HasPrefix(string(m.Layers[0].MediaType), bundleType) {
		return nil, nil
	}
	layer := m.Layers[0]
	if layer.Size > maxBundleBytes {
		return unread(desc, layer.Digest, tooLarge(layer.Digest.String(), maxBundleBytes))
	}
	content, err := s.blob(ctx, repo.Digest(layer.Digest.String()), maxBundleBytes)
	if err != nil {
		return unread(desc, layer.Digest, err)
	}
	sig := &Signature{
		Kind: KindSignature, Storage: StoredAsReferrer, Manifest: desc.Digest, Layer: layer.Digest,
		PredicateType: m.Annotations[predicateAnnotation], mediaType: string(layer.MediaType),
	}
	sig.readBundle(content)
	return sig, nil
}

// unread makes a row with a reason of what is listed as a bundle and cannot be fetched, unless the registry itself fails.
func unread(desc v1.Descriptor, layer v1.Hash, err error) (*Signature, error) {
	var e *actions.Error
	if !errors.As(err, &e) || gone(e) {
		return nil, err
	}
	if !strings.HasPrefix(desc.ArtifactType, bundleType) {
		return nil, nil
	}
	return &Signature{Kind: KindSignature, Storage: StoredAsReferrer, Manifest: desc.Digest, Layer: layer, broken: e}, nil
}

func missing(desc v1.Descriptor) *actions.Error {
	return &actions.Error{
		Code: actions.CodeSignature,
		What: "the manifest " + desc.Digest.String() + " is listed and not there",
		Why:  "the registry lists it among those that refer to the image, and answers that it has no such manifest",
		Next: "ask whoever runs the registry whether signatures are being cleaned up",
	}
}

// readBundle fills in s from the JSON of a Sigstore bundle in a registry, of which cosign takes fewer kinds than of files.
func (s *Signature) readBundle(content []byte) {
	s.parseBundle(content)
	if s.parsed == nil {
		return
	}
	if !s.parsed.MinVersion("v0.3") {
		s.unreadable(actions.CodeSignature, "the bundle is of a version that cosign does not take from a registry", errors.New("bundle version too old"))
	}
	if _, ok := s.parsed.Content.(*protobundle.Bundle_DsseEnvelope); !ok {
		s.unreadable(actions.CodeSignature, "the bundle signs bytes and makes no statement about an image",
			errors.New("bundle does not contain a DSSE envelope"))
	}
	if s.broken != nil {
		s.bundle = nil
	}
}

// noCertificate is what is wrong with the certificate of a bundle, in words of our own where the library has none for it.
func noCertificate(err error) error {
	if errors.Is(err, bundle.ErrMissingVerificationMaterial) {
		return errors.New("the field for it is there and empty")
	}
	return errors.New(strings.TrimPrefix(err.Error(), bundle.ErrValidation.Error()+": "))
}

var errWithdrawn = errors.New("logs of the second generation record statements as hashedrekord 0.0.2, and cosign 3 takes no other kind from them")

// withdrawn is true for an entry of the kind in which logs of the second generation recorded statements at first. The
// library of cosign 2.6.5 takes it; that of 3.1.3 cannot read a bundle with one, and other clients neither.
func withdrawn(entry *protorekor.TransparencyLogEntry) bool {
	var body struct {
		Spec struct {
			DSSE json.RawMessage `json:"dsseV002"`
		} `json:"spec"`
	}
	return bytes.Contains(entry.GetCanonicalizedBody(), []byte("dsseV002")) &&
		json.Unmarshal(entry.GetCanonicalizedBody(), &body) == nil && body.Spec.DSSE != nil
}

// parseBundle fills in s from the JSON of any Sigstore bundle.
func (s *Signature) parseBundle(content []byte) {
	defer func() {
		if r := recover(); r != nil {
			s.bundle, s.parsed = nil, nil
			s.unreadable(actions.CodeSignature, "the bundle cannot be read", fmt.Errorf("its parts do not fit together: %v", r))
		}
	}()
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(content); err != nil {
		if b = malformed(content); b == nil {
			s.unreadable(actions.CodeSignature, "the bundle cannot be read", err)
			return
		}
		s.broken = brokenRule(b, err)
	}
	s.parsed = b
	if content, err := b.VerificationContent(); err == nil {
		if cert := content.Certificate(); cert != nil {
			s.describe(cert)
			// Its verifier compares what this summary holds.
			if summary, err := certificate.SummarizeCertificate(cert); err == nil {
				s.Subject, s.Issuer = summary.SubjectAlternativeName, summary.Issuer
			}
		}
	} else {
		s.unreadable(actions.CodeChain, "the certificate in the bundle cannot be read", noCertificate(err))
	}
	if slices.ContainsFunc(b.GetVerificationMaterial().GetTlogEntries(), withdrawn) {
		s.unreadable(actions.CodeLogEntry, "the bundle has a log entry of the kind dsse 0.0.2, which was withdrawn", errWithdrawn)
	}
	if entries := b.GetVerificationMaterial().GetTlogEntries(); len(entries) > 0 {
		entry := entries[0]
		s.logged(entry.GetLogIndex(), hex.EncodeToString(entry.GetLogId().GetKeyId()), entry.GetIntegratedTime())
	}
	if envelope, err := b.Envelope(); err == nil {
		s.Payload, _ = envelope.DecodeB64Payload()
		if statement, err := envelope.Statement(); err == nil {
			s.PredicateType = statement.GetPredicateType()
		}
	}
	if s.PredicateType != "" && s.PredicateType != signPredicate {
		s.Kind = KindAttestation
	}
	if s.broken == nil {
		s.bundle = b
	}
}
