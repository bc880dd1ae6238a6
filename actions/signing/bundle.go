package signing

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	intoto "github.com/in-toto/attestation/go/v1"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/sigwalk/sigwalk/actions"
)

// bundleType is the media type of the bundles that are written (Sigstore's bundle format, version 0.3).
const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// The annotations of a bundle's manifest, as cosign writes them, so that a list of referrers tells what they are.
const (
	createdAnnotation   = "org.opencontainers.image.created"
	contentAnnotation   = "dev.sigstore.bundle.content"
	predicateAnnotation = "dev.sigstore.bundle.predicateType"
)

// bundled is a statement in a Sigstore bundle that refers to the image (an OCI 1.1 referrer): that the image is signed, or
// what an attestation says of it.
type bundled struct {
	signedStatement
	says        *Attestation // nil for the signature of the image
	annotations map[string]string
	now         func() time.Time
	subject     subject
}

func (b *bundled) compose(subject subject) error {
	b.subject = subject
	var err error
	if b.says != nil {
		b.payload, err = b.says.statement(subject.digest, b.now)
		return err
	}
	algorithm, hex, _ := strings.Cut(subject.digest.DigestStr(), ":")
	// cosign 3 leaves the name out, and sigstore-python takes no statement without it.
	signed := &intoto.ResourceDescriptor{Name: subject.digest.Context().Name(), Digest: map[string]string{algorithm: hex}}
	if len(b.annotations) > 0 { // where cosign 3 keeps them; cosign 2 drops them
		fields := make(map[string]any, len(b.annotations))
		for k, v := range b.annotations {
			fields[k] = v
		}
		if signed.Annotations, err = structpb.NewStruct(fields); err != nil {
			return notText(err)
		}
	}
	b.payload, err = protojson.Marshal(&intoto.Statement{
		Type: intoto.StatementTypeUri, Subject: []*intoto.ResourceDescriptor{signed}, PredicateType: ctypes.CosignSignPredicateType,
	})
	return err
}

// notText says of annotations that they cannot be in a statement.
func notText(err error) error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "an annotation cannot be signed", Why: err.Error(), Next: "give it as text in UTF-8", Err: err,
	}
}

func (b *bundled) tag(digest name.Digest) (name.Tag, error) { return tagOf(digest, referrerSuffix) }

func (*bundled) known() []byte { return nil }

func (b *bundled) stamped() []byte { return b.signature }

func (b *bundled) predicateType() (string, error) {
	if b.says != nil {
		return b.says.predicateType()
	}
	return ctypes.CosignSignPredicateType, nil
}

// referrer is a manifest that refers to an image. go-containerregistry's own type has no field for the artifact type.
type referrer struct {
	v1.Manifest
	ArtifactType string `json:"artifactType"`
}

func (b *bundled) parcel(w *work) (*parcel, error) {
	predicateType, err := b.predicateType()
	if err != nil {
		return nil, err
	}
	content, err := cbundle.MakeNewBundle(w.result.PublicKey, w.entry, b.payload, b.envelope, w.public, w.stamp)
	if err != nil {
		return nil, err
	}
	hash, err := v1.NewHash(digestOf(content))
	if err != nil {
		return nil, err
	}
	subject, err := v1.NewHash(b.subject.digest.DigestStr())
	if err != nil {
		return nil, err
	}
	nothing, err := v1.NewHash(digestOf(emptyConfig))
	if err != nil {
		return nil, err
	}
	m := referrer{
		Manifest: v1.Manifest{
			SchemaVersion: 2,
			MediaType:     types.OCIManifestSchema1,
			Config: v1.Descriptor{
				MediaType: "application/vnd.oci.empty.v1+json", Digest: nothing, Size: int64(len(emptyConfig)), ArtifactType: bundleType,
			},
			Layers:  []v1.Descriptor{{MediaType: bundleType, Digest: hash, Size: int64(len(content))}},
			Subject: &v1.Descriptor{MediaType: b.subject.mediaType, Digest: subject, Size: b.subject.size},
			Annotations: map[string]string{
				createdAnnotation: b.now().UTC().Format(time.RFC3339), contentAnnotation: "dsse-envelope", predicateAnnotation: predicateType,
			},
		},
		ArtifactType: bundleType,
	}
	manifest, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	named, err := v1.NewHash(digestOf(manifest))
	if err != nil {
		return nil, err
	}
	ours, err := referrerOf(v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Digest: named, Size: int64(len(manifest)), Annotations: m.Annotations, ArtifactType: bundleType,
	})
	return &parcel{layer: ours, blob: content, blobType: bundleType, manifest: manifest, subject: subject}, err
}

var emptyConfig = []byte("{}")
