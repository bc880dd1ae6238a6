package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/manifest/ocischema"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/workshop/sandbox/images"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// SourceConfig configures the registry that plays quay.io.
type SourceConfig struct {
	Dir      string
	Listener net.Listener
	// Log receives what the libraries have to say; nil for nobody.
	Log io.Writer
}

// StartSource serves the demo image on cfg.Listener until Close; the first time it makes it.
func StartSource(ctx context.Context, cfg SourceConfig) (*Server, error) {
	silence(cfg.Log)
	root := filepath.Join(cfg.Dir, "content")
	// Written last: an image that was cut off half-way is made again, and what is there already stays.
	complete := filepath.Join(cfg.Dir, "complete")
	if _, err := os.Stat(complete); errors.Is(err, fs.ErrNotExist) {
		if err := fill(ctx, root); err != nil {
			return nil, fmt.Errorf("make the demo image: %w", unwritable(err))
		}
		if err := state.Write(complete, []byte("the demo image is stored\n")); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	app, err := newApp(ctx, settings(root))
	if err != nil {
		return nil, err
	}
	return newServer(cfg.Listener, app, readOnly(app)), nil
}

// unwritable finds, in an error of distribution's storage, what the operating system said.
func unwritable(err error) error {
	var failed driver.Error
	if errors.As(err, &failed) && failed.Detail != nil {
		return fmt.Errorf("%w: %w", state.ErrUnwritable, failed.Detail)
	}
	return err
}

// readOnly lets anyone read, and refuses every push as quay.io does to a stranger.
func readOnly(app http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuse(w, "access to the requested resource is not authorized", map[string]string{})
			return
		}
		app.ServeHTTP(w, r)
	})
}

// fill stores the demo image below root, in the way distribution itself stores a push.
func fill(ctx context.Context, root string) error {
	if err := state.MakeDir(root); err != nil {
		return err
	}
	content, err := images.Build()
	if err != nil {
		return err
	}
	files := filesystem.New(filesystem.DriverParameters{RootDirectory: root, MaxThreads: 25})
	space, err := storage.NewRegistry(ctx, files)
	if err != nil {
		return err
	}
	name, err := reference.WithName(images.Repository)
	if err != nil {
		return err
	}
	repository, err := space.Repository(ctx, name)
	if err != nil {
		return err
	}

	blobs := repository.Blobs(ctx)
	group, putting := errgroup.WithContext(ctx)
	for _, b := range content.Blobs {
		group.Go(func() error {
			stored, err := blobs.Put(putting, "application/octet-stream", b.Data)
			if err == nil && stored.Digest.String() != b.Digest {
				err = fmt.Errorf("blob %s was stored as %s", b.Digest, stored.Digest)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return err
	}
	for _, m := range content.Manifests {
		if err := putManifest(ctx, manifests, repository.Tags(ctx), m); err != nil {
			return err
		}
	}
	return nil
}

func putManifest(ctx context.Context, manifests distribution.ManifestService, tags distribution.TagService, m images.Manifest) error {
	parsed, err := parse(m)
	if err != nil {
		return err
	}
	stored, err := manifests.Put(ctx, parsed)
	if err != nil {
		return err
	}
	if stored != digest.Digest(m.Digest) {
		return fmt.Errorf("manifest %s was stored as %s", m.Digest, stored)
	}
	for _, tag := range m.Tags {
		described := v1.Descriptor{MediaType: m.MediaType, Digest: stored, Size: int64(len(m.Data))}
		if err := tags.Tag(ctx, tag, described); err != nil {
			return err
		}
	}
	return nil
}

func parse(m images.Manifest) (distribution.Manifest, error) {
	if m.MediaType == images.MediaTypeIndex {
		list := new(ocischema.DeserializedImageIndex)
		return list, list.UnmarshalJSON(m.Data)
	}
	single := new(ocischema.DeserializedManifest)
	return single, single.UnmarshalJSON(m.Data)
}
