package verificationtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	gcrstatic "github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
)

// Image pushes a small image under reference and returns its digest.
func Image(ctx context.Context, reference string, opts ...remote.Option) (name.Digest, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return name.Digest{}, err
	}
	image, err := random.Image(256, 1)
	if err != nil {
		return name.Digest{}, err
	}
	if err := remote.Write(ref, image, withContext(ctx, opts)...); err != nil {
		return name.Digest{}, err
	}
	h, err := image.Digest()
	return ref.Context().Digest(h.String()), err
}

// Attach stores layers as the signatures of image, in place of those it has. All are pushed at once.
func Attach(ctx context.Context, image name.Digest, layers []Layer, opts ...remote.Option) error {
	return Put(ctx, image, "sig", layers, opts...)
}

// Put stores layers under the tag sha256-<hex>.<suffix> of image.
func Put(ctx context.Context, image name.Digest, suffix string, layers []Layer, opts ...remote.Option) error {
	opts = withContext(ctx, opts)
	config, err := upload(image, []byte(`{"architecture":"","os":"","rootfs":{"type":"layers","diff_ids":[]},"config":{}}`), types.OCIConfigJSON, opts)
	if err != nil {
		return err
	}
	m := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: *config}
	pushed := map[string]*v1.Descriptor{}
	for _, layer := range layers {
		desc, ok := pushed[string(layer.Payload)]
		if !ok {
			if desc, err = upload(image, layer.Payload, ctypes.SimpleSigningMediaType, opts); err != nil {
				return err
			}
			pushed[string(layer.Payload)] = desc
		}
		signed := *desc
		signed.Annotations = layer.Annotations
		m.Layers = append(m.Layers, signed)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	tag := image.Context().Tag(strings.Replace(image.DigestStr(), ":", "-", 1) + "." + suffix)
	return remote.Put(tag, manifest{raw, types.OCIManifestSchema1}, opts...)
}

// Refer stores content as an artifact that refers to image, as cosign 3 stores its bundles. Where the registry has no
// referrers API the list in the tag sha256-<hex> is kept.
func Refer(ctx context.Context, image name.Digest, artifactType string, content []byte, annotations map[string]string, opts ...remote.Option) (v1.Hash, error) {
	return refer(ctx, image, artifactType, v1.Descriptor{MediaType: types.MediaType(artifactType)}, content, annotations, opts)
}

// ReferLayer stores a signature as an artifact that refers to image, as cosign 2 does with --registry-referrers-mode=oci-1-1.
func ReferLayer(ctx context.Context, image name.Digest, artifactType string, layer Layer, opts ...remote.Option) (v1.Hash, error) {
	desc := v1.Descriptor{MediaType: ctypes.SimpleSigningMediaType, Annotations: layer.Annotations}
	return refer(ctx, image, artifactType, desc, layer.Payload, nil, opts)
}

func refer(ctx context.Context, image name.Digest, artifactType string, like v1.Descriptor, content []byte, annotations map[string]string, opts []remote.Option) (v1.Hash, error) {
	opts = withContext(ctx, opts)
	subject, err := remote.Head(image, opts...)
	if err != nil {
		return v1.Hash{}, err
	}
	configType := types.MediaType("application/vnd.oci.empty.v1+json")
	if len(like.Annotations) > 0 {
		configType = types.MediaType(artifactType) // cosign 2 knew no better place for it
	}
	config, err := upload(image, []byte("{}"), configType, opts)
	if err != nil {
		return v1.Hash{}, err
	}
	layer, err := upload(image, content, like.MediaType, opts)
	if err != nil {
		return v1.Hash{}, err
	}
	layer.Annotations = like.Annotations
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: *config, ArtifactType: artifactType,
		Layers: []v1.Descriptor{*layer}, Subject: subject, Annotations: annotations,
	})
	if err != nil {
		return v1.Hash{}, err
	}
	digest, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return v1.Hash{}, err
	}
	return digest, remote.Put(image.Context().Digest(digest.String()), manifest{raw, types.OCIManifestSchema1}, opts...)
}

func upload(image name.Digest, content []byte, mediaType types.MediaType, opts []remote.Option) (*v1.Descriptor, error) {
	layer := gcrstatic.NewLayer(content, mediaType)
	if err := remote.WriteLayer(image.Context(), layer, opts...); err != nil {
		return nil, err
	}
	digest, err := layer.Digest()
	return &v1.Descriptor{MediaType: mediaType, Size: int64(len(content)), Digest: digest}, err
}

func withContext(ctx context.Context, opts []remote.Option) []remote.Option {
	return append([]remote.Option{remote.WithContext(ctx)}, opts...)
}

// manifest is a manifest as bytes.
type manifest struct {
	raw       []byte
	mediaType types.MediaType
}

// RawManifest implements remote.Taggable.
func (m manifest) RawManifest() ([]byte, error) {
	if len(m.raw) == 0 {
		return nil, errors.New("an empty manifest")
	}
	return m.raw, nil
}

// MediaType implements the optional part of remote.Taggable.
func (m manifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }
