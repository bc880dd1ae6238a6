//go:build interop

package interop

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// TestInitialize: cosign 2 prints the page's root status for a mirror without trusted_root.json alone, and nothing where
// there is one. The built-in cosign prints it always, as on the page; the text is the real one's.
func TestInitialize(t *testing.T) {
	b := up(t)
	theirs, ours := b.both(t, "cosign initialize")
	if theirs != (outcome{}) || ours.code != 0 || ours.stderr != "" || !strings.HasPrefix(ours.stdout, "Root status: \n {\n") {
		t.Errorf("with a trusted root\nthe real cosign: %s\nthe built-in: %s", theirs, ours)
	}

	mirror, checksum := legacyMirror(t, strings.TrimSpace(b.sh(t, terminal+`echo "$COSIGN_MIRROR"`).stdout))
	line := "cosign initialize --mirror " + mirror + " --root " + mirror + "/root.json --root-checksum="
	theirs, ours = b.both(t, line+checksum)
	if theirs.code != 0 || ours.code != 0 || inOrder(theirs.stdout) != inOrder(ours.stdout) || theirs.stderr != ours.stderr ||
		!strings.Contains(ours.stdout, `"fulcio_v1.crt.pem"`) {
		t.Errorf("without a trusted root\nthe real cosign: %s\nthe built-in: %s", theirs, ours)
	}
	theirs, ours = b.both(t, line+strings.Repeat("0", 64))
	if theirs.code != 1 || ours.code != 1 || theirs.stdout+ours.stdout != "" {
		t.Errorf("with a wrong checksum\nthe real cosign: %s\nthe built-in: %s", theirs, ours)
	}

	warning := "WARNING: Fetching initial root from URL without providing its checksum is deprecated and will be disallowed in a future Cosign release."
	line = "COSIGN_ROOT_CHECKSUM= " + strings.TrimSuffix(line, " --root-checksum=")
	theirs, ours = b.both(t, line)
	// The built-in also says what the checksum is.
	if theirs.code != 0 || ours.code != 0 || !strings.HasPrefix(theirs.stderr, warning) || !strings.HasPrefix(ours.stderr, warning) ||
		!strings.Contains(ours.stderr, "\n  "+checksum+"\n") {
		t.Errorf("without a checksum\nthe real cosign: %s\nthe built-in: %s", theirs, ours)
	}
}

// inOrder sorts the targets of a root status, which the real cosign lists in an order that changes from run to run.
func inOrder(status string) string {
	head, targets, _ := strings.Cut(status, `"targets": [`)
	lines := strings.Fields(strings.ReplaceAll(targets, ",", ""))
	slices.Sort(lines)
	return head + strings.Join(lines, " ")
}

// legacyMirror publishes what the mirror has, without its trusted root and signing configuration, as deployments did before
// there were any. It returns its address and the SHA-256 of its root.json.
func legacyMirror(t *testing.T, modern string) (mirror, checksum string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.Get(modern + "/1.targets.json")
	check(err)
	text, err := io.ReadAll(response.Body)
	check(err)
	check(response.Body.Close())
	targets, err := metadata.Targets().FromBytes(text)
	check(err)
	for name := range targets.Signed.Targets {
		if name == "trusted_root.json" || strings.HasPrefix(name, "signing_config") {
			delete(targets.Signed.Targets, name)
		}
	}
	targets.ClearSignatures()

	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	signer, err := signature.LoadSigner(private, crypto.Hash(0))
	check(err)
	public, err := metadata.KeyFromPublicKey(private.Public())
	check(err)
	until := time.Now().AddDate(1, 0, 0)
	root, snapshot, timestamp := metadata.Root(until), metadata.Snapshot(until), metadata.Timestamp(until)
	root.Signed.ConsistentSnapshot = true
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		check(root.Signed.AddKey(public, role))
	}
	files := map[string][]byte{}
	publish := func(text []byte, err error, names ...string) {
		t.Helper()
		check(err)
		for _, name := range names {
			files["/"+name] = text
		}
	}
	_, err = root.Sign(signer)
	check(err)
	text, err = root.ToBytes(false)
	publish(text, err, "root.json", "1.root.json")
	sum := sha256.Sum256(text)
	_, err = targets.Sign(signer)
	check(err)
	text, err = targets.ToBytes(false)
	publish(text, err, "1.targets.json")
	_, err = snapshot.Sign(signer)
	check(err)
	text, err = snapshot.ToBytes(false)
	publish(text, err, "1.snapshot.json")
	_, err = timestamp.Sign(signer)
	check(err)
	text, err = timestamp.ToBytes(false)
	publish(text, err, "timestamp.json")

	behind, err := url.Parse(modern)
	check(err)
	contents := httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/targets/") {
			contents.ServeHTTP(w, r)
			return
		}
		if text, ok := files[r.URL.Path]; ok {
			_, _ = w.Write(text)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, hex.EncodeToString(sum[:])
}
