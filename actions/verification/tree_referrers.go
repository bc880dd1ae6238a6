package verification

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

// referrerGroup hangs up everything that refers to d: bundles as signatures or attestations, the rest as it is.
func (t *grower) referrerGroup(ctx context.Context, d name.Digest) *Node {
	group := &Node{Kind: NodeGroup, Title: GroupReferrers, Reference: d.String()}
	descriptors, err := t.referrers(ctx, d)
	if err != nil {
		group.Err = err
		return group
	}
	nodes := make([]*Node, len(descriptors))
	var g errgroup.Group
	g.SetLimit(maxRequests)
	for i, desc := range descriptors {
		g.Go(func() error {
			nodes[i] = t.referrer(ctx, d, desc)
			if i < maxBills {
				t.countBills(ctx, d.Context(), nodes[i])
			}
			return nil
		})
	}
	_ = g.Wait()
	// A registry's order may change from one answer to the next.
	slices.SortStableFunc(nodes, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.MediaType, b.MediaType), cmp.Compare(a.Digest.String(), b.Digest.String()))
	})
	group.Children = nodes
	return group
}

// countBills counts the packages in the bills of materials that a referrer is made of, as oras and cosign attach them.
func (t *grower) countBills(ctx context.Context, repo name.Repository, n *Node) {
	if n.Kind != NodeReferrer || n.Err != nil || len(n.Children) > maxBills {
		return
	}
	bills := slices.DeleteFunc(slices.Clone(n.Children), func(c *Node) bool { return c.Kind != NodeBlob || !isBill(c.MediaType) })
	t.countPackages(ctx, repo, bills)
}

// isBill reports whether a media type is that of a bill of materials of a format of which packages can be counted.
func isBill(mediaType string) bool {
	_, format, _ := strings.Cut(strings.ToLower(mediaType), "/")
	return strings.HasPrefix(format, "spdx") || strings.HasPrefix(format, "vnd.cyclonedx") || strings.HasPrefix(format, "vnd.syft")
}

func (t *grower) referrer(ctx context.Context, d name.Digest, desc v1.Descriptor) *Node {
	ref := d.Context().Digest(desc.Digest.String())
	node := &Node{
		Kind: NodeReferrer, Title: cmp.Or(desc.ArtifactType, string(desc.MediaType)), Reference: ref.String(),
		Digest: desc.Digest, MediaType: cmp.Or(desc.ArtifactType, string(desc.MediaType)), Size: desc.Size, Unread: true,
	}
	m, _, err := t.image(ctx, ref)
	if err == nil && m == nil {
		err = missing(desc)
	}
	if err != nil {
		node.Err = err
		return node
	}
	if m.ArtifactType != "" {
		// Not every registry repeats it in its list.
		node.MediaType, node.Title = m.ArtifactType, m.ArtifactType
	}
	for _, layer := range m.Layers {
		node.Children = append(node.Children, blobNode(ref, layer))
	}
	if !mayHoldBundle(desc) {
		return node
	}
	found := make([]Signature, 0, 1)
	sig, err := t.bundleIn(ctx, d.Context(), desc, m)
	switch {
	case err != nil:
		node.Err = err
		return node
	case sig == nil:
		return node
	}
	found = append(found, *sig)
	t.judge(ctx, found, d)
	node.Signature, node.Kind, node.Title = &found[0], NodeSignature, found[0].title()
	if p := found[0].PredicateType; p != "" && p != signPredicate {
		node.Kind, node.Title = NodeAttestation, p
	}
	node.says(&found[0])
	return node
}
