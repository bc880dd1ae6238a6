package verification_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// putIndex puts an index of n platforms at the world's tag and returns their digests.
func (w *world) putIndex(n int) []name.Digest {
	w.t.Helper()
	index := v1.ImageIndex(empty.Index)
	for i := range n {
		img, err := random.Image(100, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: fmt.Sprintf("arch%d", i)},
		}})
	}
	ref, err := name.ParseReference(w.tag())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		w.t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		w.t.Fatal(err)
	}
	digests := make([]name.Digest, n)
	for i, desc := range m.Manifests {
		digests[i] = ref.Context().Digest(desc.Digest.String())
	}
	return digests
}

func (w *world) signAt(image name.Digest, spec spec) {
	w.t.Helper()
	l, err := w.d.Sign(image, spec)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := verificationtest.Attach(w.t.Context(), image, []layer{l}); err != nil {
		w.t.Fatal(err)
	}
}

// TestCoverage counts the platforms that are signed, by tag or by bundle, and those that verify; read one by one, it comes
// to the same.
func TestCoverage(t *testing.T) {
	w := newWorld(t)
	platforms := w.putIndex(4)
	w.signAt(platforms[0], byAlice)
	w.signAt(platforms[1], spec{KeyPair: true}) // signed, and nobody can say by whom
	b, err := w.d.Bundle(platforms[2], byAlice)
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.ReferBundle(t.Context(), platforms[2], b, verificationtest.SignPredicate); err != nil {
		t.Fatal(err)
	}
	want := verification.Coverage{Platforms: 4, Signed: 3, Verified: 2}
	whole := w.tree()
	if got, ok := whole.Coverage(); !ok || got != want || got.String() != "3 of 4 platforms signed, 2 verified" {
		t.Errorf("got %+v", got)
	}
	root, err := w.verifier.Root(t.Context(), w.tag())
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := root.Coverage(); got != (verification.Coverage{Platforms: 4, Unknown: 4}) {
		t.Errorf("before they are read: %+v", got)
	}
	if got := root.Consumers()[2]; got.Sees != "signatures of 0 of 4 platforms (4 not read yet)" {
		t.Errorf("before they are read: %+v", got)
	}
	for i, child := range root.Children {
		if child.Unread {
			if root.Children[i], err = w.verifier.Grow(t.Context(), w.tag(), child); err != nil {
				t.Fatal(err)
			}
			if !child.Unread || len(child.Children) > 0 {
				t.Error("the node itself was changed, which a screen may be drawing")
			}
		}
	}
	if one, other := outline(root, ""), outline(whole, ""); one != other {
		t.Errorf("one by one\n%s\nat once\n%s", one, other)
	}
	// podman pulls a platform, and looks for that one's own signature.
	for _, c := range whole.Consumers() {
		if strings.HasPrefix(c.Name, "podman") && (c.Sees != "signatures of 1 of 4 platforms, by a key pair of 1" || c.Finds) {
			t.Errorf("podman: %+v", c)
		}
	}
}

// TestGrowFailsAlone: of two platforms the registry refuses what is attached to one, and the other is there.
func TestGrowFailsAlone(t *testing.T) {
	var refused string
	inner := gcrregistry.New(gcrregistry.Logger(log.New(discard{}, "", 0)), gcrregistry.WithReferrersSupport(true))
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if refused != "" && strings.Contains(r.URL.Path, refused) {
			http.Error(rw, `{"errors":[{"code":"DENIED","message":"not this one"}]}`, http.StatusForbidden)
			return
		}
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w := newWorld(t)
	w.host = strings.TrimPrefix(server.URL, "http://")
	platforms := w.putIndex(2)
	w.signAt(platforms[0], byAlice)
	w.signAt(platforms[1], byAlice)
	refused = strings.TrimPrefix(platforms[1].DigestStr(), "sha256:") + ".sig"
	tree := w.tree()
	if got, _ := tree.Coverage(); got != (verification.Coverage{Platforms: 2, Signed: 1, Verified: 1, Unknown: 1}) {
		t.Errorf("got %+v", got)
	}
	if text := verification.TreeText(tree); !strings.Contains(text, "1 of 2 platforms signed, 1 not read") || !strings.Contains(text, "cannot be read") {
		t.Errorf("got\n%s", text)
	}
}

// TestDeepen reads what refers to referrers, and ends where they go in a circle or on and on.
func TestDeepen(t *testing.T) {
	w := newWorld(t)
	at := w.image
	for i := range 12 {
		d, err := verificationtest.Refer(t.Context(), at, "application/vnd.example.note", fmt.Appendf(nil, "note %d", i), nil)
		if err != nil {
			t.Fatal(err)
		}
		at = w.image.Context().Digest(d.String())
	}
	tree := w.tree()
	if n := strings.Count(outline(tree, ""), "referrer application/vnd.example.note"); n != 1 {
		t.Errorf("%d referrers before", n)
	}
	if err := w.verifier.Deepen(t.Context(), w.tag(), tree); err != nil {
		t.Fatal(err)
	}
	text := outline(tree, "")
	if n := strings.Count(text, "referrer application/vnd.example.note"); n != 9 {
		t.Errorf("%d referrers, want those of 8 levels below the first:\n%s", n, text)
	}
	if strings.Count(text, " !\n") != 1 {
		t.Errorf("the end does not say that there is more:\n%s", text)
	}
}

// TestDeepenInACircle: a registry that says of a manifest that it refers to itself.
func TestDeepenInACircle(t *testing.T) {
	w := newWorld(t, gcrregistry.WithReferrersSupport(false))
	d, err := verificationtest.Refer(t.Context(), w.image, "application/vnd.example.note", []byte("note"), nil)
	if err != nil {
		t.Fatal(err)
	}
	// The fallback tag of the referrer lists the referrer.
	repo := w.image.Context()
	list, err := remote.Get(repo.Tag(strings.Replace(w.image.DigestStr(), ":", "-", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Tag(repo.Tag(strings.Replace(d.String(), ":", "-", 1)), list); err != nil {
		t.Fatal(err)
	}
	tree := w.tree()
	if err := w.verifier.Deepen(t.Context(), w.tag(), tree); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(outline(tree, ""), "referrer application/vnd.example.note"); n != 2 {
		t.Errorf("%d referrers in\n%s", n, outline(tree, ""))
	}
}

// TestConsumers has what each program finds of what is stored; that cosign's two versions really do is for the interop tests.
func TestConsumers(t *testing.T) {
	for _, c := range []struct {
		name  string
		store func(*world)
		want  map[string]string // Sees; behind + where it finds a signature, behind ? where it finds one by a key
	}{
		{"nothing", func(*world) {}, map[string]string{
			"cosign v2 verify": "nothing", "cosign v3 verify": "nothing", "podman, skopeo, CRI-O": "nothing", "Quay's badge": "no badge", "policy controllers": "nothing",
		}},
		{"tag", func(w *world) { w.attach(w.sign(byAlice), w.sign(byAlice)) }, map[string]string{
			"cosign v2 verify": "+2 signatures", "cosign v3 verify": "+2 signatures", "podman, skopeo, CRI-O": "+2 signatures", "Quay's badge": "+signed", "policy controllers": "+2 signatures",
		}},
		{"bundle", func(w *world) { w.refer(goodBundle(w)) }, map[string]string{
			"cosign v2 verify": "+1 bundle", "cosign v3 verify": "+1 bundle", "podman, skopeo, CRI-O": "nothing", "Quay's badge": "no badge", "policy controllers": "1 bundle, where a policy asks for it",
		}},
		{"both", func(w *world) { w.attach(w.sign(byAlice)); w.refer(goodBundle(w)) }, map[string]string{
			"cosign v2 verify": "+1 bundle; not the 1 signature in the tag", "cosign v3 verify": "+1 bundle; not the 1 signature in the tag",
			"podman, skopeo, CRI-O": "+1 signature", "Quay's badge": "+signed", "policy controllers": "+1 signature, 1 bundle, where a policy asks for it",
		}},
		{"by a key", func(w *world) { w.attach(w.sign(spec{KeyPair: true}), w.sign(byAlice)) }, map[string]string{
			"cosign v2 verify": "+?2 signatures (1 by a key pair)", "podman, skopeo, CRI-O": "+?2 signatures (1 by a key pair)",
			"Quay's badge": "+?signed", "policy controllers": "+?2 signatures (1 by a key pair)",
		}},
		{"by a key, without an entry", func(w *world) { w.attach(w.sign(spec{KeyPair: true, NoLog: true})) }, map[string]string{
			"cosign v3 verify": "1 signature by a key pair", "podman, skopeo, CRI-O": "?1 signature by a key pair", "policy controllers": "?1 signature by a key pair",
		}},
		{"copied", func(w *world) {
			l, err := w.d.Sign(w.image.Registry.Repo("elsewhere").Digest(w.image.DigestStr()), byAlice)
			if err != nil {
				w.t.Fatal(err)
			}
			w.attach(l)
		}, map[string]string{"cosign v2 verify": "+1 signature", "podman, skopeo, CRI-O": "nothing", "policy controllers": "+1 signature"}},
		{"workflow", func(w *world) {
			w.attach(w.sign(spec{Subject: "https://ci.example.com/build", Issuer: "https://ci.example.com"}))
		}, map[string]string{
			"cosign v2 verify": "+1 signature", "podman, skopeo, CRI-O": "nothing",
		}},
		{"without SCT", func(w *world) { w.attach(w.sign(spec{Subject: byAlice.Subject, Issuer: byAlice.Issuer, NoSCT: true})) }, map[string]string{
			"cosign v2 verify": "1 signature, and none verifies", "podman, skopeo, CRI-O": "+1 signature",
		}},
		{"a tag with nothing in it", func(w *world) { w.attach() }, map[string]string{
			"cosign v2 verify": "nothing", "Quay's badge": "signed", "podman, skopeo, CRI-O": "nothing",
		}},
		{"unsigned under the name", func(w *world) { w.attach(layer{Payload: []byte("nothing")}) }, map[string]string{
			"cosign v2 verify": "1 signature, and none verifies", "Quay's badge": "signed",
		}},
		{"attested", func(w *world) { w.put("att", w.attest(byAlice)) }, map[string]string{
			"policy controllers": "1 attestation", "Quay's badge": "no badge", "cosign v2 verify": "nothing",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.store(w)
			got := map[string]string{}
			for _, consumer := range w.tree().Consumers() {
				if consumer.Why == "" {
					t.Errorf("%s says not why", consumer.Name)
				}
				text := consumer.Sees
				if consumer.WithKey {
					text = "?" + text
				}
				if consumer.Finds {
					text = "+" + text
				}
				got[consumer.Name] = text
			}
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

const (
	spdx      = `{"spdxVersion":"SPDX-2.3","packages":[{"name":"a"},{"name":"b"},{"name":"c"}]}`
	cyclonedx = `{"bomFormat":"CycloneDX","components":[{"name":"a"},{"name":"b"}]}`
	tagValue  = "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageName: b\n"
)

// TestBills counts the packages of bills of materials: attached as they are, and inside of attestations.
func TestBills(t *testing.T) {
	w := newWorld(t)
	w.put("sbom", layer{Payload: []byte(spdx)}, layer{Payload: []byte(cyclonedx)}, layer{Payload: []byte(tagValue)}, layer{Payload: []byte(`{"other": 1}`)})
	text := verification.TreeText(w.tree())
	for _, want := range []string{"  SPDX, 3 packages\n", "  CycloneDX, 2 packages\n", "  SPDX, 2 packages\n"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for document, want := range map[string]int{spdx: 3, cyclonedx: 2, tagValue: 2} {
		for _, predicate := range []any{json.RawMessage(document), document} {
			if !json.Valid([]byte(document)) && fmt.Sprintf("%T", predicate) == "json.RawMessage" {
				continue
			}
			statement, err := json.Marshal(map[string]any{
				"predicateType": "https://spdx.dev/Document", "predicate": predicate, "subject": []any{map[string]any{"name": "app", "digest": map[string]string{"sha256": "ab"}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			envelope, err := json.Marshal(map[string]any{"payload": statement})
			if err != nil {
				t.Fatal(err)
			}
			for _, payload := range [][]byte{statement, envelope} {
				got := (&verification.Signature{Payload: payload}).Statement()
				if got == nil || got.Packages != want || !slices.Equal(got.Subjects, []string{"app  sha256:ab"}) {
					t.Errorf("%s: %+v", payload, got)
				}
			}
		}
	}
}

// FuzzBills gives anything for a bill of materials and for a statement.
func FuzzBills(f *testing.F) {
	for _, document := range []string{spdx, cyclonedx, tagValue, `{"artifacts":[1],"descriptor":{"name":"syft"}}`, "", "{", `{"payload":"e30="}`, `{"predicateType":"x","predicate":"{}"}`} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if kind, n, ok := verification.CountPackages(document); ok != (kind != "") || n < 0 || n > len(document) {
			t.Errorf("%q, %d, %t", kind, n, ok)
		}
		if s := (&verification.Signature{Payload: document}).Statement(); s != nil && s.PredicateType == "" {
			t.Error("a statement without a type")
		}
	})
}

var dotLine = regexp.MustCompile(`^  n\d+ (\[label="(?:[^"\\\n]|\\.)*", style=(?:solid|rounded|dashed|bold)\]|-> n\d+);$`)

// TestTreeDOT holds each line against the language: what others wrote cannot leave its string.
func TestTreeDOT(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice), w.sign(spec{KeyPair: true}))
	w.refer(goodBundle(w))
	if _, err := verificationtest.Refer(t.Context(), w.image, `application/"];x[label="`+`\`, []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	tree := w.tree()
	lines := strings.Split(strings.TrimSpace(verification.TreeDOT(tree)), "\n")
	nodes, edges := 0, 0
	for _, line := range lines[3 : len(lines)-1] {
		if !dotLine.MatchString(line) {
			t.Errorf("no line of the language: %s", line)
		}
		if strings.Contains(line, " -> ") {
			edges++
		} else {
			nodes++
		}
	}
	if nodes != edges+1 || nodes < 7 {
		t.Errorf("%d nodes, %d edges", nodes, edges)
	}
}

func TestManifest(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	tree := w.tree()
	for _, node := range []*verification.Node{tree, tree.Children[0]} {
		raw, err := w.verifier.Manifest(context.Background(), w.tag(), node.Reference)
		if err != nil {
			t.Fatal(err)
		}
		if h, _, err := v1.SHA256(strings.NewReader(string(raw))); err != nil || h != node.Digest {
			t.Errorf("%s is not %s: %v", h, node.Digest, err)
		}
	}
	if _, err := w.verifier.Manifest(context.Background(), w.tag(), w.host+"/org/app:none"); err == nil {
		t.Error("a manifest that is not there")
	}
}

// TestTreeAtOnce: nothing is answered before all bundles of an image are asked for, so that a far registry costs their way
// once and not once a bundle.
func TestTreeAtOnce(t *testing.T) {
	w := newWorld(t)
	const bundles = 20
	for range bundles {
		b, err := w.d.Bundle(w.image, byAlice)
		if err != nil {
			t.Fatal(err)
		}
		if err := verificationtest.ReferBundle(t.Context(), w.image, b, verificationtest.SignPredicate); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var asked atomic.Int64
	all := make(chan struct{})
	image := w.between(func(_ http.ResponseWriter, in *http.Request) bool {
		if !strings.Contains(in.URL.Path, "/blobs/") {
			return false
		}
		if asked.Add(1) == bundles {
			close(all)
		}
		select {
		case <-all:
		case <-ctx.Done():
		}
		return false
	})
	root, err := w.verifier.Tree(ctx, image)
	if err != nil {
		t.Fatalf("%v, after %d of %d bundles were asked for", err, asked.Load(), bundles)
	}
	if text := verification.TreeText(root); strings.Count(text, alice) != bundles || strings.Contains(text, "not verified") {
		t.Errorf("the tree is not whole:\n%s", text)
	}
}
