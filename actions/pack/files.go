package pack

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page for the other side
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"unicode"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
)

// file is one that is written from the memory.
type file struct {
	name    string
	content []byte
}

// files are all that are no blobs, in the order of the archive: what one wants to see first is at its beginning.
func (c *collection) files(req Request) ([]file, *Description, error) {
	index, err := c.index()
	if err != nil {
		return nil, nil, err
	}
	description := &Description{
		Format: Format, Image: req.Image, Digest: c.image.DigestStr(),
		TrustRoot: hexSum(req.TrustRoot), TrustSource: req.TrustSource, Manifests: len(c.manifests), Blobs: len(c.blobs), Signers: req.Signers, KeyPairs: req.KeyPairs,
	}
	if description.Signers == nil {
		description.Signers = []Signer{}
	}
	for _, b := range c.sortedBlobs() {
		description.Bytes += b.size
	}
	text, err := json.MarshalIndent(description, "", "  ")
	if err != nil {
		return nil, nil, err
	}
	readme, err := c.readme(description)
	if err != nil {
		return nil, nil, err
	}
	files := []file{
		{readmeFile, readme},
		{descriptionFile, append(text, '\n')},
		{rootFile, req.TrustRoot},
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", index},
	}
	if req.Proofs != nil {
		files = slices.Insert(files, 3, file{proofsFile, req.Proofs})
	}
	return slices.Insert(files, 1, file{sumsFile, c.sums(files)}), description, nil
}

// sortedBlobs are all blobs, the manifests among them, in the order of their digests.
func (c *collection) sortedBlobs() []*blob {
	all := maps.Clone(c.blobs)
	for digest, m := range c.manifests {
		all[digest] = &blob{digest: m.desc.Digest, size: int64(len(m.raw))}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *blob) int { return cmp.Compare(a.digest.String(), b.digest.String()) })
}

// index is index.json: the image first, then what belongs to it. Each tool finds its own: skopeo and oras the names,
// cosign the kinds, and whoever knows referrers their types.
func (c *collection) index() ([]byte, error) {
	var listed []*manifest
	for _, m := range c.manifests {
		if m.listed {
			listed = append(listed, m)
		}
	}
	slices.SortFunc(listed, func(a, b *manifest) int {
		return cmp.Or(
			cmp.Compare(c.rank(a), c.rank(b)),
			cmp.Compare(a.tag, b.tag), cmp.Compare(a.desc.Digest.String(), b.desc.Digest.String()),
		)
	})
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, m := range listed {
		desc := v1.Descriptor{MediaType: m.desc.MediaType, Size: int64(len(m.raw)), Digest: m.desc.Digest, ArtifactType: m.desc.ArtifactType}
		desc.Annotations = maps.Clone(m.desc.Annotations)
		note := func(key, value string) {
			if value == "" {
				return
			}
			if desc.Annotations == nil {
				desc.Annotations = map[string]string{}
			}
			desc.Annotations[key] = value
		}
		note("org.opencontainers.image.ref.name", m.tag)
		note("kind", m.kind)
		if c.rank(m) == 0 {
			// Of the image its whole name, too, which containerd's tools read.
			note("io.containerd.image.name", c.asked.Name())
		}
		index.Manifests = append(index.Manifests, desc)
	}
	text, err := json.MarshalIndent(index, "", "  ")
	return append(text, '\n'), err
}

func (c *collection) rank(m *manifest) int {
	if m.desc.Digest.String() == c.image.DigestStr() {
		return 0
	}
	return 1
}

// sums are SHA256SUMS, as sha256sum writes and checks it.
func (c *collection) sums(files []file) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", hexSum(f.content), f.name)
	}
	for _, blob := range c.sortedBlobs() {
		fmt.Fprintf(&b, "%s  %s\n", blob.digest.Hex, blobName(blob.digest))
	}
	return b.Bytes()
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

//go:embed readme.txt
var page string

var pageTemplate = template.Must(template.New(readmeFile).Option("missingkey=error").Funcs(template.FuncMap{
	"quote": printable.Word, "line": line, "counted": counted,
}).Parse(page))

// line keeps what a certificate says on its line.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

func (c *collection) readme(d *Description) ([]byte, error) {
	var b bytes.Buffer
	tag := ""
	if m := c.manifests[d.Digest]; m != nil && m.tag != "" {
		tag = ":" + m.tag
	}
	first := Signer{Subject: "NAME@EXAMPLE.COM", Issuer: "https://ISSUER.EXAMPLE.COM"}
	for _, s := range d.Signers {
		if s.Subject != "" {
			first = s
			break
		}
	}
	err := pageTemplate.Execute(&b, struct {
		*Description
		Tag   string
		First Signer
	}{d, tag, first})
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeInternal, What: "the page of the pack cannot be written", Why: err.Error(), Err: err}
	}
	return b.Bytes(), nil
}
