package verification

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

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
	// Statement is what an attestation says, where it can be read.
	Statement *Statement
	// Bill is the format of a software bill of materials, empty where it is none that is known, and Packages how many it lists.
	Bill     string
	Packages int
	// Unread is set where nobody has asked yet what hangs off the node: Grow does.
	Unread bool

	asked bool // the image that was asked for
	empty bool // a tag that is there, with nothing in it
}

// growers is how many images of an index are looked into at the same time. How many requests that makes is bounded elsewhere.
const growers = 32

// maxPlatforms is how many images of an index are looked into.
const maxPlatforms = 1000

// Tree returns what hangs off an image, in a fixed order: the tags for signatures, attestations and SBOMs, then what
// refers to it, then the images of an index in the order of the index, each with its own. Groups without anything in them
// are left out. It fails only when the image itself cannot be read; a node that cannot be read says so in Err.
//
// Signatures have the verdict that List gives. Without a trust root they are there, too, unverified.
//
// What refers to a referrer is not asked: Deepen does.
func (v *Verifier) Tree(ctx context.Context, image string) (*Node, error) {
	return v.tree(ctx, image, func(ctx context.Context, t *grower, platforms []*Node, repo name.Repository) {
		t.growAll(ctx, platforms, repo)
	})
}

// tree reads the image and what hangs off it; grow does the same for the images of an index.
func (v *Verifier) tree(ctx context.Context, image string, grow func(context.Context, *grower, []*Node, name.Repository)) (*Node, error) {
	src, t, err := v.growing(ctx, image)
	if err != nil {
		return nil, err
	}
	defer src.close()
	ref, title := src.ref, src.ref.String()
	if layout.IsReference(image) {
		title = image
	}
	var root *Node
	err = v.stage(ctx, "tree", "Read what is attached to the image", func(ctx context.Context) (string, error) {
		desc, err := src.get(ctx, ref)
		if err != nil {
			return "", src.explainMissing(ctx, err)
		}
		root = &Node{
			Kind: NodeImage, Title: title, Reference: ref.String(),
			Digest: desc.Digest, MediaType: string(desc.MediaType), Size: desc.Size, asked: true,
		}
		var platforms []*Node
		if desc.MediaType.IsIndex() {
			root.Kind = NodeIndex
			platforms, root.Err = children(ref.Context(), desc.raw)
		}
		var g sync.WaitGroup
		g.Go(func() { grow(ctx, t, platforms, ref.Context()) })
		t.grow(ctx, root, ref.Context())
		g.Wait()
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
			Digest: desc.Digest, MediaType: string(desc.MediaType), Size: desc.Size, Unread: true,
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
	judging   *judging
}

func (t *grower) growAll(ctx context.Context, nodes []*Node, repo name.Repository) {
	var g errgroup.Group
	g.SetLimit(growers)
	for _, node := range nodes {
		g.Go(func() error {
			t.read(ctx, node, repo)
			return nil
		})
	}
	_ = g.Wait() // a node keeps its own error
}

// grow hangs the four groups below an image. Those with nothing in them are left out, but for a tag that holds nothing.
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
		if group != nil && (len(group.Children) > 0 || group.Err != nil || group.empty) {
			node.Children = append(node.Children, group)
		}
	}
}

func (t *grower) signatureGroup(ctx context.Context, d name.Digest) *Node {
	tag := t.beside(d).Tag(tagFor(d, "sig"))
	group := &Node{Kind: NodeGroup, Title: GroupSignatures, Reference: tag.String()}
	signatures, err := t.tagged(ctx, d)
	if err != nil {
		group.Err = err
		return group
	}
	t.judge(ctx, signatures, d)
	group.empty = signatures != nil && len(signatures) == 0 // Quay draws its badge for it
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
	if digest, err := v1.NewHash(d.DigestStr()); err == nil {
		for i := range signatures {
			signatures[i].Image = digest
		}
	}
	if t.untrusted == nil {
		if x, err := examinationOf(d, Policy{}, t.co); err == nil && t.verdicts(ctx, signatures, newJudgement(x, t.co)) == nil {
			for i := range signatures {
				signatures[i].blame(ctx)
			}
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

// verdicts is judge within what judging allows. A tree asks no log, so that none of them waits for anybody.
func (t *grower) verdicts(ctx context.Context, signatures []Signature, j *judgement) error {
	return everyOne(ctx, len(signatures), func(i int) {
		t.judging.work(func() { j.judge(ctx, &signatures[i]) })
	})
}

func (t *grower) attestationGroup(ctx context.Context, d name.Digest) *Node {
	tag := t.beside(d).Tag(tagFor(d, "att"))
	group := &Node{Kind: NodeGroup, Title: GroupAttestations, Reference: tag.String()}
	attestations, err := t.inTag(ctx, d, KindAttestation)
	if err != nil {
		group.Err = err
		return group
	}
	t.judge(ctx, attestations, d)
	for i := range attestations {
		s := &attestations[i]
		group.Digest = s.Manifest
		node := &Node{
			Kind: NodeAttestation, Title: cmp.Or(s.PredicateType, s.mediaType), Reference: tag.String(), Digest: s.Layer,
			MediaType: s.mediaType, Size: int64(len(s.Payload)), Signature: s,
		}
		node.says(s)
		group.Children = append(group.Children, node)
	}
	return group
}

// says fills in what an attestation says.
func (n *Node) says(s *Signature) {
	if n.Statement = s.Statement(); n.Statement != nil {
		n.Bill, n.Packages = n.Statement.Bill, n.Statement.Packages
	}
}

func (t *grower) sbomGroup(ctx context.Context, d name.Digest) *Node {
	tag := t.beside(d).Tag(tagFor(d, "sbom"))
	group := &Node{Kind: NodeGroup, Title: GroupSBOMs, Reference: tag.String()}
	m, digest, err := t.image(ctx, tag)
	if m == nil {
		group.Err = err
		return group
	}
	group.Digest = digest
	if len(m.Layers) > maxBills {
		group.Err = &actions.Error{Code: actions.CodeManifestTooLarge, What: fmt.Sprintf("%s holds %d documents, more than the %d that are read", tag.Identifier(), len(m.Layers), maxBills)}
		return group
	}
	for _, layer := range m.Layers {
		child := blobNode(tag, layer)
		child.Kind = NodeSBOM
		group.Children = append(group.Children, child)
	}
	t.countPackages(ctx, tag.Context(), group.Children)
	return group
}

// maxBills is how many bills of materials of one image are read.
const maxBills = 100

// countPackages reads the bills of materials of a group and counts what they list. One that cannot be read says so itself.
func (t *grower) countPackages(ctx context.Context, repo name.Repository, nodes []*Node) {
	var g errgroup.Group
	g.SetLimit(fetchers)
	for _, node := range nodes {
		g.Go(func() error {
			document, err := t.blob(ctx, repo.Digest(node.Digest.String()), maxSBOMBytes)
			if err != nil {
				node.Err = err
				return nil
			}
			node.Bill, node.Packages, _ = CountPackages(document)
			return nil
		})
	}
	_ = g.Wait() // a node keeps its own error
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
