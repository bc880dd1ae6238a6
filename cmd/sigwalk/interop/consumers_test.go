//go:build interop

package interop

import (
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gcrregistry "github.com/google/go-containerregistry/pkg/registry"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// TestConsumers holds what `sigwalk tree` foretells of cosign v2 and v3 against the unmodified programs, for images with
// signatures in a tag, in bundles, in both, good and bad.
func TestConsumers(t *testing.T) {
	server := httptest.NewServer(gcrregistry.New(gcrregistry.Logger(log.New(io.Discard, "", 0)), gcrregistry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	w := &differential{
		bench: &bench{dir: t.TempDir(), home: t.TempDir(), work: t.TempDir()}, t: t,
		d: verificationtest.MustNew(), other: verificationtest.MustNew(), host: strings.TrimPrefix(server.URL, "http://"),
	}
	root, err := w.d.TrustedRootJSON()
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.work, "root.json"), root, 0o600))
	w.sh(t, `sigwalk --dir "$DIR" trust import root.json`)

	found := 0
	for _, c := range []struct{ name, tag, bundle string }{
		{"unsigned", "", ""},
		{"tag", "good", ""},
		{"bad-tag", "bad", ""},
		{"bundle", "", "good"},
		{"bad-bundle", "", "bad"},
		{"both", "good", "good"},
		{"good-tag-bad-bundle", "good", "bad"},
		{"bad-tag-good-bundle", "bad", "good"},
		{"good-tag-attestation", "good", "attestation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reference := w.host + "/consumers/" + c.name + ":v1"
			image, err := verificationtest.Image(t.Context(), reference)
			w.must(err)
			by := map[string]*verificationtest.Deployment{"good": w.d, "bad": w.other}
			if d := by[c.tag]; d != nil {
				w.must(verificationtest.Attach(t.Context(), image, []verificationtest.Layer{w.sign(d, image, byAlice)}))
			}
			if d := by[c.bundle]; d != nil {
				w.must(verificationtest.ReferBundle(t.Context(), image, w.makeBundle(d, image, byAlice), verificationtest.SignPredicate))
			}
			if c.bundle == "attestation" {
				const provenance = "https://slsa.dev/provenance/v1"
				b, err := w.d.Attest(image, provenance, byAlice)
				w.must(err)
				w.must(verificationtest.ReferBundle(t.Context(), image, b, provenance))
			}
			var tree struct {
				Consumers []struct {
					Name, Sees string
					Finds      bool
				}
			}
			o := w.sh(t, `sigwalk --dir "$DIR" --rekor-url=`+nowhere+` tree -o json `+reference)
			w.must(json.Unmarshal([]byte(o.stdout), &tree))
			asked := 0
			for _, consumer := range tree.Consumers {
				var tool, more string
				switch consumer.Name {
				case "cosign v2 verify":
					tool, more = "cosign2", " --rekor-url="+nowhere
				case "cosign v3 verify":
					tool = "cosign3"
				default:
					continue
				}
				asked++
				real := w.try(t, "TUF_ROOT=$PWD/tuf "+tool+" verify --trusted-root root.json --certificate-identity="+alice+
					" --certificate-oidc-issuer="+idp+" "+reference+more)
				if (real.code == 0) != consumer.Finds {
					t.Errorf("%s is foretold to find a good signature: %t (%s)\n%s", consumer.Name, consumer.Finds, consumer.Sees, real)
				}
				if real.code == 0 {
					found++
				}
			}
			if asked != 2 {
				t.Errorf("%d consumers were asked of %+v", asked, tree.Consumers)
			}
		})
	}
	if found < 6 {
		t.Errorf("they found %d good signatures", found)
	}
}
