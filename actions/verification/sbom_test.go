package verification_test

import (
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// bills are documents of each format, the smallest that have what tells one count from another.
var bills = []struct {
	name, mediaType, document, kind string
	packages                        int
}{
	{"CycloneDX with components of components", "application/vnd.cyclonedx+json", `{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"name":"app"},"tools":{"components":[{"name":"t"}]}},` +
		`"components":[{"name":"a"},{"name":"b","components":[{"name":"c","components":[{"name":"d"}]}]}]}`, "CycloneDX", 4},
	{"CycloneDX XML", "application/vnd.cyclonedx+xml", `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><metadata><tools><components><component><name>t</name></component></components></tools>` +
		`<component><name>app</name></component></metadata><components><component><name>a</name><components><component><name>b</name></component></components></component></components>` +
		`<services><service><name>s</name></service></services></bom>`, "CycloneDX", 2},
	{"SPDX 2", "application/spdx+json", `{"spdxVersion":"SPDX-2.3","packages":[{},{},{}]}`, "SPDX", 3},
	{"SPDX 2 tag-value", "text/spdx", "SPDXVersion: SPDX-2.3\nPackageName: a\n", "SPDX", 1},
	{"SPDX 3", "application/spdx+json", `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"SpdxDocument"},{"type":"software_Package"},{"type":"software_Package"},{"type":"software_File"}]}`, "SPDX", 2},
	{"syft", "application/vnd.syft+json", `{"artifacts":[{},{}],"descriptor":{"name":"syft"}}`, "syft", 2},
	{"XML of something else", "application/vnd.cyclonedx+xml", `<bom xmlns="http://example.com"><components><component/></components></bom>`, "", 0},
	{"XML that ends early", "application/vnd.cyclonedx+xml", `<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component>`, "", 0},
	{"no bill", "application/spdx+json", `{"a":1}`, "", 0},
}

func TestCountPackages(t *testing.T) {
	for _, b := range bills {
		if kind, n, ok := verification.CountPackages([]byte(b.document)); kind != b.kind || n != b.packages || ok != (b.kind != "") {
			t.Errorf("%s: %q, %d, %t", b.name, kind, n, ok)
		}
	}
}

// TestBillsAsReferrers counts the packages of bills of materials that are attached as referrers, as oras does.
func TestBillsAsReferrers(t *testing.T) {
	w := newWorld(t)
	want := map[string]int{}
	for _, b := range bills {
		d, err := verificationtest.Refer(t.Context(), w.image, b.mediaType, []byte(b.document), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b.kind != "" {
			want[d.String()] = b.packages
		}
	}
	tree := w.tree()
	group := tree.Children[len(tree.Children)-1]
	if len(group.Children) != len(bills) {
		t.Fatalf("%d referrers", len(group.Children))
	}
	for _, referrer := range group.Children {
		n, counted := want[referrer.Digest.String()]
		blob := referrer.Children[0]
		if blob.Err != nil || (blob.Bill != "") != counted || blob.Packages != n {
			t.Errorf("%s: %q, %d packages, want %d: %v", referrer.Title, blob.Bill, blob.Packages, n, blob.Err)
		}
	}
	if text := verification.TreeText(tree); strings.Count(text, "  CycloneDX, ") != 2 || !strings.Contains(text, "  syft, 2 packages") {
		t.Errorf("the text lacks counts:\n%s", text)
	}
}

// TestAttestationByAKeyPair says of every attestation by whom it is.
func TestAttestationByAKeyPair(t *testing.T) {
	w := newWorld(t)
	layer, err := w.d.Attestation(w.image, "https://slsa.dev/provenance/v1", spec{KeyPair: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.Put(t.Context(), w.image, "att", []verificationtest.Layer{layer}); err != nil {
		t.Fatal(err)
	}
	tree := w.tree()
	if text := verification.TreeText(tree); !strings.Contains(text, "https://slsa.dev/provenance/v1  by key pair (log index ") {
		t.Errorf("the text does not say by whom:\n%s", text)
	}
	if dot := verification.TreeDOT(tree); !strings.Contains(dot, `\nby key pair (log index `) {
		t.Errorf("the graph does not say by whom:\n%s", dot)
	}
}
