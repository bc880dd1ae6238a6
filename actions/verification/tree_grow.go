package verification

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
)

// Root is Tree without what hangs off the images of an index: they are there, Unread. Grow reads one of them.
func (v *Verifier) Root(ctx context.Context, image string) (*Node, error) {
	return v.tree(ctx, image, func(context.Context, *grower, []*Node, name.Repository) {})
}

// Grow returns a copy of an Unread node of the tree of image with what hangs off it: the groups of an image, or what refers
// to a referrer. What cannot be read is the node's Err; Grow fails only when it could not begin.
func (v *Verifier) Grow(ctx context.Context, image string, node *Node) (*Node, error) {
	src, t, err := v.growing(ctx, image)
	if err != nil {
		return nil, err
	}
	defer src.close()
	grown := *node
	grown.Children = append([]*Node(nil), node.Children...)
	t.read(ctx, &grown, src.ref.Context())
	return &grown, ctx.Err()
}

// The bounds of Deepen: what refers to what refers may go on for ever, in a circle even.
const (
	maxDepth = 8
	maxNodes = 5000
)

// Deepen reads all that is Unread in a tree, and what is Unread in that: what refers to referrers. A manifest is looked into
// once wherever it stands, so that a circle ends; what is too deep or too much says so in Err.
func (v *Verifier) Deepen(ctx context.Context, image string, root *Node) error {
	src, t, err := v.growing(ctx, image)
	if err != nil {
		return err
	}
	defer src.close()
	seen := map[v1.Hash]bool{}
	nodes := 0
	level := root.unread(nil)
	for depth := 0; len(level) > 0 && ctx.Err() == nil; depth++ {
		var todo []*Node
		for _, node := range level {
			switch {
			case seen[node.Digest]:
				node.Unread = false
			case depth >= maxDepth, nodes >= maxNodes:
				node.Unread = false
				node.Err = &actions.Error{
					Code: actions.CodeManifestTooLarge,
					What: fmt.Sprintf("what refers to it is not read: %d levels and %d manifests are enough", maxDepth, maxNodes),
					Next: "look at it by its digest: sigwalk tree " + node.Reference,
				}
			default:
				seen[node.Digest] = true
				nodes++
				todo = append(todo, node)
			}
		}
		var g errgroup.Group
		g.SetLimit(fetchers)
		for _, node := range todo {
			g.Go(func() error {
				t.read(ctx, node, src.ref.Context())
				return nil
			})
		}
		_ = g.Wait() // a node keeps its own error
		level = nil
		for _, node := range todo {
			for _, child := range node.Children {
				level = child.unread(level)
			}
		}
	}
	return ctx.Err()
}

// unread appends the nodes of a tree that have not been read.
func (n *Node) unread(found []*Node) []*Node {
	if n.Unread {
		return append(found, n)
	}
	for _, child := range n.Children {
		found = child.unread(found)
	}
	return found
}

// growing makes what reads nodes.
func (v *Verifier) growing(ctx context.Context, image string) (*source, *grower, error) {
	src, err := v.source(ctx, image)
	if err != nil {
		return nil, nil, err
	}
	t := &grower{source: src, judging: newJudging(src.awaited)}
	if t.co, t.untrusted = v.checks(ctx, Policy{}); ctx.Err() != nil {
		src.close()
		return nil, nil, ctx.Err()
	}
	if t.co != nil {
		t.co.RekorClient = nil // a tree asks nobody but the registry
	}
	return src, t, nil
}

// read hangs below an unread node what belongs there.
func (t *grower) read(ctx context.Context, node *Node, repo name.Repository) {
	node.Unread = false
	if node.Kind == NodeImage || node.Kind == NodeIndex {
		t.grow(ctx, node, repo)
		return
	}
	group := t.referrerGroup(ctx, repo.Digest(node.Digest.String()))
	switch {
	case group.Err != nil:
		node.Err = group.Err
	case len(group.Children) > 0:
		node.Children = append(node.Children, group)
	}
}

// Manifest returns a manifest as it is stored: the one that Node.Reference names.
func (v *Verifier) Manifest(ctx context.Context, image, reference string) ([]byte, error) {
	src, err := v.source(ctx, image)
	if err != nil {
		return nil, err
	}
	defer src.close()
	ref := src.ref
	if !layout.IsReference(reference) {
		if ref, err = name.ParseReference(reference); err != nil {
			return nil, &actions.Error{Code: actions.CodeReference, What: "no reference: " + reference, Why: err.Error(), Err: err}
		}
	}
	held, err := src.manifest(ctx, ref)
	if err == nil && held == nil {
		err = &actions.Error{
			Code: actions.CodeTagNotFound, What: "the manifest " + reference + " is not there any more",
			Next: "reload: it was removed or replaced since the tree was read",
		}
	}
	if err != nil {
		return nil, err
	}
	return held.raw, nil
}

// Coverage says how many images of an index are signed. Unknown are those that were not read, or could not be.
type Coverage struct{ Platforms, Signed, Verified, Unknown int }

// Coverage counts the images of an index that have a signature of their own, whoever made it, and those of which one
// verified. ok is false for a node that is no index. What says it is for no platform, such as the attestations that a build
// leaves in an index, is not counted.
func (n *Node) Coverage() (c Coverage, ok bool) {
	if n.Kind != NodeIndex {
		return Coverage{}, false
	}
	for _, child := range n.Children {
		if child.Kind != NodeImage || child.Platform == "unknown/unknown" {
			continue
		}
		c.Platforms++
		if child.Unread || child.Err != nil || child.groupFailed() {
			c.Unknown++
			continue
		}
		signed, verified := child.signed()
		if signed > 0 {
			c.Signed++
		}
		if verified > 0 {
			c.Verified++
		}
	}
	return c, c.Platforms > 0
}

// groupFailed reports whether a part of what hangs off an image could not be read.
func (n *Node) groupFailed() bool {
	for _, group := range n.Children {
		if group.Kind == NodeGroup && group.Err != nil {
			return true
		}
	}
	return false
}

// signed counts the signatures of an image itself.
func (n *Node) signed() (signed, verified int) {
	for _, group := range n.Children {
		if group.Kind != NodeGroup {
			continue
		}
		for _, child := range group.Children {
			if child.Kind != NodeSignature {
				continue
			}
			signed++
			if child.Signature != nil && child.Signature.Verified {
				verified++
			}
		}
	}
	return signed, verified
}

// String is the coverage in words.
func (c Coverage) String() string {
	text := fmt.Sprintf("%d of %d platforms signed", c.Signed, c.Platforms)
	if c.Verified < c.Signed {
		text += fmt.Sprintf(", %d verified", c.Verified)
	}
	if c.Unknown > 0 {
		text += fmt.Sprintf(", %d not read", c.Unknown)
	}
	return text
}
