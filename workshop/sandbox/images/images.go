// Package images makes the demo image that the sandbox's stand-in for quay.io serves: byte for byte the same in every
// sandbox, with layers of a size at which a copy has something to show.
package images

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"
)

// Repository is where the demo image lies, below the registry's host.
const Repository = "tssc_demos/l3-rhads-demoimage"

// The media types of what Build makes, from the OCI image specification.
const (
	MediaTypeIndex    = "application/vnd.oci.image.index.v1+json"
	MediaTypeManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaTypeConfig   = "application/vnd.oci.image.config.v1+json"
	mediaTypeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// made is when the image says that it was made. A real time would make every sandbox's digest another one.
var made = time.Date(2025, time.October, 22, 16, 21, 0, 0, time.UTC)

// Blob is content and its digest ("sha256:" and hex).
type Blob struct {
	Digest string
	Data   []byte
}

// Manifest is an image manifest or an index.
type Manifest struct {
	Blob
	MediaType string
	Tags      []string
}

// Content is what a registry must store, in an order in which nothing is referred to before it is there.
type Content struct {
	Blobs     []Blob
	Manifests []Manifest
}

// Build makes the demo image: the tag `latest` is one linux/amd64 image with four layers, the tag `multiarch` an index of
// that image and of one for linux/arm64.
func Build() (Content, error) {
	platforms := []string{"amd64", "arm64"}
	built := make([]image, len(platforms))
	var group errgroup.Group
	for i, architecture := range platforms {
		group.Go(func() (err error) {
			built[i], err = build(architecture)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Content{}, err
	}

	built[0].manifest.Tags = []string{"latest"}
	list := index{SchemaVersion: 2, MediaType: MediaTypeIndex}
	var content Content
	for i, img := range built {
		content.Blobs = append(content.Blobs, img.blobs...)
		content.Manifests = append(content.Manifests, img.manifest)
		entry := describe(MediaTypeManifest, img.manifest.Blob)
		entry.Platform = &platform{Architecture: platforms[i], OS: "linux"}
		list.Manifests = append(list.Manifests, entry)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return Content{}, err
	}
	content.Manifests = append(content.Manifests, Manifest{
		Blob: blob(text), MediaType: MediaTypeIndex, Tags: []string{"multiarch"},
	})
	return content, nil
}

// image is one platform's image: its configuration and layers, and the manifest that names them.
type image struct {
	blobs    []Blob
	manifest Manifest
}

func build(architecture string) (image, error) {
	layers := layersFor(architecture)
	type packed struct {
		blob Blob
		diff string // digest of the tar before compression
	}
	done := make([]packed, len(layers))
	var group errgroup.Group
	for i, l := range layers {
		group.Go(func() error {
			tarball, err := l.tar()
			if err != nil {
				return err
			}
			done[i] = packed{blob: blob(store(tarball)), diff: digest(tarball)}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return image{}, err
	}

	conf := config{
		Created:      made,
		Author:       "sigwalk workshop sandbox",
		Architecture: architecture,
		OS:           "linux",
		Config:       runtimeConfig(),
		RootFS:       rootFS{Type: "layers"},
	}
	man := manifest{SchemaVersion: 2, MediaType: MediaTypeManifest, Annotations: annotations()}
	var img image
	for i, p := range done {
		conf.RootFS.DiffIDs = append(conf.RootFS.DiffIDs, p.diff)
		conf.History = append(conf.History, history{Created: made, CreatedBy: layers[i].createdBy})
		man.Layers = append(man.Layers, describe(mediaTypeLayer, p.blob))
		img.blobs = append(img.blobs, p.blob)
	}
	conf.History = append(conf.History, history{
		Created: made, CreatedBy: `ENTRYPOINT ["` + program + `"]`, EmptyLayer: true,
	})
	text, err := json.Marshal(conf)
	if err != nil {
		return image{}, err
	}
	configBlob := blob(text)
	man.Config = describe(mediaTypeConfig, configBlob)
	img.blobs = append(img.blobs, configBlob)
	if text, err = json.Marshal(man); err != nil {
		return image{}, err
	}
	img.manifest = Manifest{Blob: blob(text), MediaType: MediaTypeManifest}
	return img, nil
}

func blob(data []byte) Blob { return Blob{Digest: digest(data), Data: data} }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
