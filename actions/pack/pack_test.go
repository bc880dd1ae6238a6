package pack_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
	"github.com/sigwalk/sigwalk/actions/web"
)

var (
	alice  = verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"}
	policy = verification.Policy{Subject: alice.Subject, Issuer: alice.Issuer}
)

// world is a real registry with an index of two platforms that alice signed in every way, and so one of its platforms.
type world struct {
	t         *testing.T
	d         *verificationtest.Deployment
	tag       string
	index     name.Digest
	child     name.Digest
	trustRoot []byte
	handler   atomic.Pointer[http.Handler] // in front of the registry
	registry  http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, d: verificationtest.MustNew()}
	inner := gcrregistry.New(gcrregistry.Logger(log.New(io.Discard, "", 0)), gcrregistry.WithReferrersSupport(true))
	w.registry = inner
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if h := w.handler.Load(); h != nil {
			(*h).ServeHTTP(out, in)
			return
		}
		inner.ServeHTTP(out, in)
	}))
	t.Cleanup(server.Close)
	w.tag = strings.TrimPrefix(server.URL, "http://") + "/org/app:v1"
	ref, err := name.ParseReference(w.tag)
	w.must(err)
	index, err := random.Index(1<<16, 2, 2)
	w.must(err)
	w.must(remote.WriteIndex(ref, index))
	h, err := index.Digest()
	w.must(err)
	w.index = ref.Context().Digest(h.String())
	m, err := index.IndexManifest()
	w.must(err)
	w.child = ref.Context().Digest(m.Manifests[0].Digest.String())
	for _, image := range []name.Digest{w.index, w.child} {
		layer, err := w.d.Sign(image, alice)
		w.must(err)
		w.must(verificationtest.Attach(t.Context(), image, []verificationtest.Layer{layer}))
	}
	attestation, err := w.d.Attestation(w.index, "https://slsa.dev/provenance/v1", alice)
	w.must(err)
	w.must(verificationtest.Put(t.Context(), w.index, "att", []verificationtest.Layer{attestation}))
	bundle, err := w.d.Bundle(w.index, alice)
	w.must(err)
	w.must(verificationtest.ReferBundle(t.Context(), w.index, bundle, "https://sigstore.dev/cosign/sign/v1"))
	referrer, err := verificationtest.Refer(t.Context(), w.index, "application/vnd.example.sbom+json", []byte(`{"packages":[]}`), map[string]string{"note": "one"})
	w.must(err)
	_, err = verificationtest.Refer(t.Context(), w.index.Context().Digest(referrer.String()), "application/vnd.example.review+json", []byte(`{"good":true}`), nil)
	w.must(err)
	w.trustRoot, err = w.d.TrustedRootJSON()
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) request(file string) pack.Request {
	return pack.Request{
		Image: w.tag, File: filepath.Join(w.t.TempDir(), file), TrustRoot: w.trustRoot, TrustSource: "a test",
		Signers: []pack.Signer{{Subject: alice.Subject, Issuer: alice.Issuer}},
	}
}

func (w *world) write(ctx context.Context, req pack.Request, obs actions.Observer) (*pack.Result, error) {
	return pack.New(pack.Options{Registry: registry.New(registry.Options{Observer: obs}), Observer: obs}).Write(ctx, req)
}

func (w *world) packed() *pack.Result {
	w.t.Helper()
	result, err := w.write(w.t.Context(), w.request("app.tar"), nil)
	w.must(err)
	return result
}

// sealed is a dialler that fails the test, in place of every connection that a default could open.
func sealed(t *testing.T) {
	t.Helper()
	before := http.DefaultTransport
	http.DefaultTransport = &http.Transport{DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
		t.Errorf("dial %s %s", network, address)
		return nil, errors.New("refused")
	}}
	t.Cleanup(func() { http.DefaultTransport = before })
}

// TestVerifiedWithoutTheNetwork: the other side sees what the registry showed, and dials nobody.
func TestVerifiedWithoutTheNetwork(t *testing.T) {
	w := newWorld(t)
	trusted := w.d.TrustedRoot()
	material := func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
	online, err := verification.New(verification.Options{Registry: registry.New(registry.Options{}), Material: material}).Everything(t.Context(), w.tag, policy)
	w.must(err)
	result := w.packed()

	sealed(t)
	opened, err := pack.Open(t.Context(), result.File)
	w.must(err)
	if opened.Image != w.tag || opened.Digest != w.index.DigestStr() || len(opened.Signers) != 1 {
		t.Errorf("%+v", opened.Description)
	}
	carried, err := trust.Parse("the pack's", opened.Root)
	w.must(err)
	refusing := &web.Refusing{}
	offline, err := verification.New(verification.Options{
		Material:  func(context.Context) (root.TrustedMaterial, error) { return carried, nil },
		Transport: refusing,
	}).Everything(t.Context(), opened.Reference(), policy)
	w.must(err)
	if got, want := rows(offline), rows(online); len(want) != 4 || !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	tree, err := verification.New(verification.Options{Transport: refusing}).Tree(t.Context(), opened.Reference())
	w.must(err)
	text := verification.TreeText(tree)
	if strings.Count(text, "application/vnd.example.sbom+json") == 0 || strings.Count(text, ".sig") != 2 {
		t.Errorf("tree\n%s", text)
	}
	if refusing.Calls() != 0 {
		t.Errorf("%d network calls", refusing.Calls())
	}
}

func rows(r *verification.Report) []string {
	var text []string
	for _, s := range r.Rows() {
		s.Explain(context.Background())
		text = append(text, strings.Join([]string{string(s.Kind), s.Platform, verification.MatrixText(&s)}, "|"))
	}
	return text
}

// TestReproducible: the same image gives the same bytes, and what is attached to what is attached comes along.
func TestReproducible(t *testing.T) {
	w := newWorld(t)
	first, second := w.packed(), w.packed()
	a, err := os.ReadFile(first.File)
	w.must(err)
	b, err := os.ReadFile(second.File)
	w.must(err)
	if !bytes.Equal(a, b) || first.SHA256 != second.SHA256 || first.Bytes != int64(len(a)) {
		t.Errorf("%s and %s, %d bytes", first.SHA256, second.SHA256, first.Bytes)
	}
	// The index, two platforms, two .sig, an .att, a bundle, a referrer and the referrer of that.
	if first.Manifests != 9 {
		t.Errorf("%d manifests", first.Manifests)
	}
	if !bytes.Contains(a, []byte(`{"good":true}`)) {
		t.Error("the referrer of a referrer stayed behind")
	}
}

// TestNothingIsOverwritten without a yes, and nothing is left where it fails.
func TestNothingIsOverwritten(t *testing.T) {
	w := newWorld(t)
	req := w.request("app.tar")
	w.must(os.WriteFile(req.File, []byte("mine"), 0o600))
	if _, err := w.write(t.Context(), req, nil); actions.CodeOf(err) != actions.CodeFileInTheWay {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(req.File); string(text) != "mine" {
		t.Error("it was changed")
	}
	req.Replace = true
	if _, err := w.write(t.Context(), req, nil); err != nil {
		t.Error(err)
	}
	if _, err := pack.Open(t.Context(), req.File); err != nil {
		t.Error(err)
	}
	// What is no file is not replaced, whatever was said.
	req.File = filepath.Dir(req.File)
	if _, err := w.write(t.Context(), req, nil); actions.CodeOf(err) != actions.CodeFileInTheWay || !strings.Contains(err.Error(), "no file that could be replaced") {
		t.Errorf("%v", err)
	}
}

// watcher stops the work when a blob is under way.
type watcher struct {
	actions.Observer
	stop context.CancelFunc
}

func (w *watcher) Event(_ context.Context, event actions.Event) {
	if _, ok := event.(actions.Progress); ok {
		w.stop()
	}
}

// TestCutLeavesNothing: cancelled while it writes, and refused by the registry in the middle.
func TestCutLeavesNothing(t *testing.T) {
	w := newWorld(t)
	for name, cut := range map[string]func(req pack.Request) error{
		"cancelled": func(req pack.Request) error {
			ctx, stop := context.WithCancel(t.Context())
			_, err := w.write(ctx, req, &watcher{actions.Discard, stop})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			return err
		},
		"refused": func(req pack.Request) error {
			var blobs atomic.Int64
			fresh := newWorld(t)
			_, err := fresh.write(t.Context(), pack.Request{Image: fresh.tag, File: req.File, TrustRoot: w.trustRoot}, &refuser{actions.Discard, fresh, &blobs})
			if err == nil {
				t.Error("refused: no error")
			}
			return err
		},
	} {
		req := w.request(name + ".tar")
		if err := cut(req); err == nil {
			t.Errorf("%s: no error", name)
		}
		left, err := os.ReadDir(filepath.Dir(req.File))
		w.must(err)
		if len(left) != 0 {
			t.Errorf("%s left %v", name, left)
		}
	}
}

// refuser makes the registry answer 404 from the first blob on.
type refuser struct {
	actions.Observer
	w     *world
	blobs *atomic.Int64
}

func (r *refuser) Event(_ context.Context, event actions.Event) {
	if _, ok := event.(actions.Progress); ok && r.blobs.Add(1) == 1 {
		gone := http.NotFoundHandler()
		r.w.handler.Store(&gone)
	}
}

// TestReferrersThatReferToEachOther: a registry for which everything refers to everything is asked once for each.
func TestReferrersThatReferToEachOther(t *testing.T) {
	w := newWorld(t)
	var asked atomic.Int64
	lying := http.Handler(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if !strings.Contains(in.URL.Path, "/referrers/") {
			w.registry.ServeHTTP(out, in)
			return
		}
		asked.Add(1)
		out.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		_, _ = fmt.Fprintf(out, `{"schemaVersion":2,"manifests":[{"digest":%q,"size":1,"artifactType":"x"},{"digest":%q,"size":1,"artifactType":"x"}]}`, w.index.DigestStr(), w.child.DigestStr())
	}))
	w.handler.Store(&lying)
	result := w.packed()
	if result.Manifests != 6 || asked.Load() != 6 {
		t.Errorf("%d manifests, %d lists were asked for", result.Manifests, asked.Load())
	}
	if _, err := pack.Open(t.Context(), result.File); err != nil {
		t.Error(err)
	}
}

// TestDamageIsRefused: every byte that counts.
func TestDamageIsRefused(t *testing.T) {
	w := newWorld(t)
	result := w.packed()
	content, err := os.ReadFile(result.File)
	w.must(err)
	file := filepath.Join(t.TempDir(), "damaged.tar")
	open := func(text []byte) error {
		w.must(os.WriteFile(file, text, 0o600))
		_, err := pack.Open(t.Context(), file)
		return err
	}
	if err := open(content); err != nil {
		t.Fatal(err)
	}
	padding := paddingOf(t, content)
	for i := 0; i < len(content); i++ {
		if i > 1024 && i%211 != 0 {
			continue // the first header in each of its bytes, the rest in a part of them: which one, differs with the lengths of the signatures
		}
		changed := bytes.Clone(content)
		changed[i] ^= 0x40
		if err := open(changed); err == nil && !padding(i) {
			t.Errorf("byte %d was changed, and nobody noticed", i)
		}
	}
	for _, size := range []int{0, 1, 511, 512, 5000, len(content) / 2, len(content) - 2048} {
		if err := open(content[:size]); actions.CodeOf(err) != actions.CodePack && actions.CodeOf(err) != actions.CodeLayout {
			t.Errorf("cut at %d: %v", size, err)
		}
	}
}

// paddingOf tells the bytes of a tar that nobody reads, most of them between its files, from all others.
func paddingOf(t *testing.T, content []byte) func(int) bool {
	t.Helper()
	in := bytes.NewReader(content)
	archive := tar.NewReader(in)
	used := make([]bool, len(content))
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at := len(content) - in.Len()
		for i := at - 512; i < at+int(h.Size); i++ {
			used[i] = true
		}
		// The blank that ends a header's checksum, behind the NUL that has ended it already: no reader of tar looks at it.
		used[at-512+155] = false
	}
	return func(i int) bool { return !used[i] }
}

// TestHostileArchives are refused with a reason.
func TestHostileArchives(t *testing.T) {
	w := newWorld(t)
	content, err := os.ReadFile(w.packed().File)
	w.must(err)
	with := func(headers ...tar.Header) []byte {
		var b bytes.Buffer
		out := tar.NewWriter(&b)
		in := tar.NewReader(bytes.NewReader(content))
		for {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			w.must(err)
			w.must(out.WriteHeader(h))
			_, err = io.Copy(out, in)
			w.must(err)
		}
		for _, h := range headers {
			w.must(out.WriteHeader(&h))
			_, err := out.Write(make([]byte, h.Size))
			w.must(err)
		}
		w.must(out.Close())
		return b.Bytes()
	}
	zipped := func(text []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(text)
		w.must(err)
		w.must(z.Close())
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"up and out":  {with(tar.Header{Name: "../../etc/passwd", Size: 4}), "leads out of the archive"},
		"absolute":    {with(tar.Header{Name: "/etc/passwd", Size: 4}), "leads out of the archive"},
		"windows":     {with(tar.Header{Name: `blobs\..\..\x`, Size: 4}), "leads out of the archive"},
		"link":        {with(tar.Header{Typeflag: tar.TypeSymlink, Name: "blobs/sha256/x", Linkname: "/etc/passwd"}), "link or a device"},
		"hard link":   {with(tar.Header{Typeflag: tar.TypeLink, Name: "x", Linkname: "index.json"}), "link or a device"},
		"device":      {with(tar.Header{Typeflag: tar.TypeChar, Name: "x"}), "link or a device"},
		"with holes":  {sparse(t, 1<<40), "has holes"},
		"twice":       {with(tar.Header{Name: "index.json", Size: 4}), "twice"},
		"added":       {with(tar.Header{Name: "blobs/sha256/more", Size: 4}), "put in afterwards"},
		"nothing":     {nil, "no archive"},
		"no archive":  {[]byte(strings.Repeat("text ", 1000)), "no tar archive"},
		"bad gzip":    {append([]byte{0x1f, 0x8b}, content...), "compression is damaged"},
		"half a gzip": {zipped(content)[:3000], "it ends in the middle"},
	} {
		file := filepath.Join(t.TempDir(), "hostile.tar")
		w.must(os.WriteFile(file, c.content, 0o600))
		_, err := pack.Open(t.Context(), file)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	// Wherever the copy was cut, be it in what fills up a block, it is said to be that, also where it was compressed afterwards.
	cut := filepath.Join(t.TempDir(), "cut.tar")
	for n := 100; n < len(content)-1024; n += 131 {
		if n%512 == 0 {
			continue
		}
		for _, cutShort := range [][]byte{content[:n], zipped(content[:n])} {
			w.must(os.WriteFile(cut, cutShort, 0o600))
			if _, err := pack.Open(t.Context(), cut); err == nil || !strings.Contains(err.Error(), "it ends in the middle") {
				t.Fatalf("cut at %d of %d bytes: %v", n, len(content), err)
			}
		}
	}
	// What somebody compressed on the way is the same pack.
	file := filepath.Join(t.TempDir(), "pack.tar.gz")
	w.must(os.WriteFile(file, zipped(content), 0o600))
	if _, err := pack.Open(t.Context(), file); err != nil {
		t.Error(err)
	}
}

// sparse is an archive of 2 kB whose one file has size bytes, all of them a hole (GNU tar's format 1.0 in PAX records, which the library
// reads and does not write).
func sparse(t *testing.T, size int64) []byte {
	t.Helper()
	record := func(key, value string) string {
		text := fmt.Sprintf(" %s=%s\n", key, value)
		n := len(text) + 2 // of two digits, with which the length counts itself
		return fmt.Sprintf("%02d%s", n, text)
	}
	records := record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", "blobs/sha256/hole") +
		record("GNU.sparse.realsize", fmt.Sprint(size))
	theMap := fmt.Sprintf("1\n%d\n0\n", size)
	theMap += strings.Repeat("\x00", 512-len(theMap))
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for _, content := range []string{records, theMap} {
		if err := out.WriteHeader(&tar.Header{Name: "x", Size: int64(len(content)), Mode: 0o600, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	archive := b.Bytes()
	const typeAt, sumAt, sumEnd = 156, 148, 156
	archive[typeAt] = tar.TypeXHeader // what was written as a file is the extended header of the next
	copy(archive[sumAt:sumEnd], "        ")
	sum := 0
	for _, c := range archive[:512] {
		sum += int(c)
	}
	copy(archive[sumAt:sumEnd], fmt.Sprintf("%06o\x00 ", sum))
	return archive
}

// TestBomb: an archive of a few kilobytes that grows without end is given up before it did.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	out := tar.NewWriter(z)
	const size = 1 << 30
	if err := out.WriteHeader(&tar.Header{Name: "blobs/sha256/zeros", Size: size}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(out, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Close(), z.Close()
	file := filepath.Join(t.TempDir(), "bomb.tar.gz")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pack.Open(t.Context(), file); err == nil || !strings.Contains(err.Error(), "times its size") {
		t.Errorf("%d bytes: %v", b.Len(), err)
	}
	reference := "oci-archive:" + file
	if _, err := verification.New(verification.Options{}).Tree(t.Context(), reference); err == nil || !strings.Contains(err.Error(), "times its size") {
		t.Errorf("as a layout: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
