package tamper

import (
	"bytes"
	"context"
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
)

func content(layer v1.Layer) ([]byte, error) {
	r, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// changed is the image with one byte of its last layer flipped.
func (w *work) changed() (v1.Image, error) {
	layers, err := w.image.Layers()
	if err != nil {
		return nil, err
	}
	if len(layers) == 0 {
		return nil, errors.New("the image has no layers")
	}
	last := len(layers) - 1
	bytes, err := content(layers[last])
	if err != nil {
		return nil, err
	}
	mediaType, err := layers[last].MediaType()
	if err != nil {
		return nil, err
	}
	bytes[len(bytes)/2] ^= 1
	m, err := w.image.Manifest()
	if err != nil {
		return nil, err
	}
	layer := static.NewLayer(bytes, mediaType)
	digest, err := layer.Digest()
	if err != nil {
		return nil, err
	}
	// The manifest is rewritten by hand: a tool that rebuilds an image would unpack the layer, and it is damaged.
	altered := m.DeepCopy()
	altered.Layers[last].Digest = digest
	return &patched{Image: w.image, manifest: altered, layer: layer, at: last}, nil
}

// flipLayer is the case "layer".
func flipLayer(_ context.Context, w *work) error {
	image, err := w.changed()
	if err != nil {
		return err
	}
	if err := w.push(w.tag, image); err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	return w.attach(digest, w.first)
}

// moveTag is the case "moved-tag".
func moveTag(_ context.Context, w *work) error {
	image, err := mutate.Config(w.image, v1.Config{Cmd: []string{"/something-else"}})
	if err != nil {
		return err
	}
	return w.push(w.tag, image)
}

// deleteSignature is the case "deleted-signature".
func deleteSignature(_ context.Context, w *work) error {
	desc, err := remote.Head(w.signatureTag(w.digest), w.options...)
	if err != nil {
		return err
	}
	return remote.Delete(w.tag.Digest(desc.Digest.String()), w.options...)
}

// unsignedBadge is the case "unsigned-badge".
func unsignedBadge(_ context.Context, w *work) error {
	return w.push(w.signatureTag(w.digest), w.image)
}

// swapPayload is the case "payload".
func swapPayload(_ context.Context, w *work) error {
	other, err := mutate.Config(w.image, v1.Config{Cmd: []string{"/another-image"}})
	if err != nil {
		return err
	}
	digest, err := other.Digest()
	if err != nil {
		return err
	}
	payload, err := w.payloadFor(digest.String(), nil)
	if err != nil {
		return err
	}
	return w.attach(w.digest, signature{payload, w.first.annotations})
}

// changeAnnotation is the case "annotation".
func changeAnnotation(_ context.Context, w *work) error {
	payload, err := w.payloadFor("", func(p map[string]any) {
		p["optional"] = map[string]any{"approved": "yes"}
	})
	if err != nil {
		return err
	}
	if bytes.Equal(payload, w.first.payload) {
		return errors.New("the payload has that annotation already")
	}
	return w.attach(w.digest, signature{payload, w.first.annotations})
}
