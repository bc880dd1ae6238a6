package registry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
)

// Resolved is what a reference names now.
type Resolved struct {
	Reference name.Reference
	Digest    name.Digest
	MediaType types.MediaType
	// ByTag is true when the reference named a tag and not a digest.
	ByTag bool
	// Size is that of the manifest, in bytes.
	Size int64
}

// Resolve asks the registry what reference names now. It fails with CodeTagNotFound or CodeImageNotFound when that is
// nothing, with CodeNotAnImage when it is no image or index, and as Explain says otherwise.
func (c *Client) Resolve(ctx context.Context, reference string) (*Resolved, error) {
	ref, err := Parse(reference)
	if err != nil {
		return nil, err
	}
	puller, err := remote.NewPuller(c.Remote(ctx)...)
	if err != nil {
		return nil, c.Explain(ctx, err, reference)
	}
	desc, err := puller.Head(ctx, ref)
	if err != nil && answered(err) {
		// The answer to HEAD has no body, and some registries leave out headers: GET tells why, or works.
		var got *remote.Descriptor
		if got, err = puller.Get(ctx, ref); err == nil {
			desc = &got.Descriptor
		}
	}
	if err != nil {
		return nil, c.Explain(ctx, err, reference)
	}
	if err := checkImage(ref, desc); err != nil {
		return nil, err
	}
	_, byTag := ref.(name.Tag)
	return &Resolved{
		Reference: ref,
		Digest:    ref.Context().Digest(desc.Digest.String()),
		MediaType: desc.MediaType,
		ByTag:     byTag,
		Size:      desc.Size,
	}, nil
}

// checkImage fails with CodeNotAnImage when desc is neither an image nor an index of images.
func checkImage(ref name.Reference, desc *v1.Descriptor) error {
	if desc.MediaType.IsImage() || desc.MediaType.IsIndex() {
		return nil
	}
	if !strings.HasPrefix(string(desc.MediaType), "application/") {
		return &actions.Error{
			Code: actions.CodeNotAsked,
			What: fmt.Sprintf("the answer about %s cannot be used", ref),
			Why:  fmt.Sprintf("it is of type %s, which no registry sends", shorten(string(desc.MediaType))),
			Next: "check that the host is a container registry and no proxy or login page answers in its place",
		}
	}
	e := &actions.Error{
		Code: actions.CodeNotAnImage,
		What: fmt.Sprintf("%s is not an image", ref),
		Why:  fmt.Sprintf("its manifest is of type %s", desc.MediaType),
		Next: "name an image or an index of images",
	}
	if desc.MediaType.IsSchema1() {
		e.What = fmt.Sprintf("%s is an image of a format that is no longer used", ref)
		e.Why = "its manifest has Docker's schema 1, which cannot be named by digest in a dependable way"
		e.Next = "build and push the image again with a tool of this decade"
	}
	return e
}

// answered reports whether err tells of an answer of the registry, and not of a connection that failed.
func answered(err error) bool {
	var refusal *transport.Error
	var connection *url.Error
	return errors.As(err, &refusal) || !errors.As(err, &connection)
}
