package verification_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// outline is a tree as text: kind, title and what is below.
func outline(n *verification.Node, indent string) string {
	text := indent + string(n.Kind) + " " + n.Title
	if n.Err != nil {
		text += " !"
	}
	text += "\n"
	for _, child := range n.Children {
		text += outline(child, indent+"  ")
	}
	return text
}

func (w *world) put(suffix string, layers ...layer) {
	w.t.Helper()
	if err := verificationtest.Put(context.Background(), w.image, suffix, layers); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tree() *verification.Node {
	w.t.Helper()
	node, err := w.verifier.Tree(context.Background(), w.tag())
	if err != nil {
		w.t.Fatal(err)
	}
	return node
}

func TestTree(t *testing.T) {
	for _, api := range []bool{true, false} {
		w := newWorld(t, gcrregistry.WithReferrersSupport(api))
		if got := verification.CosignTree(w.tree(), true); !strings.HasSuffix(got, "start creating one with simply running$ cosign sign <img>") {
			t.Errorf("nothing attached: %q", got)
		}
		signed, keyed := w.sign(byAlice), w.sign(spec{KeyPair: true})
		w.attach(signed, keyed)
		w.put("att", layer{Payload: []byte("attestation"), Annotations: map[string]string{"predicateType": "https://slsa.dev/provenance/v1"}})
		w.put("sbom", layer{Payload: []byte("sbom")})
		w.refer(goodBundle(w))
		provenance, err := w.d.Attest(w.image, "https://slsa.dev/provenance/v1", byAlice)
		if err != nil {
			t.Fatal(err)
		}
		if err := verificationtest.ReferBundle(t.Context(), w.image, provenance, "https://slsa.dev/provenance/v1"); err != nil {
			t.Fatal(err)
		}
		if _, err := verificationtest.Refer(t.Context(), w.image, "application/spdx+json", []byte("{}"), nil); err != nil {
			t.Fatal(err)
		}
		tree := w.tree()
		lines := strings.Split(strings.TrimSpace(outline(tree, "")), "\n")
		want := []string{
			"image " + w.tag(),
			"  group signatures",
			"    signature alice@example.com (log index 0)",
			"    signature key pair (log index 1)",
			"  group attestations",
			"    attestation https://slsa.dev/provenance/v1",
			"  group sboms",
			"    sbom application/vnd.dev.cosign.simplesigning.v1+json",
			"  group referrers",
			"    referrer application/spdx+json",
			"      blob application/spdx+json",
		}
		for i, line := range want {
			if i >= len(lines) || lines[i] != line {
				t.Fatalf("referrers API %t: line %d, want %q in\n%s", api, i, line, strings.Join(lines, "\n"))
			}
		}
		// The two bundles are in the order of their digests.
		rest := strings.Join(lines[len(want):], "\n")
		for _, line := range []string{"    signature alice@example.com (log index 2)", "    attestation https://slsa.dev/provenance/v1", "      blob " + verificationtest.BundleType} {
			if !strings.Contains(rest, line) {
				t.Errorf("referrers API %t: no %q in\n%s", api, line, rest)
			}
		}
		first := tree.Children[0].Children[0].Signature
		if first == nil || !first.Verified || first.Subject != alice {
			t.Errorf("first signature: %+v", first)
		}
		if second := tree.Children[0].Children[1].Signature; second.Verified || second.Reason.Code != actions.CodeNoCertificate {
			t.Errorf("second signature: %+v", second)
		}

		digest := func(text string) string {
			h, _, err := v1.SHA256(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			return h.String()
		}
		base := w.host + "/org/app:" + strings.Replace(w.image.DigestStr(), ":", "-", 1)
		text := "📦 Supply Chain Security Related artifacts for an image: " + w.tag() + "\n" +
			"└── 🔐 Signatures for an image tag: " + base + ".sig\n" +
			"   ├── 🍒 " + digest(string(signed.Payload)) + "\n" +
			"   └── 🍒 " + digest(string(keyed.Payload)) + "\n" +
			"└── 💾 Attestations for an image tag: " + base + ".att\n" +
			"   └── 🍒 " + digest("attestation") + "\n" +
			"└── 📦 SBOMs for an image tag: " + base + ".sbom\n" +
			"   └── 🍒 " + digest("sbom") + "\n"
		if got := verification.CosignTree(tree, false); got != text {
			t.Errorf("got\n%s\nwant\n%s", got, text)
		}
		spdx := "└── 🔗 application/spdx+json artifacts via OCI referrer: " + tree.Children[3].Children[0].Reference + "\n" +
			"   └── 🍒 " + digest("{}") + "\n"
		if got := verification.CosignTree(tree, true); !strings.HasPrefix(got, text+spdx) || strings.Count(got, "🔗") != 3 {
			t.Errorf("with referrers:\n%s", got)
		}
		short := verification.TreeText(tree)
		for _, part := range []string{
			"\n├── signatures  " + base + ".sig\n", "alice@example.com (log index 0)  " + issuer + "\n",
			"│   └── key pair (log index 1)  not verified: no certificate found on signature\n",
			"└── referrers\n", "https://slsa.dev/provenance/v1  by alice@example.com (log index 3)  " + issuer + "\n",
		} {
			if !strings.Contains(short, part) {
				t.Errorf("no %q in\n%s", part, short)
			}
		}
		for range 3 {
			if again := outline(w.tree(), ""); again != outline(tree, "") {
				t.Fatalf("another order:\n%s", again)
			}
		}
	}
}

// TestTreeOfIndex checks that platforms keep the order of the index, have their own signatures, and fail alone.
func TestTreeOfIndex(t *testing.T) {
	w := newWorld(t)
	ref, err := name.ParseReference(w.host + "/org/many:latest")
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.IndexMediaType(empty.Index, "application/vnd.oci.image.index.v1+json")
	var digests []name.Digest
	for _, arch := range []string{"s390x", "amd64", "arm64"} {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		h, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, ref.Context().Digest(h.String()))
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	signed, err := w.d.Sign(digests[1], byAlice)
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.Attach(t.Context(), digests[1], []layer{signed}); err != nil {
		t.Fatal(err)
	}
	r := &recorder{answer: func(req *http.Request) *http.Response {
		if !strings.Contains(req.URL.Path, "/manifests/"+strings.Replace(digests[2].DigestStr(), ":", "-", 1)+".sig") {
			return nil
		}
		rec := httptest.NewRecorder()
		rec.WriteHeader(http.StatusForbidden)
		return rec.Result()
	}}
	tree, err := w.through(r).Tree(t.Context(), ref.String())
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`index %s
  image linux/s390x
  image linux/amd64
    group signatures
      signature alice@example.com (log index 0)
  image linux/arm64
    group signatures !
`, ref)
	if got := outline(tree, ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTreeJSON checks the form that scripts read.
func TestTreeJSON(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	raw, err := json.Marshal(w.tree())
	if err != nil {
		t.Fatal(err)
	}
	type node struct {
		Kind, Digest string
		Signature    struct {
			LogIndex *int64
			Subject  string
			Verified bool
		}
		Error    struct{ Code string }
		Children []node
	}
	var got node
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	s := got.Children[0].Children[0]
	if got.Kind != "image" || got.Digest != w.image.DigestStr() || s.Kind != "signature" || s.Signature.Subject != alice || !s.Signature.Verified || *s.Signature.LogIndex != 0 {
		t.Errorf("%s", raw)
	}
	if !strings.Contains(string(raw), `"children":[]`) {
		t.Errorf("children are null: %s", raw)
	}
	failed, err := json.Marshal(&verification.Node{Kind: verification.NodeGroup, Err: &actions.Error{Code: actions.CodeForbidden, What: "no"}})
	if err != nil || !strings.Contains(string(failed), `"error":{"code":"no-right","what":"no"`) {
		t.Errorf("%s %v", failed, err)
	}
}

// TestTreeWithoutTrust checks that a tree needs no trust root.
func TestTreeWithoutTrust(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	opts := w.opts
	opts.Material = func(context.Context) (root.TrustedMaterial, error) {
		return nil, &actions.Error{Code: actions.CodeNoTrustRoot, What: "not initialised"}
	}
	tree, err := verification.New(opts).Tree(t.Context(), w.tag())
	if err != nil {
		t.Fatal(err)
	}
	s := tree.Children[0].Children[0].Signature
	if s.Subject != alice || s.Verified || !errors.Is(s.Reason, &actions.Error{Code: actions.CodeNoTrustRoot}) {
		t.Errorf("%+v", s)
	}
}

// TestTreeTextIsPlain checks that foreign text cannot steer the terminal it is printed on.
func TestTreeTextIsPlain(t *testing.T) {
	w := newWorld(t)
	const hostile = "\x1b[2J\nfake \u009b31m \u202egnp.exe\u2066\u200f"
	w.put("att", layer{Payload: []byte("x"), Annotations: map[string]string{"predicateType": hostile}})
	w.attach(w.sign(spec{Subject: byAlice.Subject, Issuer: "https://" + hostile}))
	tree := w.tree()
	for _, text := range []string{verification.TreeText(tree), verification.TreeDOT(tree), verification.MatricesText(w.verify(byAlicePolicy).Signatures)} {
		if strings.Contains(text, "\nfake") || strings.IndexFunc(strings.ReplaceAll(text, "\n", ""), printable.Acts) >= 0 || !strings.Contains(text, "gnp.exe") {
			t.Errorf("%q", text)
		}
	}
	if bare := verification.TreeText(newWorld(t).tree()); !strings.HasSuffix(bare, "\n└── nothing is attached\n") {
		t.Errorf("%q", bare)
	}
}

func TestTreeFailures(t *testing.T) {
	w := newWorld(t)
	if _, err := w.verifier.Tree(t.Context(), w.host+"/org/app:nowhere"); actions.CodeOf(err) != actions.CodeTagNotFound {
		t.Errorf("no such tag: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.verifier.Tree(ctx, w.tag()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
