// Package layout reads images from the disk: OCI image layouts in a directory or in an archive, with what cosign, skopeo,
// oras and others keep beside an image in them. It reads and never writes, nothing is unpacked to the disk, and no archive
// can fill the memory.
//
// The format is that of the OCI image specification (image-layout.md). Signatures are found in each of the ways in which
// they are stored there: under the tags sha256-<hex>.sig and .att, under cosign's own annotation "kind" as
// `cosign save` writes it, as manifests with a subject (in the index or only among the blobs, as `cosign save` of version
// 3 leaves them), and in the fallback tag sha256-<hex>.
package layout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
)

const (
	maxManifest    = 32 << 20
	maxPayload     = 1 << 20
	maxDescriptors = 100_000
	indexFile      = "index.json"
	layoutFile     = "oci-layout"
	blobs          = "blobs/sha256/"
)

// The annotations that say what an entry of index.json is.
const (
	nameAnnotation      = "org.opencontainers.image.ref.name"
	containerdName      = "io.containerd.image.name"
	kindAnnotation      = "kind" // cosign's
	kindImage           = "dev.cosignproject.cosign/image"
	kindIndex           = "dev.cosignproject.cosign/imageIndex"
	kindSignatures      = "dev.cosignproject.cosign/sigs"
	kindAttestations    = "dev.cosignproject.cosign/atts"
	nextToChoose        = "name one: add :TAG or @sha256:HEX to the reference"
	repositoryOfNowhere = "layout.localhost/"
)

// ErrNotFound is what a layout answers for a tag or digest that is not in it.
var ErrNotFound = errors.New("it is not in the layout")

// Layout is an OCI image layout that was opened. It is safe for concurrent use.
type Layout struct {
	reference Reference
	files     files
	index     v1.IndexManifest
	rawIndex  []byte

	subjects sync.Once
	referrer map[v1.Hash][]v1.Descriptor
	scan     error
}

// Open opens the layout that ref names. Close it. It fails with CodeLayout when there is none or when it is refused.
func Open(ctx context.Context, ref Reference) (*Layout, error) {
	l := &Layout{reference: ref}
	var err error
	if ref.Transport == Archive {
		l.files, err = asFiles(openArchive(ctx, ref.Path))
	} else {
		var root *os.Root
		if root, err = os.OpenRoot(ref.Path); err == nil {
			l.files = &directory{root}
		}
	}
	if err != nil {
		return nil, unusable(ctx, ref, err)
	}
	if err := l.readIndex(); err != nil {
		_ = l.Close()
		return nil, unusable(ctx, ref, err)
	}
	return l, nil
}

func asFiles(a *archive, err error) (files, error) {
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Close ends the use of the layout.
func (l *Layout) Close() error { return l.files.Close() }

func (l *Layout) readIndex() error {
	text, err := l.readFile(layoutFile, maxPayload)
	if errors.Is(err, fs.ErrNotExist) {
		return refused("there is no file %s in it", layoutFile)
	}
	if err != nil {
		return err
	}
	var version struct {
		Version string `json:"imageLayoutVersion"`
	}
	if err := json.Unmarshal(text, &version); err != nil || !strings.HasPrefix(version.Version, "1.") {
		return refused("its file %s names no version 1 of the format", layoutFile)
	}
	l.rawIndex, err = l.readFile(indexFile, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return refused("there is no file %s in it", indexFile)
	}
	if err != nil {
		return err
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(l.rawIndex))
	if err != nil {
		return refused("its file %s cannot be read: %v", indexFile, err)
	}
	if len(index.Manifests) > maxDescriptors {
		return refused("its file %s lists %d manifests, more than the %d that are looked at", indexFile, len(index.Manifests), maxDescriptors)
	}
	l.index = *index
	return nil
}

// readFile reads a whole file of at most limit bytes.
func (l *Layout) readFile(name string, limit int64) ([]byte, error) {
	r, size, err := l.files.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	if size > limit {
		return nil, refused("%s in it has %d bytes, more than the %d that are read", name, size, limit)
	}
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(content)) > limit:
		return nil, refused("%s in it has more than the %d bytes that are read", name, limit)
	case int64(len(content)) < size:
		return nil, refused("%s in it ends in the middle: the copy was cut", name)
	}
	return content, nil
}

// File reads a file beside the blobs, such as what a pack adds; fs.ErrNotExist when there is none.
func (l *Layout) File(name string, limit int64) ([]byte, error) { return l.readFile(name, limit) }

// Blob reads the blob with a digest and compares the two. It fails with ErrNotFound when there is none, CodeDigestMismatch
// when it is another, and a reason when it has more than limit bytes.
func (l *Layout) Blob(h v1.Hash, limit int64) ([]byte, error) {
	if h.Algorithm != "sha256" || !hexDigest.MatchString(h.Hex) {
		return nil, fmt.Errorf("%s: %w", h, ErrNotFound)
	}
	content, err := l.readFile(blobs+h.Hex, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", h, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if found, _, err := v1.SHA256(bytes.NewReader(content)); err != nil || found != h {
		return nil, &actions.Error{
			Code: actions.CodeDigestMismatch, What: fmt.Sprintf("the blob %s in %s is another", h, l.reference.Path),
			Why:  fmt.Sprintf("the bytes there have the digest %s: they were changed or damaged", found),
			Next: "ask for the image again from whoever made the copy",
		}
	}
	return content, nil
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Manifest reads the manifest or index with a digest, as Blob.
func (l *Layout) Manifest(h v1.Hash) ([]byte, error) { return l.Blob(h, maxManifest) }

// Find returns the entry of a tag, be it written as an annotation of index.json in any of the ways of the tools that write
// layouts, or as cosign's kind. It fails with ErrNotFound.
func (l *Layout) Find(tag string) (v1.Descriptor, error) {
	for _, desc := range l.index.Manifests {
		if slices.Contains(namesOf(desc), tag) {
			return desc, nil
		}
	}
	// cosign's own layouts hold one image, and what it signed is told by its kind.
	kind := map[string]string{"sig": kindSignatures, "att": kindAttestations}[strings.TrimPrefix(filepath.Ext(tag), ".")]
	image := slices.IndexFunc(l.index.Manifests, isMain)
	if kind == "" || image < 0 || strings.TrimSuffix(tag, filepath.Ext(tag)) != strings.Replace(l.index.Manifests[image].Digest.String(), ":", "-", 1) {
		return v1.Descriptor{}, fmt.Errorf("%s: %w", tag, ErrNotFound)
	}
	for _, desc := range l.index.Manifests {
		if desc.Annotations[kindAnnotation] == kind {
			return desc, nil
		}
	}
	return v1.Descriptor{}, fmt.Errorf("%s: %w", tag, ErrNotFound)
}

// namesOf are the tags under which an entry is known; some tools write a whole reference in place of its tag.
func namesOf(desc v1.Descriptor) []string {
	var names []string
	for _, annotation := range []string{nameAnnotation, containerdName} {
		text := desc.Annotations[annotation]
		if text == "" {
			continue
		}
		names = append(names, text)
		if ref, err := name.NewTag(text, name.StrictValidation); err == nil {
			names = append(names, ref.TagStr())
		}
	}
	return names
}

func isMain(desc v1.Descriptor) bool {
	kind := desc.Annotations[kindAnnotation]
	return kind == kindImage || kind == kindIndex
}

// besides matches the tags of what belongs to an image.
var besides = regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.[a-z]+)?$`)

// images are the entries that are images and not what belongs to one.
func (l *Layout) images() []v1.Descriptor {
	var found []v1.Descriptor
	for _, desc := range l.index.Manifests {
		switch {
		case isMain(desc):
			return []v1.Descriptor{desc}
		case desc.Annotations[kindAnnotation] == kindSignatures, desc.Annotations[kindAnnotation] == kindAttestations:
		case slices.ContainsFunc(namesOf(desc), besides.MatchString):
		case desc.MediaType != "" && !desc.MediaType.IsImage() && !desc.MediaType.IsIndex():
		case l.subjectOf(desc) != nil:
		case slices.ContainsFunc(found, func(f v1.Descriptor) bool { return f.Digest == desc.Digest }):
		default:
			found = append(found, desc)
		}
	}
	return found
}

// Image returns the image that the reference names: by tag, by digest, or the only one. It fails with CodeTagNotFound, and
// with CodeUsage where there is more than one to choose from.
func (l *Layout) Image() (v1.Descriptor, error) {
	wanted := l.reference.Name
	if digest.MatchString(wanted) {
		h, err := v1.NewHash(wanted)
		if err != nil {
			return v1.Descriptor{}, err
		}
		content, err := l.Manifest(h)
		if errors.Is(err, ErrNotFound) {
			return v1.Descriptor{}, l.missing("nothing in it has the digest " + wanted)
		}
		if err != nil {
			return v1.Descriptor{}, err
		}
		return described(content, h)
	}
	images := l.images()
	if wanted != "" {
		desc, err := l.Find(wanted)
		if err != nil {
			return v1.Descriptor{}, l.missing("it holds " + l.list(images))
		}
		return desc, nil
	}
	switch len(images) {
	case 1:
		return images[0], nil
	case 0:
		return v1.Descriptor{}, l.missing("it holds no image")
	}
	return v1.Descriptor{}, &actions.Error{
		Code: actions.CodeUsage, What: l.reference.String() + " holds more than one image", Why: l.list(images), Next: nextToChoose,
	}
}

func (l *Layout) missing(why string) error {
	return &actions.Error{Code: actions.CodeTagNotFound, What: "there is no image " + l.reference.String(), Why: why, Next: nextToChoose, Err: ErrNotFound}
}

// list names images for people, the first few.
func (l *Layout) list(images []v1.Descriptor) string {
	const shown = 5
	var names []string
	for i, desc := range images {
		if i == shown {
			names = append(names, fmt.Sprintf("and %d more", len(images)-shown))
			break
		}
		if tags := namesOf(desc); len(tags) > 0 {
			names = append(names, fmt.Sprintf("%.80q", tags[0]))
		} else {
			names = append(names, desc.Digest.String())
		}
	}
	if len(names) == 0 {
		return "no image"
	}
	return strings.Join(names, ", ")
}

// described is the descriptor of a manifest that is known by its content alone.
func described(content []byte, h v1.Hash) (v1.Descriptor, error) {
	m, err := v1.ParseManifest(bytes.NewReader(content))
	if err != nil {
		return v1.Descriptor{}, refused("%s in it is no manifest: %v", h, err)
	}
	return v1.Descriptor{MediaType: m.MediaType, Digest: h, Size: int64(len(content))}, nil
}

// Reference returns how the layout was named.
func (l *Layout) Reference() Reference { return l.reference }

// Repository is the name under which what is in the layout is known: that of the image as the tool that wrote it noted it,
// or else a name that no registry has.
func (l *Layout) Repository() name.Repository {
	for _, desc := range l.index.Manifests {
		for _, text := range []string{desc.Annotations[containerdName], desc.Annotations[nameAnnotation]} {
			if ref, err := name.NewTag(text, name.StrictValidation); err == nil {
				return ref.Context()
			}
		}
	}
	base := notInNames.ReplaceAllString(strings.ToLower(filepath.Base(l.reference.Path)), "-")
	repository, err := name.NewRepository(repositoryOfNowhere + strings.Trim(base, "-"))
	if err != nil {
		repository, _ = name.NewRepository(repositoryOfNowhere + "image")
	}
	return repository
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)
