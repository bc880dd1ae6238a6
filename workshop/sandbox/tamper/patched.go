package tamper

import (
	"bytes"
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// patched is an image with one layer exchanged in its manifest and nowhere else. It implements v1.Image.
type patched struct {
	v1.Image
	manifest *v1.Manifest
	layer    v1.Layer
	at       int
}

// Manifest implements v1.Image.
func (p *patched) Manifest() (*v1.Manifest, error) { return p.manifest, nil }

// RawManifest implements v1.Image.
func (p *patched) RawManifest() ([]byte, error) { return json.Marshal(p.manifest) }

// Digest implements v1.Image.
func (p *patched) Digest() (v1.Hash, error) {
	raw, err := p.RawManifest()
	if err != nil {
		return v1.Hash{}, err
	}
	h, _, err := v1.SHA256(bytes.NewReader(raw))
	return h, err
}

// Size implements v1.Image.
func (p *patched) Size() (int64, error) {
	raw, err := p.RawManifest()
	return int64(len(raw)), err
}

// Layers implements v1.Image.
func (p *patched) Layers() ([]v1.Layer, error) {
	layers, err := p.Image.Layers()
	if err != nil {
		return nil, err
	}
	layers[p.at] = p.layer
	return layers, nil
}

// LayerByDigest implements v1.Image.
func (p *patched) LayerByDigest(h v1.Hash) (v1.Layer, error) {
	if h == p.manifest.Layers[p.at].Digest {
		return p.layer, nil
	}
	return p.Image.LayerByDigest(h)
}
