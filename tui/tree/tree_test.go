package tree_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
)

// index is an index of n platforms that are not read.
func index(n int) *verification.Node {
	root := &verification.Node{Kind: verification.NodeIndex, Title: "registry.example.com/app:latest", Reference: "registry.example.com/app:latest"}
	for i := range n {
		root.Children = append(root.Children, &verification.Node{
			Kind: verification.NodeImage, Title: fmt.Sprintf("linux/arch%d", i), Platform: fmt.Sprintf("linux/arch%d", i), Unread: true,
			Digest: v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%064x", i)}, Reference: fmt.Sprintf("registry.example.com/app@sha256:%064x", i),
		})
	}
	return root
}

// signed is a node with a signature below it.
func signed(node *verification.Node) *verification.Node {
	grown := *node
	grown.Unread = false
	grown.Children = []*verification.Node{{
		Kind: verification.NodeGroup, Title: verification.GroupSignatures, Children: []*verification.Node{{
			Kind: verification.NodeSignature, Reference: "registry.example.com/app:sig", Signature: &verification.Signature{
				Storage: verification.StoredInTag, Subject: "user1@example.com", Verified: true,
				Payload: []byte(`{"critical":{"identity":{"docker-reference":"registry.example.com/app"}}}`),
			},
		}},
	}}
	return &grown
}

func opened(t *testing.T, root *verification.Node, opts tree.Options) *screentest.Driver {
	t.Helper()
	d, _ := model(t, root, opts)
	return d
}

func model(t *testing.T, root *verification.Node, opts tree.Options) (*screentest.Driver, *tree.Model) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}}
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	m := tree.New(deps, root, opts)
	m.SetSize(118, 80)
	return screentest.New(t, m), m
}

// sees waits for a text.
func sees(d *screentest.Driver, text string) {
	d.Until(text, func() bool { return strings.Contains(d.Text(), text) })
}

// TestPlatformsAreReadOneByOne: the tree is there before its platforms are, and one that fails does so alone.
func TestPlatformsAreReadOneByOne(t *testing.T) {
	gate := make(chan struct{})
	d := opened(t, index(4), tree.Options{Grow: func(ctx context.Context, node *verification.Node) (*verification.Node, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-gate:
		}
		if node.Platform == "linux/arch2" {
			return nil, errors.New("not this one")
		}
		return signed(node), nil
	}})
	sees(d, "0 of 4 platforms signed, 4 not read")
	sees(d, "~ reading")
	close(gate)
	sees(d, "3 of 4 platforms signed, 1 not read")
	sees(d, "cannot be read")
	if text := d.Text(); strings.Count(text, "user1@example.com") != 3 || strings.Contains(text, "reading") {
		t.Errorf("got\n%s", text)
	}
}

// TestManyPlatforms reads a bounded number by itself, a few at a time; the others when they are opened.
func TestManyPlatforms(t *testing.T) {
	var mu sync.Mutex
	now, most, all := 0, 0, 0
	d := opened(t, index(40), tree.Options{Grow: func(_ context.Context, node *verification.Node) (*verification.Node, error) {
		mu.Lock()
		now++
		all++
		most = max(most, now)
		mu.Unlock()
		defer func() {
			mu.Lock()
			now--
			mu.Unlock()
		}()
		return signed(node), nil
	}})
	sees(d, "32 of 40 platforms signed, 8 not read")
	mu.Lock()
	if most > 4 || all != 32 {
		t.Errorf("%d at once, %d in all", most, all)
	}
	mu.Unlock()
	d.Key("end")
	d.Key(" ")
	sees(d, "33 of 40 platforms signed, 7 not read")
}

// TestPlatformWithNothing says so beside the platform, and what the index itself lacks stands before its platforms.
func TestPlatformWithNothing(t *testing.T) {
	root := index(2)
	d, _ := model(t, root, tree.Options{Grow: func(_ context.Context, node *verification.Node) (*verification.Node, error) {
		if node.Platform == "linux/arch0" {
			return signed(node), nil
		}
		grown := *node
		grown.Unread = false
		return &grown, nil
	}})
	sees(d, "1 of 2 platforms signed")
	sees(d, "nothing attached")
	text := d.Text()
	none, first := strings.Index(text, "no signatures, no attestations"), strings.Index(text, "linux/arch0")
	if none < 0 || none > first {
		t.Errorf("what the index lacks seems to be about a platform:\n%s", text)
	}
	if !strings.Contains(verification.TreeText(&verification.Node{Kind: verification.NodeIndex, Title: "app", Children: []*verification.Node{
		{Kind: verification.NodeImage, Title: "linux/arm64", Platform: "linux/arm64"},
	}}), "linux/arm64  :  nothing is attached\n") {
		t.Error("the text does not say so")
	}
}

// TestReferrersOfReferrers opens a referrer, and what refers to that.
func TestReferrersOfReferrers(t *testing.T) {
	referrer := func(title string) *verification.Node {
		return &verification.Node{Kind: verification.NodeReferrer, Title: title, Unread: true, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}}
	}
	root := &verification.Node{Kind: verification.NodeImage, Title: "app", Children: []*verification.Node{
		{Kind: verification.NodeGroup, Title: verification.GroupReferrers, Children: []*verification.Node{referrer("first")}},
	}}
	next := map[string]string{"first": "second", "second": "third"}
	d, m := model(t, root, tree.Options{Grow: func(_ context.Context, node *verification.Node) (*verification.Node, error) {
		grown := *node
		grown.Unread = false
		if title := next[node.Title]; title != "" {
			grown.Children = []*verification.Node{{Kind: verification.NodeGroup, Title: verification.GroupReferrers, Children: []*verification.Node{referrer(title)}}}
		}
		return &grown, nil
	}})
	for _, title := range []string{"second", "third"} {
		d.Key("down")
		d.Key("down")
		d.Key(" ")
		sees(d, title)
	}
	d.Key("/")
	d.Type("nowhere")
	d.Key("enter")
	if status := m.Status(); status != `nothing in the tree holds "nowhere" as far as it is read; space reads what hangs off a node` {
		t.Errorf("the status is %q", status)
	}
	d.Key("down")
	d.Key("down")
	d.Key("right")
	d.Until("that there is nothing", func() bool { return m.Status() == "nothing hangs off it" })
	if strings.Contains(d.Text(), "has not been asked yet") {
		t.Errorf("it can be asked again:\n%s", d.Text())
	}
	d.Key("home")
	d.Key("/")
	d.Type("SHA256:" + strings.Repeat("a", 64))
	d.Key("enter")
	if status := m.Status(); status != "" || !strings.Contains(d.Text(), "a referrer") {
		t.Errorf("a digest is not found: %q\n%s", status, d.Text())
	}
}

// TestSections turns through what is known of a node.
func TestSections(t *testing.T) {
	const raw = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","annotations":{"made.by":"me"},"layers":[{"mediaType":"a/b","digest":"sha256:` +
		`5c50daa8ee2ea7f0ae3ae3dc7d2e6ee9bb5c4d31e3ef5a0a4cb1a4dcd9a4a5a0","size":1,"annotations":{"dev.cosignproject.cosign/signature":"MEUC"}}]}`
	asked := make(chan string, 10)
	root := signed(index(1).Children[0])
	d := opened(t, root, tree.Options{Manifest: func(_ context.Context, reference string) ([]byte, error) {
		asked <- reference
		return []byte(raw), nil
	}})
	d.Key("6")
	for _, text := range []string{"cosign v2 verify       1 signature", "Quay's badge           signed", "policy controllers     1 signature"} {
		sees(d, text)
	}
	d.Key("end")
	d.Key("5")
	d.Key("up")
	sees(d, `"critical": {`)
	d.Key("2")
	sees(d, `"made.by": "me"`)
	d.Key("3")
	sees(d, "of the layer")
	sees(d, "MEUC")
	d.Key("2")
	if reference := <-asked; reference != "registry.example.com/app:sig" || len(asked) != 0 {
		t.Errorf("asked for %s, and %d more", reference, len(asked))
	}
	d.Key("4")
	sees(d, "There is no certificate")
	d.Key("1")
	sees(d, "a signature")
}

// TestConsumersAreReached: on the smallest terminal every program is seen at once, and every line of why by the keys.
func TestConsumersAreReached(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}}
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	for _, size := range []struct{ width, height int }{{60, 15}, {80, 21}, {140, 37}} {
		root := signed(index(1).Children[0])
		m := tree.New(deps, root, tree.Options{})
		m.SetSize(size.width, size.height)
		d := screentest.New(t, m)
		d.Key("6")
		for _, c := range root.Consumers() {
			if !strings.Contains(d.Text(), c.Name+"  ") {
				t.Errorf("%v: %s is not seen:\n%s", size, c.Name, d.Text())
			}
		}
		d.Key("enter")
		seen := map[string]bool{}
		for range 60 {
			for line := range strings.Lines(d.Text()) {
				seen[strings.TrimSpace(line)] = true
			}
			d.Key("down")
		}
		d.Key("end")
		if text := d.Text(); !strings.Contains(text, "for its policy.") || size.height < 30 && !strings.Contains(text, "end --") {
			t.Errorf("%v: the end is not reached:\n%s", size, text)
		}
		if size.width < 120 {
			for _, c := range root.Consumers() {
				if !seen[c.Name] {
					t.Errorf("%v: why for %s is never seen", size, c.Name)
				}
			}
		}
	}
}
