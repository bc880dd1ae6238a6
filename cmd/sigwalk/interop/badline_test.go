//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// badLine is a way to a server that adds up to 200 ms to every call and cuts one in twenty off: half of them before the server
// heard of it, half of them before its answer arrived.
type badLine struct {
	server     *httptest.Server
	calls, cut atomic.Int64
}

func newBadLine(t *testing.T, address string) *badLine {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l := &badLine{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
		r.Out.Host = r.In.Host // so that what it redirects to is on this line, too
	}}
	l.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.calls.Add(1)
		fate := rand.N(40)
		time.Sleep(rand.N(200 * time.Millisecond)) // that is what the line does
		if fate > 1 {
			proxy.ServeHTTP(w, r)
			return
		}
		l.cut.Add(1)
		if fate == 1 {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				r.Body = io.NopCloser(bytes.NewReader(body))
				proxy.ServeHTTP(httptest.NewRecorder(), r) // nobody hears the answer
			}
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(l.server.Close)
	return l
}

// host is what to name in place of the server's.
func (l *badLine) host() string { return strings.TrimPrefix(l.server.URL, "http://") }

// over is a variable with the line in place of the host of its address.
func (l *badLine) over(t *testing.T, variable string) string {
	t.Helper()
	key, value, _ := strings.Cut(variable, "=")
	u, err := url.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.host()
	return key + "=" + u.String()
}

// badRounds is how often thirty sign over bad lines; each takes a while.
const badRounds = 4

// TestSignersOverABadLine: thirty laptops, ten of which sign, ten attest and ten attest in bundles at the same time, with every
// service behind a line that is slow and cuts calls off. Nothing is lost, and nothing is there twice: not at the tags, not in
// the list of referrers, not in the log.
func TestSignersOverABadLine(t *testing.T) {
	c := newClass(t)
	deployment, root := c.deployment(t), t.TempDir()
	laptops := slices.Clone(deployment)
	registry := newBadLine(t, "http://"+c.settings.Registry)
	lines := []*badLine{registry}
	for i, v := range laptops {
		if key, value, _ := strings.Cut(v, "="); slices.Contains([]string{"COSIGN_FULCIO_URL", "COSIGN_REKOR_URL", "COSIGN_TIMESTAMP_SERVER_URL"}, key) {
			l := newBadLine(t, value)
			lines = append(lines, l)
			laptops[i] = l.over(t, v)
		}
	}
	if len(lines) != 4 {
		t.Fatalf("%d lines for %q", len(lines), laptops)
	}
	dir := func(i int) string { return filepath.Join(root, strconv.Itoa(i)) }
	for i := range signers {
		o := c.run(t, []string{"sigwalk", "exec", "--dir", dir(i), "--", "echo '{\"by\":\"hand\"}' > said.json; cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD"},
			deployment...)
		if o.code != 0 {
			t.Fatal(o)
		}
		// The credentials are the same by the other name of the registry.
		c.sh(t, `jq '.auths["`+registry.host()+`"] = (.auths | to_entries[0].value)' "$FILE" >"$FILE.new" && mv "$FILE.new" "$FILE"`, "FILE="+filepath.Join(dir(i), "docker", "config.json"))
	}
	for round := range badRounds {
		tagged, bundled := c.image(t, 2*round), c.image(t, 2*round+1)
		token := "SIGSTORE_ID_TOKEN=" + c.token(t)
		far := func(image string) string { return strings.Replace(image, c.settings.Registry, registry.host(), 1) }
		before := c.logSize(t)
		began := time.Now()
		kinds := make([]string, signers)
		reported := make([]int64, signers)
		all := c.round(t, func(i int) int64 {
			words := []string{"sigwalk", "cosign", "--dir", dir(i), "sign", "--yes", far(tagged)}
			kinds[i] = "sig"
			switch i % 3 {
			case 1:
				words, kinds[i] = []string{"sigwalk", "cosign", "--dir", dir(i), "attest", "--yes", "--predicate", "said.json", far(tagged)}, "att"
			case 2:
				words = []string{"sigwalk", "cosign", "--dir", dir(i), "attest", "--yes", "--new-bundle-format", "--predicate", "said.json", far(bundled)}
				kinds[i] = "bundle"
			}
			reported[i] = c.sign(t, i, words, append([]string{token}, laptops...)...)
			return reported[i]
		})
		took := time.Since(began)
		want := map[string][]int64{}
		for i, kind := range kinds {
			want[kind] = append(want[kind], reported[i])
		}
		found := map[string][]int64{"sig": c.inTag(t, tagged, "sig"), "att": c.inTag(t, tagged, "att"), "bundle": c.inIndex(t, bundled)}
		for kind, indexes := range want {
			if lost := missing(found[kind], indexes); len(lost) > 0 || len(found[kind]) != len(indexes) {
				t.Errorf("round %d, %s: %d are there of %d; lost are those with the log indexes %v", round+1, kind, len(found[kind]), len(indexes), lost)
			}
		}
		if grown := c.logSize(t) - before; len(all) != signers || grown != signers {
			t.Errorf("round %d: %d signed, and the log has %d more entries", round+1, len(all), grown)
		}
		c.acceptAll(t, tagged, bundled)
		calls, cut := int64(0), int64(0)
		for _, l := range lines {
			calls, cut = calls+l.calls.Load(), cut+l.cut.Load()
		}
		t.Logf("round %d: %v; of %d calls so far %d were cut off", round+1, took.Round(time.Millisecond), calls, cut)
		if cut == 0 {
			t.Error("no call was cut off: the lines are good")
		}
		if t.Failed() {
			return
		}
	}
}

// acceptAll has the real cosigns verify ten of each.
func (c *class) acceptAll(t *testing.T, tagged, bundled string) {
	t.Helper()
	each := strconv.Itoa(signers / 3)
	c.sh(t, terminal+"cosign2 verify"+anybody+tagged+" | jq -e 'length == "+each+"'")
	c.sh(t, terminal+"test $(cosign2 verify-attestation"+anybody+tagged+" | wc -l) = "+each)
	c.sh(t, terminal3+"test $(cosign3 verify-attestation --type custom"+anybody+bundled+" | wc -l) = "+each)
}

// logSize is how many entries the log has.
func (c *class) logSize(t *testing.T) int64 {
	t.Helper()
	var info struct{ ActiveTreeSize int64 }
	o := c.sh(t, terminal+`curl -fsS "$COSIGN_REKOR_URL/api/v1/log" | jq '{ActiveTreeSize: .treeSize}'`)
	if err := json.Unmarshal([]byte(o.stdout), &info); err != nil {
		t.Fatalf("%v %s", err, o)
	}
	return info.ActiveTreeSize
}

// named reads the image's reference, and says who asks.
func (c *class) named(t *testing.T, image string) (name.Reference, remote.Option) {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	return ref, remote.WithAuth(&authn.Basic{Username: c.settings.RegistryUser, Password: c.settings.RegistryPass})
}

// inIndex reads the list of what refers to an image at its fallback tag, and returns the log indexes of the bundles.
func (c *class) inIndex(t *testing.T, image string) []int64 {
	t.Helper()
	ref, login := c.named(t, image)
	desc, err := remote.Head(ref, login)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref.Context().Tag(fmt.Sprintf("%s-%s", desc.Digest.Algorithm, desc.Digest.Hex)), login)
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var found []int64
	for _, d := range list.Manifests {
		found = append(found, c.bundleIndex(t, ref.Context().Digest(d.Digest.String()), login))
	}
	assertOnce(t, found)
	return found
}

func (c *class) bundleIndex(t *testing.T, ref name.Digest, login remote.Option) int64 {
	t.Helper()
	image, err := remote.Image(ref, login)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	content, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	var bundle struct {
		VerificationMaterial struct {
			TlogEntries []struct {
				LogIndex string `json:"logIndex"`
			} `json:"tlogEntries"`
		} `json:"verificationMaterial"`
	}
	if err := json.NewDecoder(content).Decode(&bundle); err != nil || len(bundle.VerificationMaterial.TlogEntries) != 1 {
		t.Fatalf("%+v, %v", bundle, err)
	}
	text := bundle.VerificationMaterial.TlogEntries[0].LogIndex
	if text == "" {
		return 0 // the form leaves a zero out
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
