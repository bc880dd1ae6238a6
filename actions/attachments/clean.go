package attachments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
)

// bundleType begins the media types of Sigstore bundles (application/vnd.dev.sigstore.bundle.v0.3+json).
const bundleType = "application/vnd.dev.sigstore.bundle"

// QuestionClean is the ID of the question that Clean asks.
const QuestionClean = "clean"

// CleanRequest says what to remove.
type CleanRequest struct {
	Image string
	Kinds []Kind
	// What says in a few words what goes, for the question, such as "all signatures".
	What string
	// Agreed is true when the person agreed beforehand; else the observer is asked.
	Agreed bool
}

// Removed is one thing that Clean removed, or could not remove.
type Removed struct {
	Reference name.Reference
	Err       error // why it is still there; nil when it is gone
}

// Clean removes what is attached to an image, after a yes. What is not there is passed over, and what cannot be removed keeps
// nothing else from going; the error is of the first that could not. It fails with CodeDeclined after a no.
//
// The registry keeps what nobody names until it collects garbage, and the transparency log keeps every entry: nothing is
// unsigned by this.
func (c *Client) Clean(ctx context.Context, req CleanRequest) ([]Removed, error) {
	if !req.Agreed {
		answer, err := c.opts.Observer.Ask(ctx, actions.Question{
			ID: QuestionClean, Text: "WARNING: this will remove " + req.What + " from the image",
			Prompt: "Are you sure you would like to continue? [y/N]", YesNo: true,
		})
		if err != nil {
			return nil, err
		}
		if !answer.Yes {
			return nil, &actions.Error{
				Code: actions.CodeDeclined, What: "nothing was removed", Why: "the question was answered with no", Next: "answer y, or give --force, when it is to go",
			}
		}
	}
	d, err := c.digest(ctx, req.Image)
	if err != nil {
		return nil, err
	}
	var removed []Removed
	for _, kind := range req.Kinds {
		if kind == Bundles {
			more, err := c.cleanBundles(ctx, d)
			removed = append(removed, more...)
			if err != nil {
				return removed, err
			}
			continue
		}
		removed = append(removed, c.remove(ctx, kind.tag(d))...)
	}
	if ctx.Err() != nil {
		return removed, ctx.Err()
	}
	for _, r := range removed {
		if r.Err != nil {
			return removed, r.Err
		}
	}
	return removed, nil
}

// remove deletes what a reference names; nothing when nothing is there.
func (c *Client) remove(ctx context.Context, ref name.Reference) []Removed {
	err := remote.Delete(ref, c.remote(ctx)...)
	var refusal *transport.Error
	if errors.As(err, &refusal) && (refusal.StatusCode == http.StatusBadRequest || refusal.StatusCode == http.StatusMethodNotAllowed) {
		// There are registries that delete manifests alone, by their digest, and the tags with them.
		var digest string
		if digest, err = c.head(ctx, ref); err == nil && digest != "" {
			err = remote.Delete(ref.Context().Digest(digest), c.remote(ctx)...)
		}
		if err == nil && digest == "" {
			return nil
		}
	}
	switch {
	case notFound(err):
		return nil
	case err != nil:
		err = c.opts.Registry.Explain(ctx, err, ref.Name())
	}
	return []Removed{{ref, err}}
}

// cleanBundles removes the bundles that refer to an image, and their entries in the list at the fallback tag. What else is in
// that list stays.
func (c *Client) cleanBundles(ctx context.Context, d name.Digest) ([]Removed, error) {
	bundles, others, err := c.referrers(ctx, d)
	if err != nil || len(bundles) == 0 {
		return nil, err
	}
	var removed []Removed
	tag := Bundles.tag(d)
	listed, err := c.head(ctx, tag)
	if err != nil {
		return nil, err
	}
	if listed != "" {
		// The tag goes first, so that it names nothing that is gone, and guards take it for what it is: a deletion.
		if removed = c.remove(ctx, tag); len(removed) == 1 && removed[0].Err == nil && len(others) > 0 {
			if _, err := c.opts.Signer.List(ctx, d, others); err != nil {
				return removed, fmt.Errorf("the list of what else refers to the image (%s, which can be read by its digest %s) could not be written again: %w", tag.Name(), listed, err)
			}
		}
	}
	for _, bundle := range bundles {
		removed = append(removed, c.remove(ctx, d.Context().Digest(bundle.Digest.String()))...)
	}
	return removed, nil
}

// referrers lists what refers to an image: Sigstore bundles, and everything else.
func (c *Client) referrers(ctx context.Context, d name.Digest) (bundles, others []v1.Descriptor, err error) {
	index, err := remote.Referrers(d, c.remote(ctx)...)
	if err != nil {
		return nil, nil, c.opts.Registry.Explain(ctx, err, d.Name())
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, nil, &actions.Error{
			Code: actions.CodeNotAnImage, What: "the list of what refers to " + d.Name() + " cannot be read", Why: err.Error(), Err: err,
			Next: "look what it is: crane manifest " + Bundles.tag(d).Name(),
		}
	}
	for _, desc := range list.Manifests {
		if strings.HasPrefix(desc.ArtifactType, bundleType) {
			bundles = append(bundles, desc)
		} else {
			others = append(others, desc)
		}
	}
	return bundles, others, nil
}
