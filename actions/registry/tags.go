package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
)

// maxTags is how many tags of a repository are read. A registry may send one page after the other without an end.
const maxTags = 100_000

// listTags lists the tags of a repository in the registry's order. It fails with CodeManifestTooLarge where there are too many.
func listTags(ctx context.Context, repo name.Repository, options ...remote.Option) ([]string, error) {
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	pages, err := puller.Lister(ctx, repo)
	if err != nil {
		return nil, err
	}
	var tags []string
	bytes := 0
	for pages.HasNext() {
		page, err := pages.Next(ctx)
		if err != nil {
			return nil, err
		}
		if len(page.Tags) == 0 {
			break // what comes behind an empty page may come for ever
		}
		for _, tag := range page.Tags {
			bytes += len(tag)
		}
		if tags = append(tags, page.Tags...); len(tags) > maxTags || bytes > maxManifest {
			return nil, &actions.Error{
				Code: actions.CodeManifestTooLarge, What: "the list of the tags of " + repo.String() + " is refused",
				Why:  fmt.Sprintf("it goes on behind %d tags of %d bytes, and no more than %d tags of %d bytes are read", len(tags), bytes, maxTags, maxManifest),
				Next: "name the tag; or ask whoever runs the registry to remove what does not belong there",
			}
		}
	}
	return tags, nil
}
