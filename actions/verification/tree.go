package verification

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/layout"
)

// NodeKind says what a node of the tree is.
type NodeKind string

// The kinds of nodes.
const (
	NodeIndex       NodeKind = "index"
	NodeImage       NodeKind = "image"
	NodeGroup       NodeKind = "group" // "signatures", "attestations", "sboms", "referrers"
	NodeSignature   NodeKind = "signature"
	NodeAttestation NodeKind = "attestation"
	NodeSBOM        NodeKind = "sbom"
	NodeReferrer    NodeKind = "referrer"
	NodeBlob        NodeKind = "blob" // what a referrer holds
)

// The titles of groups. Those of a tag have the tag as Reference, that of referrers the digest referred to.
const (
	GroupSignatures   = "signatures"
	GroupAttestations = "attestations"
	GroupSBOMs        = "sboms"
	GroupReferrers    = "referrers"
)

// Node is one thing in the tree of an image.
type Node struct {
	Kind      NodeKind
	Title     string // short, for people
	Reference string // tag or digest reference that holds it
	Digest    v1.Hash
	MediaType string
	Size      int64
	Platform  string
	Signature *Signature // for NodeSignature, and NodeAttestation where it is a bundle
	Children  []*Node
	Err       error // this node could not be read; the others could
}

// maxPlatforms is how many images of an index are looked into.
const maxPlatforms = 1000

// Tree returns what hangs off an image, in a fixed order: the tags for signatures, attestations and SBOMs, then what
// refers to it, then the images of an index in the order of the index, each with its own. Groups without anything in them
// are left out. It fails only when the image itself cannot be read; a node that cannot be read says so in Err.
//
// Signatures have the verdict that List gives. Without a trust root they are there, too, unverified.
func (v *Verifier) Tree(ctx context.Context, image string) (*Node, error) {
	src, err := v.source(ctx, image)
	if err != nil {
		return nil, err
	}
	defer src.close()
	ref, title := src.ref, src.ref.String()
	if layout.IsReference(image) {
		title = image
	}
	t := &grower{source: src}
	if t.co, t.untrusted = v.checks(ctx, Policy{}); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if t.co != nil {
		t.co.RekorClient = nil // a tree asks nobody but the registry
	}
	var root *Node
	err = v.stage(ctx, "tree", "Read what is attached to the image", func(ctx context.Context) (string, error) {
		desc, err := src.get(ctx, ref)
		if err != nil {
			return "", src.explainMissing(ctx, err)
		}
		root = &Node{
			Kind: NodeImage, Title: title, Reference: ref.String(),
			Digest: desc.Digest, MediaType: string(desc.MediaType), Size: desc.Size,
		}
		var platforms []*Node
		if desc.MediaType.IsIndex() {
			root.Kind = NodeIndex
			platforms, root.Err = children(ref.Context(), desc.raw)
		}
		t.grow(ctx, root, ref.Context())
		t.growAll(ctx, platforms, ref.Context())
		root.Children = append(root.Children, platforms...)
		return counted(root.count(NodeSignature), "signature"), ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return root, nil
}

// children are the images of an index.
func children(repo name.Repository, manifest []byte) ([]*Node, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(manifest))
	if err != nil {
		return nil, &actions.Error{Code: actions.CodeNotAnImage, What: "the index cannot be read", Why: err.Error(), Err: err}
	}
	if len(index.Manifests) > maxPlatforms {
		return nil, &actions.Error{
			Code: actions.CodeManifestTooLarge,
			What: fmt.Sprintf("the index holds %d images, more than the %d that are looked into", len(index.Manifests), maxPlatforms),
			Next: "name one of its images by digest",
		}
	}
	var nodes []*Node
	for _, desc := range index.Manifests {
		node := &Node{
			Kind: NodeImage, Reference: repo.Digest(desc.Digest.String()).String(),
			Digest: desc.Digest, MediaType: string(desc.MediaType), Size: desc.Size,
		}
		if desc.MediaType.IsIndex() {
			node.Kind = NodeIndex
		}
		node.Title = desc.Digest.String()
		if desc.Platform != nil {
			node.Platform = desc.Platform.String()
			node.Title = node.Platform
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

// grower reads what hangs off images.
type grower struct {
	*source
	co        *cosign.CheckOpts
	untrusted error // why there is no trust root
}

func (t *grower) growAll(ctx context.Context, nodes []*Node, repo name.Repository) {
	var g errgroup.Group
	g.SetLimit(fetchers)
	for _, node := range nodes {
		g.Go(func() error {
			t.grow(ctx, node, repo)
			return nil
		})
	}
	_ = g.Wait() // a node keeps its own error
}

// grow hangs the four groups below an image, those with nothing in them left out.
func (t *grower) grow(ctx context.Context, node *Node, repo name.Repository) {
	d := repo.Digest(node.Digest.String())
	groups := make([]*Node, 4)
	var g errgroup.Group
	for i, read := range []func(context.Context, name.Digest) *Node{t.signatureGroup, t.attestationGroup, t.sbomGroup, t.referrerGroup} {
		g.Go(func() error {
			groups[i] = read(ctx, d)
			return nil
		})
	}
	_ = g.Wait()
	for _, group := range groups {
		if group != nil && (len(group.Children) > 0 || group.Err != nil) {
			node.Children = append(node.Children, group)
		}
	}
}

func (t *grower) signatureGroup(ctx context.Context, d name.Digest) *Node {
	tag := d.Context().Tag(tagFor(d, "sig"))
	group := &Node{Kind: NodeGroup, Title: GroupSignatures, Reference: tag.String()}
	signatures, err := t.tagged(ctx, d)
	if err != nil {
		group.Err = err
		return group
	}
	t.judge(ctx, signatures, d)
	for i := range signatures {
		s := &signatures[i]
		group.Digest = s.Manifest
		group.Children = append(group.Children, &Node{
			Kind: NodeSignature, Title: s.title(), Reference: tag.String(), Digest: s.Layer,
			MediaType: s.mediaType, Size: int64(len(s.Payload)), Signature: s,
		})
	}
	return group
}

// judge gives the verdict on all but whose the signatures are, or says that there is no trust root.
func (t *grower) judge(ctx context.Context, signatures []Signature, d name.Digest) {
	if t.untrusted == nil {
		if x, err := examinationOf(d, Policy{}, t.co); err == nil && judge(ctx, signatures, x, t.co) == nil {
			return
		}
	}
	for i := range signatures {
		if s := &signatures[i]; !s.Verified && s.Reason == nil {
			s.Reason = s.broken
			var e *actions.Error
			if s.Reason == nil && errors.As(t.untrusted, &e) {
				s.Reason = e
			}
		}
	}
}

func (t *grower) attestationGroup(ctx context.Context, d name.Digest) *Node {
	return t.layers(ctx, d, "att", GroupAttestations, NodeAttestation)
}

func (t *grower) sbomGroup(ctx context.Context, d name.Digest) *Node {
	return t.layers(ctx, d, "sbom", GroupSBOMs, NodeSBOM)
}

func (t *grower) layers(ctx context.Context, d name.Digest, suffix, title string, kind NodeKind) *Node {
	tag := d.Context().Tag(tagFor(d, suffix))
	group := &Node{Kind: NodeGroup, Title: title, Reference: tag.String()}
	m, digest, err := t.image(ctx, tag)
	if m == nil {
		group.Err = err
		return group
	}
	group.Digest = digest
	for _, layer := range m.Layers {
		child := blobNode(tag, layer)
		child.Kind = kind
		if predicate := layer.Annotations["predicateType"]; predicate != "" {
			child.Title = predicate
		}
		group.Children = append(group.Children, child)
	}
	return group
}

func blobNode(ref name.Reference, layer v1.Descriptor) *Node {
	return &Node{
		Kind: NodeBlob, Title: string(layer.MediaType), Reference: ref.String(),
		Digest: layer.Digest, MediaType: string(layer.MediaType), Size: layer.Size,
	}
}

// title is one line on who signed.
func (s *Signature) title() string {
	who := s.Subject
	if who == "" {
		who = "key pair"
		if s.Certificate != nil {
			who = "no subject"
		}
	}
	if s.LogIndex != nil {
		who += fmt.Sprintf(" (log index %d)", *s.LogIndex)
	}
	return who
}

// count is how many nodes of a kind there are in the tree.
func (n *Node) count(kind NodeKind) int {
	total := 0
	if n.Kind == kind {
		total++
	}
	for _, child := range n.Children {
		total += child.count(kind)
	}
	return total
}
