package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
)

// catalog reads what distribution stored, for the parts of Quay's interface that tell of tags. Distribution keeps a link for
// every manifest that a tag ever named, and the link's age is the time.
type catalog struct {
	space distribution.Namespace
	files driver.StorageDriver
}

func openCatalog(ctx context.Context, root string) (*catalog, error) {
	files := filesystem.New(filesystem.DriverParameters{RootDirectory: root, MaxThreads: 25})
	space, err := storage.NewRegistry(ctx, files, storage.EnableDelete)
	return &catalog{space, files}, err
}

// version is what a tag names, or named.
type version struct {
	tag    string
	digest digest.Digest
	since  time.Time
	until  time.Time // zero for what it names now
}

var errNoRepository = errors.New("there is no such repository")

// versions returns what the tags of a repository name and, unless active, what they named before, the newest first. With
// only it is about that tag. A tag that named the same manifest more than once has it as of the last time.
func (c *catalog) versions(ctx context.Context, repository, only string, active bool) ([]version, error) {
	name, err := reference.WithName(repository)
	if err != nil {
		return nil, errNoRepository
	}
	repo, err := c.space.Repository(ctx, name)
	if err != nil {
		return nil, err
	}
	tags := repo.Tags(ctx)
	names, err := tags.All(ctx)
	var unknown distribution.ErrRepositoryUnknown
	if errors.As(err, &unknown) {
		return nil, errNoRepository
	}
	if err != nil {
		return nil, err
	}
	var all []version
	for _, tag := range names {
		if only != "" && tag != only {
			continue
		}
		of, err := c.of(ctx, tags, repository, tag)
		if err != nil {
			return nil, err
		}
		if active && len(of) > 0 {
			of = of[:1]
		}
		all = append(all, of...)
	}
	slices.SortStableFunc(all, func(a, b version) int {
		return cmp.Or(b.since.Compare(a.since), cmp.Compare(a.tag, b.tag))
	})
	return all, nil
}

// untag takes every tag off what is in a namespace, and returns those that are gone, also where it fails at another.
func (c *catalog) untag(ctx context.Context, namespace string) (gone []Push, err error) {
	var repositories []reference.Named
	enumerator, ok := c.space.(distribution.RepositoryEnumerator)
	if !ok {
		return nil, errors.New("what is stored cannot be listed")
	}
	err = enumerator.Enumerate(ctx, func(name string) error {
		if first, _, _ := strings.Cut(name, "/"); first != namespace {
			return nil
		}
		named, err := reference.WithName(name)
		repositories = append(repositories, named)
		return err
	})
	var nothing driver.PathNotFoundError
	if err != nil && !errors.As(err, &nothing) {
		return nil, err
	}
	for _, name := range repositories {
		repo, err := c.space.Repository(ctx, name)
		if err != nil {
			return gone, err
		}
		tags, err := repo.Tags(ctx).All(ctx)
		var unknown distribution.ErrRepositoryUnknown
		if err != nil && !errors.As(err, &unknown) {
			return gone, err
		}
		for _, tag := range tags {
			if err := repo.Tags(ctx).Untag(ctx, tag); err != nil {
				return gone, err
			}
			gone = append(gone, Push{Repository: name.Name(), Reference: tag, At: time.Now(), Removed: true})
		}
	}
	return gone, nil
}

// of returns what one tag named, what it names now first.
func (c *catalog) of(ctx context.Context, tags distribution.TagService, repository, tag string) ([]version, error) {
	current, err := tags.Get(ctx, tag)
	if err != nil {
		var gone distribution.ErrTagUnknown
		if errors.As(err, &gone) { // just now
			return nil, nil
		}
		return nil, err
	}
	digests := []digest.Digest{current.Digest}
	if historical, ok := tags.(interface {
		ManifestDigests(ctx context.Context, tag string) ([]digest.Digest, error)
	}); ok {
		if digests, err = historical.ManifestDigests(ctx, tag); err != nil {
			return nil, err
		}
	}
	found := make([]version, 0, len(digests))
	for _, d := range digests {
		link := path.Join("/docker/registry/v2/repositories", repository, "_manifests/tags", tag, "index", d.Algorithm().String(), d.Encoded(), "link")
		info, err := c.files.Stat(ctx, link)
		if err != nil {
			continue // removed just now
		}
		found = append(found, version{tag: tag, digest: d, since: info.ModTime().UTC()})
	}
	slices.SortStableFunc(found, func(a, b version) int {
		if isNow, wasNow := a.digest == current.Digest, b.digest == current.Digest; isNow != wasNow {
			if isNow {
				return -1
			}
			return 1
		}
		return b.since.Compare(a.since)
	})
	for i := 1; i < len(found); i++ {
		found[i].until = found[i-1].since
	}
	return found, nil
}

// about returns what a manifest is: whether it lists images, and the size of its layers in bytes.
func (c *catalog) about(ctx context.Context, repository string, d digest.Digest) (index bool, size int64) {
	name, err := reference.WithName(repository)
	if err != nil {
		return false, 0
	}
	repo, err := c.space.Repository(ctx, name)
	if err != nil {
		return false, 0
	}
	manifests, err := repo.Manifests(ctx)
	if err != nil {
		return false, 0
	}
	m, err := manifests.Get(ctx, d)
	if err != nil {
		return false, 0 // it was removed, and is still in the history
	}
	_, text, err := m.Payload()
	if err != nil {
		return false, 0
	}
	var held struct {
		Manifests []json.RawMessage `json:"manifests"`
		Layers    []struct {
			Size int64 `json:"size"`
		} `json:"layers"`
	}
	if json.Unmarshal(text, &held) != nil {
		return false, 0
	}
	for _, l := range held.Layers {
		size += l.Size
	}
	return held.Manifests != nil, size
}
