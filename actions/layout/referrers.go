package layout

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxScanned is how many bytes of blobs are looked at for manifests that have a subject, and maxReferrer how large such a
// manifest may be.
const (
	maxScanned  = 2 << 30
	maxReferrer = 4 << 20
)

// Referrers lists the manifests whose subject is h, in the order of their digests, as a registry's referrers API does. A
// layout has no such list, so that every blob which may be a manifest is looked at, once. Those that the fallback tag
// sha256-<hex> lists are among them whether they are there or not.
func (l *Layout) Referrers(ctx context.Context, h v1.Hash) ([]v1.Descriptor, error) {
	l.subjects.Do(func() { l.referrer, l.scan = l.scanned(ctx) })
	if l.scan != nil {
		return nil, unusable(ctx, l.reference, l.scan)
	}
	found := slices.Clone(l.referrer[h])
	fallback, err := l.Find(strings.Replace(h.String(), ":", "-", 1))
	if errors.Is(err, ErrNotFound) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	content, err := l.Manifest(fallback.Digest)
	if err != nil {
		return nil, err
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(content))
	if err != nil || len(index.Manifests) > maxDescriptors {
		return nil, unusable(ctx, l.reference, refused("the list of what refers to %s cannot be read", h))
	}
	for _, desc := range index.Manifests {
		if !slices.ContainsFunc(found, func(f v1.Descriptor) bool { return f.Digest == desc.Digest }) {
			found = append(found, desc)
		}
	}
	slices.SortFunc(found, func(a, b v1.Descriptor) int { return cmp.Compare(a.Digest.String(), b.Digest.String()) })
	return found, nil
}

func (l *Layout) scanned(ctx context.Context) (map[v1.Hash][]v1.Descriptor, error) {
	found := map[v1.Hash][]v1.Descriptor{}
	var read int64
	err := l.files.list(ctx, func(file string, size int64) error {
		base := path.Base(file)
		if path.Dir(file)+"/" != blobs || !hexDigest.MatchString(base) || size > maxReferrer || !l.isJSON(file) {
			return nil
		}
		if read += size; read > maxScanned {
			return refused("it holds more than the %d bytes of manifests that are looked at", int64(maxScanned))
		}
		desc := v1.Descriptor{Digest: v1.Hash{Algorithm: "sha256", Hex: base}, Size: size}
		if subject := l.subjectOf(desc); subject != nil {
			found[subject.of] = append(found[subject.of], subject.desc)
		}
		return nil
	})
	return found, err
}

// isJSON looks at the first byte: most of the bytes of a layout are layers.
func (l *Layout) isJSON(file string) bool {
	r, _, err := l.files.open(file)
	if err != nil {
		return false
	}
	defer func() { _ = r.Close() }()
	var first [1]byte
	n, _ := r.Read(first[:])
	return n == 1 && first[0] == '{'
}

// subject is what a manifest refers to, and the descriptor of that manifest as a registry lists it.
type subject struct {
	of   v1.Hash
	desc v1.Descriptor
}

// subjectOf reads the manifest of a descriptor; nil when it refers to nothing or cannot be read.
func (l *Layout) subjectOf(desc v1.Descriptor) *subject {
	content, err := l.Blob(desc.Digest, maxReferrer)
	if err != nil || !bytes.Contains(content, []byte(`"subject"`)) {
		return nil
	}
	var m v1.Manifest
	if json.Unmarshal(content, &m) != nil || m.Subject == nil || m.Subject.Digest.Hex == "" {
		return nil
	}
	artifact := m.ArtifactType
	if artifact == "" {
		artifact = string(m.Config.MediaType)
	}
	return &subject{m.Subject.Digest, v1.Descriptor{
		MediaType: m.MediaType, Digest: desc.Digest, Size: int64(len(content)), ArtifactType: artifact, Annotations: m.Annotations,
	}}
}
