//go:build interop

package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// judged is one image with one signature, of which both are asked.
type judged struct {
	name string
	// layer and bundle make the signature; one of them is set.
	layer  func(*differential, name.Digest) verificationtest.Layer
	bundle func(*differential, name.Digest) *protobundle.Bundle
}

// differential is a deployment, a registry, and a key pair.
type differential struct {
	*bench
	t     *testing.T
	d     *verificationtest.Deployment
	other *verificationtest.Deployment
	host  string
	key   *ecdsa.PrivateKey
}

const (
	alice  = "alice@example.com"
	idp    = "https://idp.example.com"
	sigTag = "dev.cosignproject.cosign/signature"
	// nowhere is a log that does not answer, so that nobody asks the public one.
	nowhere = "http://127.0.0.1:1"
)

var byAlice = verificationtest.Spec{Subject: alice, Issuer: idp}

func with(change func(*verificationtest.Spec)) verificationtest.Spec {
	s := byAlice
	change(&s)
	return s
}

// policies are what each image is asked with.
var policies = []struct{ name, flags string }{
	{"right", "--certificate-identity=" + alice + " --certificate-oidc-issuer=" + idp},
	{"other subject", "--certificate-identity=bob@example.com --certificate-oidc-issuer=" + idp},
	{"other issuer", "--certificate-identity=" + alice + " --certificate-oidc-issuer=https://other.example.com"},
	{"regular expressions", "--certificate-identity-regexp=^alice@ --certificate-oidc-issuer-regexp=idp"},
	{"no log", "--insecure-ignore-tlog --certificate-identity=" + alice + " --certificate-oidc-issuer=" + idp},
	{"no SCT", "--insecure-ignore-sct --certificate-identity=" + alice + " --certificate-oidc-issuer=" + idp},
	{"time stamps, no log", "--use-signed-timestamps --insecure-ignore-tlog --certificate-identity=" + alice + " --certificate-oidc-issuer=" + idp},
	{"key", "--key=cosign.pub"},
}

func legacySignatures() []judged {
	sign := func(spec verificationtest.Spec) func(*differential, name.Digest) verificationtest.Layer {
		return func(w *differential, image name.Digest) verificationtest.Layer { return w.sign(w.d, image, spec) }
	}
	longAgo := time.Now().Add(-2 * time.Hour)
	return []judged{
		{name: "good", layer: sign(byAlice)},
		{name: "stamped", layer: sign(with(func(s *verificationtest.Spec) { s.Stamp = true }))},
		{name: "old", layer: sign(with(func(s *verificationtest.Spec) { s.At = longAgo }))},
		{name: "old and stamped", layer: sign(with(func(s *verificationtest.Spec) { s.At, s.Stamp = longAgo, true }))},
		{name: "logged too late", layer: sign(with(func(s *verificationtest.Spec) { s.At, s.Logged = longAgo, longAgo.Add(time.Hour) }))},
		{name: "without SCT", layer: sign(with(func(s *verificationtest.Spec) { s.NoSCT = true }))},
		{name: "without entry", layer: sign(with(func(s *verificationtest.Spec) { s.NoLog = true }))},
		{name: "newer issuer only", layer: sign(with(func(s *verificationtest.Spec) { s.OnlyNewIssuer = true }))},
		{name: "of another deployment", layer: func(w *differential, image name.Digest) verificationtest.Layer {
			return w.sign(w.other, image, byAlice)
		}},
		{name: "by a key", layer: func(w *differential, image name.Digest) verificationtest.Layer {
			return w.sign(w.d, image, verificationtest.Spec{KeyPair: true, Key: w.key})
		}},
		{name: "with another's entry", layer: func(w *differential, image name.Digest) verificationtest.Layer {
			const entry = "dev.sigstore.cosign/bundle"
			return w.sign(w.d, image, byAlice).With(entry, w.sign(w.d, image, byAlice).Annotations[entry])
		}},
		{name: "with another's signature", layer: func(w *differential, image name.Digest) verificationtest.Layer {
			return w.sign(w.d, image, byAlice).With(sigTag, w.sign(w.d, image, byAlice).Annotations[sigTag])
		}},
		{name: "of another image", layer: func(w *differential, image name.Digest) verificationtest.Layer {
			other, err := name.NewDigest(image.Context().String() + "@sha256:" + strings.Repeat("0", 64))
			w.must(err)
			return w.sign(w.d, other, byAlice)
		}},
	}
}

func bundles() []judged {
	make := func(spec verificationtest.Spec) func(*differential, name.Digest) *protobundle.Bundle {
		return func(w *differential, image name.Digest) *protobundle.Bundle { return w.makeBundle(w.d, image, spec) }
	}
	longAgo := time.Now().Add(-2 * time.Hour)
	return []judged{
		{name: "good", bundle: make(byAlice)},
		{name: "stamped", bundle: make(with(func(s *verificationtest.Spec) { s.Stamp = true }))},
		{name: "old", bundle: make(with(func(s *verificationtest.Spec) { s.At = longAgo }))},
		{name: "old and stamped", bundle: make(with(func(s *verificationtest.Spec) { s.At, s.Stamp = longAgo, true }))},
		{name: "logged too late", bundle: make(with(func(s *verificationtest.Spec) { s.At, s.Logged = longAgo, longAgo.Add(time.Hour) }))},
		{name: "without SCT", bundle: make(with(func(s *verificationtest.Spec) { s.NoSCT = true }))},
		{name: "in a log of the second generation", bundle: make(with(func(s *verificationtest.Spec) { s.Tiles, s.Stamp = true, true }))},
		{name: "in it, as a kind of entry that was withdrawn", bundle: make(with(func(s *verificationtest.Spec) { s.Tiles, s.Stamp, s.Withdrawn = true, true, true }))},
		{name: "in it, with an entry over something else", bundle: make(with(func(s *verificationtest.Spec) { s.Tiles, s.Stamp, s.Elsewhere = true, true, true }))},
		{name: "with an entry over something else", bundle: make(with(func(s *verificationtest.Spec) { s.Elsewhere = true }))},
		{name: "of another deployment", bundle: func(w *differential, image name.Digest) *protobundle.Bundle {
			return w.makeBundle(w.other, image, byAlice)
		}},
		{name: "with another's entry", bundle: func(w *differential, image name.Digest) *protobundle.Bundle {
			b := w.makeBundle(w.d, image, byAlice)
			b.VerificationMaterial.TlogEntries = w.makeBundle(w.d, image, byAlice).GetVerificationMaterial().GetTlogEntries()
			return b
		}},
		{name: "of another image", bundle: func(w *differential, image name.Digest) *protobundle.Bundle {
			other, err := name.NewDigest(image.Context().String() + "@sha256:" + strings.Repeat("0", 64))
			w.must(err)
			return w.makeBundle(w.d, other, byAlice)
		}},
	}
}

func (w *differential) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *differential) sign(d *verificationtest.Deployment, image name.Digest, spec verificationtest.Spec) verificationtest.Layer {
	w.t.Helper()
	layer, err := d.Sign(image, spec)
	w.must(err)
	return layer
}

func (w *differential) makeBundle(d *verificationtest.Deployment, image name.Digest, spec verificationtest.Spec) *protobundle.Bundle {
	w.t.Helper()
	b, err := d.Bundle(image, spec)
	w.must(err)
	return b
}

// differences are the cases in which sigwalk and a cosign differ on purpose, and why; docs/interop.md repeats them.
var differences = map[string]string{}

// TestDifferential asks the unmodified binaries what they think of signatures of many kinds, under many policies: cosign 2
// of those in tags, cosign 3 of bundles. sigwalk gives the same verdict.
func TestDifferential(t *testing.T) {
	server := httptest.NewServer(gcrregistry.New(gcrregistry.Logger(log.New(io.Discard, "", 0)), gcrregistry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &differential{
		bench: &bench{dir: t.TempDir(), home: t.TempDir(), work: t.TempDir()}, t: t, key: key,
		d: verificationtest.MustNew(), other: verificationtest.MustNew(), host: strings.TrimPrefix(server.URL, "http://"),
	}
	root, err := w.d.TrustedRootJSON()
	w.must(err)
	public, err := cryptoutils.MarshalPublicKeyToPEM(key.Public())
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.work, "root.json"), root, 0o600))
	w.must(os.WriteFile(filepath.Join(w.work, "cosign.pub"), public, 0o600))

	asked, accepted := 0, 0
	for tool, all := range map[string][]judged{"cosign2": legacySignatures(), "cosign3": bundles()} {
		for i, c := range all {
			image, err := verificationtest.Image(context.Background(), fmt.Sprintf("%s/%s/case%d:v1", w.host, tool, i))
			w.must(err)
			if c.layer != nil {
				w.must(verificationtest.Attach(t.Context(), image, []verificationtest.Layer{c.layer(w, image)}))
			} else {
				w.must(verificationtest.ReferBundle(t.Context(), image, c.bundle(w, image), "https://sigstore.dev/cosign/sign/v1"))
			}
			reference := fmt.Sprintf("%s/%s/case%d:v1", w.host, tool, i)
			for _, p := range policies {
				name := fmt.Sprintf("%s: %s, asked for %s", tool, c.name, p.name)
				flags := " verify --trusted-root root.json " + p.flags + " " + reference
				log := map[string]string{"cosign2": "--rekor-url=" + nowhere}[tool]
				theirs := w.try(t, "TUF_ROOT=$PWD/tuf "+tool+flags+" "+log)
				ours := w.try(t, `sigwalk --dir "$DIR" --rekor-url=`+nowhere+flags)
				asked++
				if theirs.code == 0 {
					accepted++
				}
				reason, known := differences[name]
				switch differ := (theirs.code == 0) != (ours.code == 0); {
				case differ && !known:
					t.Errorf("%s\n%s says %s\nsigwalk says %s", name, tool, theirs, ours)
				case !differ && known:
					t.Errorf("%s no longer differs (%s)", name, reason)
				}
			}
		}
	}
	t.Logf("%d cases, %d of them accepted by cosign, %d differences", asked, accepted, len(differences))
	if asked < 150 || accepted < 40 {
		t.Errorf("only %d cases, %d of them accepted", asked, accepted)
	}
}
