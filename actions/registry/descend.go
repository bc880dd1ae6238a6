package registry

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
)

// mostBelow is how many manifests an image may consist of: an index that names more is not one of platforms.
const mostBelow = 1000

// Descend returns the digest that reference names now and, where that is an index, those of all manifests that it names, each
// once, an index before what is in it. It fails as Resolve does.
func (c *Client) Descend(ctx context.Context, reference string) ([]name.Digest, error) {
	resolved, err := c.Resolve(ctx, reference)
	if err != nil {
		return nil, err
	}
	puller, err := remote.NewPuller(c.Remote(ctx)...)
	if err != nil {
		return nil, c.Explain(ctx, err, reference)
	}
	var found []name.Digest
	seen := map[string]bool{}
	var descend func(d name.Digest, index bool) error
	descend = func(d name.Digest, index bool) error {
		if seen[d.DigestStr()] {
			return nil
		}
		seen[d.DigestStr()] = true
		if found = append(found, d); len(found) > mostBelow {
			return &actions.Error{
				Code: actions.CodeNotAnImage,
				What: fmt.Sprintf("%s names more than %d manifests", reference, mostBelow),
				Next: "look what it is: crane manifest " + reference,
			}
		}
		if !index {
			return nil
		}
		desc, err := puller.Get(ctx, d)
		if err != nil {
			return c.Explain(ctx, err, reference)
		}
		list, err := v1.ParseIndexManifest(bytes.NewReader(desc.Manifest))
		if err != nil {
			return &actions.Error{
				Code: actions.CodeNotAnImage, What: d.String() + " is no index that can be read", Why: err.Error(), Err: err,
				Next: "look what it is: crane manifest " + d.String(),
			}
		}
		for _, below := range list.Manifests {
			if !below.MediaType.IsImage() && !below.MediaType.IsIndex() {
				continue
			}
			if err := descend(d.Digest(below.Digest.String()), below.MediaType.IsIndex()); err != nil {
				return err
			}
		}
		return nil
	}
	err = descend(resolved.Digest, resolved.MediaType.IsIndex())
	return found, err
}
