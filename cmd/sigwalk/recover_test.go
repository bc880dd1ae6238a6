//go:build unix

package main

import (
	"io"
	"strconv"
	"strings"

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
	head, err := remote.Head(ref, login)
	ts.Check(err)
	tag := ref.Context().Tag(strings.Replace(head.Digest.String(), ":", "-", 1) + ".sig")
	before, err := remote.Image(tag, login)
	ts.Check(err)
	manifest, err := before.Manifest()
	ts.Check(err)
	content := map[v1.Hash]v1.Layer{}
	for _, described := range manifest.Layers {
		layer, err := remote.Layer(tag.Context().Digest(described.Digest.String()), login)
		ts.Check(err)
		body, err := layer.Compressed() // as it is stored
		ts.Check(err)
		text, err := io.ReadAll(body)
		ts.Check(err)
		content[described.Digest] = static.NewLayer(text, described.MediaType)
	}
	whole, rest := withLayers(ts, content, manifest.Layers), withLayers(ts, content, manifest.Layers[:kept])
	ts.Check(remote.Delete(tag, login))
	ts.Check(remote.Write(tag, whole, login))
	ts.Check(remote.Write(tag, rest, login))
}

// withLayers is an image of layers whose content is known.
func withLayers(ts *testscript.TestScript, content map[v1.Hash]v1.Layer, layers []v1.Descriptor) v1.Image {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, described := range layers {
		var err error
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: content[described.Digest], Annotations: described.Annotations, MediaType: described.MediaType,
		})
		ts.Check(err)
	}
	return image
}
