package signing

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
)

// Join attaches what one tag lists (signatures or attestations) at another, which may be of another registry, beside
// everything that is there, in the way in which a new one is attached: docs/attaching.md. It verifies nothing. It reports the
// stage "push".
func (s *Signer) Join(ctx context.Context, from, to name.Tag) (*Restored, error) {
	result := &Restored{Tag: to}
	err := s.pushed(ctx, to, result, func(ctx context.Context) (attached, error) {
		source, err := newStore(from, s.opts.Registry.Remote(ctx))
		if err != nil {
			return attached{}, err
		}
		list, err := source.first(ctx)
		if err != nil || list == nil {
			return attached{}, err
		}
		destination, err := newStore(to, s.opts.Registry.Remote(ctx))
		if err != nil {
			return attached{}, err
		}
		before, err := destination.first(ctx)
		if err != nil {
			return attached{}, err
		}
		missing := before.missing(list.layers)
		if len(missing) == 0 {
			return attached{total: len(before.signatures())}, nil
		}
		payloads, err := carry(ctx, source, destination, missing)
		if err != nil {
			return attached{}, err
		}
		done, err := s.attacher(destination).attach(ctx, before, missing)
		if err != nil {
			return done, err
		}
		return done, s.remember(ctx, to, missing, payloads)
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// carry copies the blobs of layers, each once, and returns the payloads by the key of the layer.
func carry(ctx context.Context, source, destination *store, layers []layer) (map[string][]byte, error) {
	var each []layer
	place := map[v1.Hash]int{}
	for _, l := range layers {
		if _, ok := place[l.desc.Digest]; !ok {
			place[l.desc.Digest] = len(each)
			each = append(each, l)
		}
	}
	contents := make([][]byte, len(each))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, l := range each {
		group.Go(func() error {
			var err error
			if contents[i], err = source.content(groupCtx, l.desc.Digest); err != nil {
				return err
			}
			_, err = destination.blob(groupCtx, contents[i], l.desc.MediaType)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	payloads := make(map[string][]byte, len(layers))
	for _, l := range layers {
		payloads[l.key] = contents[place[l.desc.Digest]]
	}
	return payloads, nil
}

// List adds manifests that are in the repository to the list of what refers to the image with digest, at its fallback tag, beside
// everything that is there. It does nothing when there are none. It reports the stage "push".
func (s *Signer) List(ctx context.Context, digest name.Digest, referrers []v1.Descriptor) (*Restored, error) {
	tag, err := tagOf(digest, referrerSuffix)
	if err != nil {
		return nil, err
	}
	result := &Restored{Tag: tag}
	if len(referrers) == 0 {
		return result, nil
	}
	entries := make([]layer, len(referrers))
	for i, desc := range referrers {
		if entries[i], err = referrerOf(desc); err != nil {
			return nil, err
		}
	}
	err = s.pushed(ctx, tag, result, func(ctx context.Context) (attached, error) {
		store, err := newStore(tag, s.opts.Registry.Remote(ctx))
		if err != nil {
			return attached{}, err
		}
		before, err := store.first(ctx)
		if err != nil {
			return attached{}, err
		}
		done, err := s.attacher(store).attach(ctx, before, entries)
		if err != nil {
			return done, err
		}
		return done, s.remember(ctx, tag, entries, nil)
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// pushed runs work as the stage "push" and fills in what it left behind.
func (s *Signer) pushed(ctx context.Context, tag name.Tag, result *Restored, work func(context.Context) (attached, error)) error {
	title := "Attach the " + nounOf(tag, 0) + " to the image"
	return actions.RunStage(ctx, s.opts.Observer, s.opts.Clock, "push", title, func(ctx context.Context) (string, error) {
		done, err := work(ctx)
		if err != nil {
			return "", s.explain(ctx, err, tag)
		}
		result.Total, result.Pushes = done.total, done.pushes
		return fmt.Sprintf("%s, now %d", tag.TagStr(), done.total), nil
	})
}
