//go:build unix

package main

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// lose IMAGE KEPT: leaves the first KEPT signatures at the image's tag and drops the others, as a tool does that read the
// tag before they were there. It deletes the tag first and pushes all of them anew, so that they are a foreign tool's: the
// sandbox would put its own back.
func loseSignatures(ts *testscript.TestScript, _ bool, args []string) {
	ref, login := reference(ts, args[0])
	kept, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(lose(ref, kept, login))
}

// lose is the same for any test.
func lose(ref name.Reference, kept int, login remote.Option) error {
	head, err := remote.Head(ref, login)
	if err != nil {
		return err
	}
	tag := ref.Context().Tag(strings.Replace(head.Digest.String(), ":", "-", 1) + ".sig")
	before, err := remote.Image(tag, login)
	if err != nil {
		return err
	}
	manifest, err := before.Manifest()
	if err != nil {
		return err
	}
	content := map[v1.Hash]v1.Layer{}
	for _, described := range manifest.Layers {
		layer, err := remote.Layer(tag.Context().Digest(described.Digest.String()), login)
		if err != nil {
			return err
		}
		body, err := layer.Compressed() // as it is stored
		if err != nil {
			return err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		content[described.Digest] = static.NewLayer(text, described.MediaType)
	}
	whole, err := withLayers(content, manifest.Layers)
	if err != nil {
		return err
	}
	rest, err := withLayers(content, manifest.Layers[:kept])
	if err != nil {
		return err
	}
	return errors.Join(remote.Delete(tag, login), remote.Write(tag, whole, login), remote.Write(tag, rest, login))
}

// withLayers is an image of layers whose content is known.
func withLayers(content map[v1.Hash]v1.Layer, layers []v1.Descriptor) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, described := range layers {
		var err error
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: content[described.Digest], Annotations: described.Annotations, MediaType: described.MediaType,
		})
		if err != nil {
			return nil, err
		}
	}
	return image, nil
}
