package undo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

const (
	// mostTags bounds what is asked of the registry before a step.
	mostTags = 2000
	// atOnce is how many tags are asked for side by side.
	atOnce = 8
)

// tags returns what every tag of the registry names.
func (k *Keeper) tags(ctx context.Context) (map[string]string, error) {
	host, err := name.NewRegistry(k.opts.Host)
	if err != nil {
		return nil, err
	}
	repositories, err := remote.Catalog(ctx, host, k.opts.Registry.Remote(ctx)...)
	if err != nil {
		return nil, fmt.Errorf("list what the registry holds: %w", err)
	}
	var all []name.Tag
	for _, repository := range repositories {
		repo := host.Repo(repository)
		names, err := remote.List(repo, k.opts.Registry.Remote(ctx)...)
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the tags of %s: %w", repo, err)
		}
		for _, tag := range names {
			all = append(all, repo.Tag(tag))
		}
	}
	if len(all) > mostTags {
		return nil, fmt.Errorf("the registry has %d tags, more than the %d that are looked after", len(all), mostTags)
	}
	var mu sync.Mutex
	found := map[string]string{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, tag := range all {
		group.Go(func() error {
			d, err := remote.Head(tag, k.opts.Registry.Remote(ctx)...)
			if missing(err) {
				return nil // removed just now
			}
			if err != nil {
				return fmt.Errorf("ask what %s names: %w", tag, err)
			}
			mu.Lock()
			defer mu.Unlock()
			found[tag.Name()] = d.Digest.String()
			return nil
		})
	}
	return found, group.Wait()
}

func missing(err error) bool {
	var refusal *transport.Error
	return errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound
}

// tagChanges puts the tags back. A tag that named something else is removed first: who guards what was attached to an image
// learns by that that it is meant, and puts nothing back.
func (k *Keeper) tagChanges(before, now map[string]string) []change {
	var changes []change
	for _, tag := range slices.Sorted(maps.Keys(now)) {
		if _, was := before[tag]; !was {
			changes = append(changes, change{"removes " + inWords(tag), func(ctx context.Context) error { return k.remove(ctx, tag) }})
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(before)) {
		digest := before[tag]
		if now[tag] == digest {
			continue
		}
		changes = append(changes, change{"puts " + inWords(tag) + " back as before", func(ctx context.Context) error {
			if now[tag] != "" {
				if err := k.remove(ctx, tag); err != nil {
					return err
				}
			}
			return k.put(ctx, tag, digest)
		}})
	}
	return changes
}

func (k *Keeper) remove(ctx context.Context, tag string) error {
	ref, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	if err := remote.Delete(ref, k.opts.Registry.Remote(ctx)...); !missing(err) {
		return err
	}
	return nil
}

// put lets a tag name a manifest that the registry still has.
func (k *Keeper) put(ctx context.Context, tag, digest string) error {
	ref, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	was, err := remote.Get(ref.Digest(digest), k.opts.Registry.Remote(ctx)...)
	if err != nil {
		return err
	}
	return remote.Tag(ref, was, k.opts.Registry.Remote(ctx)...)
}

// inWords says what a tag holds, where cosign's names of tags tell.
func inWords(tag string) string {
	ref, err := name.NewTag(tag)
	if err != nil || !strings.HasPrefix(ref.TagStr(), "sha256-") {
		return "the tag " + tag
	}
	hex, kind, _ := strings.Cut(strings.TrimPrefix(ref.TagStr(), "sha256-"), ".")
	what, known := map[string]string{"sig": "the signatures", "att": "the attestations", "sbom": "the SBOM", "": "what refers"}[kind]
	if !known || len(hex) < 12 {
		return "the tag " + tag
	}
	of := " of "
	if kind == "" {
		of = " to "
	}
	return what + of + ref.RepositoryStr() + "@sha256:" + hex[:12] + "..."
}
