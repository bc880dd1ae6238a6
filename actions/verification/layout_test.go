package verification_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	gcrlayout "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	cosignlayout "github.com/sigstore/cosign/v2/pkg/oci/layout"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// offline is a verifier that has no registry, no log and no way to the network at all.
func (w *world) offline() *verification.Verifier {
	trusted := w.d.TrustedRoot()
	return verification.New(verification.Options{
		Material: func(context.Context) (root.TrustedMaterial, error) { return trusted, nil },
	})
}

// save writes the image as `cosign save` does.
func (w *world) save() string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "saved")
	image, err := ociremote.SignedImage(w.image)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cosignlayout.WriteSignedImage(dir, image); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// mirror writes the image and what belongs to it under the names that they have in the registry, as regctl and oras do.
// Referrers are among the blobs; listed says whether index.json names them too.
func (w *world) mirror(listed bool) string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "mirror")
	path, err := gcrlayout.Write(dir, empty.Index)
	if err != nil {
		w.t.Fatal(err)
	}
	add := func(ref name.Reference, tag string) {
		image, err := remote.Image(ref)
		if err != nil {
			w.t.Fatal(err)
		}
		if tag == "" {
			err = path.WriteImage(image)
			if listed {
				err = path.AppendImage(image)
			}
		} else {
			err = path.AppendImage(image, gcrlayout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag}))
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	add(w.image, "v1")
	for _, suffix := range []string{".sig", ".att"} {
		tag := strings.Replace(w.image.DigestStr(), ":", "-", 1) + suffix
		if _, err := remote.Head(w.image.Context().Tag(tag)); err == nil {
			add(w.image.Context().Tag(tag), tag)
		}
	}
	index, err := remote.Referrers(w.image)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, desc := range m.Manifests {
		add(w.image.Context().Digest(desc.Digest.String()), "")
	}
	return dir
}

// archived writes a directory as a tar, with or without gzip.
func archived(t testing.TB, dir string, zipped bool) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.tar")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out io.Writer = f
	if zipped {
		z := gzip.NewWriter(f)
		defer z.Close()
		out = z
	}
	w := tar.NewWriter(out)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// rows is what must be the same wherever an image is stored.
func rows(r *verification.Report) []string {
	var text []string
	for _, s := range r.Rows() {
		s.Explain(context.Background())
		text = append(text, strings.Join([]string{
			string(s.Kind), string(s.Storage), s.Manifest.String(), s.Layer.String(), s.Subject, s.Issuer, verification.MatrixText(&s),
		}, "|"))
	}
	return text
}

// TestLayoutsAreJudgedAsTheRegistryIs: the same rows with the same checks from every form in which an image is carried.
func TestLayoutsAreJudgedAsTheRegistryIs(t *testing.T) {
	w := newWorld(t)
	swapped := w.sign(byAlice).With("dev.sigstore.cosign/bundle", w.sign(byAlice).Annotations["dev.sigstore.cosign/bundle"])
	w.attach(w.sign(byAlice), swapped, w.sign(verificationtest.Spec{Subject: bob, Issuer: issuer}))
	attestation, err := w.d.Attestation(w.image, "https://slsa.dev/provenance/v1", byAlice)
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.Put(t.Context(), w.image, "att", []verificationtest.Layer{attestation}); err != nil {
		t.Fatal(err)
	}
	saved := w.save() // cosign 2 saves no referrers
	legacy, err := w.verifier.Everything(t.Context(), w.tag(), byAlicePolicy)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := w.d.Bundle(w.image, byAlice)
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.ReferBundle(t.Context(), w.image, bundle, "https://sigstore.dev/cosign/sign/v1"); err != nil {
		t.Fatal(err)
	}
	all, err := w.verifier.Everything(t.Context(), w.tag(), byAlicePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if len(legacy.Rows()) != 4 || len(all.Rows()) != 5 || len(legacy.Verified()) != 1 {
		t.Fatalf("%d and %d rows, %d verified", len(legacy.Rows()), len(all.Rows()), len(legacy.Verified()))
	}
	listed, hidden := w.mirror(true), w.mirror(false)
	for _, c := range []struct {
		reference string
		want      *verification.Report
	}{
		{"oci:" + saved, legacy},
		{"oci:" + saved + "@" + w.image.DigestStr(), legacy},
		{"oci:" + listed, all},
		{"oci:" + listed + ":v1", all},
		{"oci:" + hidden + ":v1", all},
		{"oci-archive:" + archived(t, listed, false), all},
		{"oci-archive:" + archived(t, hidden, true) + ":v1", all},
		{"oci-archive:" + archived(t, saved, true), legacy},
	} {
		got, err := w.offline().Everything(t.Context(), c.reference, byAlicePolicy)
		if err != nil {
			t.Errorf("%s: %v", c.reference, err)
			continue
		}
		if got.Digest.DigestStr() != w.image.DigestStr() || !slices.Equal(rows(got), rows(c.want)) {
			t.Errorf("%s: %s\n%s\nwant\n%s", c.reference, got.Digest, strings.Join(rows(got), "\n"), strings.Join(rows(c.want), "\n"))
		}
	}

	// cosign's own judgement of what it saved.
	verified, _, err := cosign.VerifyLocalImageSignatures(t.Context(), saved, w.checkOpts(byAlicePolicy))
	if err != nil || len(verified) != 1 {
		t.Errorf("cosign: %d verified, %v", len(verified), err)
	}
	tree, err := w.offline().Tree(t.Context(), "oci:"+listed)
	if err != nil {
		t.Fatal(err)
	}
	text := verification.TreeText(tree)
	if !strings.HasPrefix(text, "oci:"+listed+"  sha256:") || strings.Count(text, alice) != 4 || !strings.Contains(text, "referrers") {
		t.Errorf("tree\n%s", text)
	}
}

// TestLayoutOfAnIndex: the platforms of an index, each with what belongs to it.
func TestLayoutOfAnIndex(t *testing.T) {
	w := newWorld(t)
	index, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, err := gcrlayout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendIndex(index, gcrlayout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "example.com/org/app:v1"})); err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := w.offline().Tree(t.Context(), "oci:"+dir+":v1")
	if err != nil || tree.Kind != verification.NodeIndex || len(tree.Children) != len(m.Manifests) {
		t.Fatalf("%v %+v", err, tree)
	}
	if !strings.HasPrefix(tree.Reference, "example.com/org/app@sha256:") {
		t.Errorf("reference %s", tree.Reference)
	}
	report, err := w.offline().List(t.Context(), "oci:"+dir)
	if err != nil || actions.ExitCode(report.Verdict()) != 10 {
		t.Errorf("%v", err)
	}
}

// TestLayoutsThatAreNone are refused with a reason.
func TestLayoutsThatAreNone(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	two := w.mirror(false)
	path, err := gcrlayout.FromPath(two)
	if err != nil {
		t.Fatal(err)
	}
	other, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(other, gcrlayout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "v2"})); err != nil {
		t.Fatal(err)
	}
	changed := w.mirror(false)
	blob := filepath.Join(changed, "blobs", "sha256", strings.TrimPrefix(w.image.DigestStr(), "sha256:"))
	text, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blob, append(text, ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	lost := w.mirror(false)
	if err := os.Remove(filepath.Join(lost, "blobs", "sha256", filepath.Base(blob))); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(note, []byte(strings.Repeat("no archive ", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reference string
		code      actions.Code
		says      string
	}{
		{"oci:" + filepath.Join(two, "nothing"), actions.CodeLayout, "there is no such directory"},
		{"oci:" + t.TempDir(), actions.CodeLayout, "there is no file oci-layout"},
		{"oci:" + note, actions.CodeLayout, ""},
		{"oci-archive:" + two, actions.CodeLayout, "no regular file"},
		{"oci-archive:" + note, actions.CodeLayout, "no tar archive"},
		{"oci:" + two, actions.CodeUsage, `"v1", "v2"`},
		{"oci:" + two + ":v3", actions.CodeTagNotFound, `"v1", "v2"`},
		{"oci:" + two + "@sha256:" + strings.Repeat("0", 64), actions.CodeTagNotFound, "digest"},
		{"oci:", actions.CodeReference, "names no directory"},
		{"oci:" + changed, actions.CodeDigestMismatch, "another"},
		{"oci:" + lost, actions.CodeLayout, "cannot be read"},
	} {
		_, err := w.offline().Tree(t.Context(), c.reference)
		if actions.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%s), want %s %q", c.reference, err, actions.CodeOf(err), c.code, c.says)
		}
		// Signatures of an image that is not there, or is another, prove nothing of what is.
		_, err = w.offline().Verify(t.Context(), c.reference, byAlicePolicy)
		if actions.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("verify %s: %v (%s), want %s %q", c.reference, err, actions.CodeOf(err), c.code, c.says)
		}
	}
	if report, err := w.offline().Verify(t.Context(), "oci:"+two+":v2", byAlicePolicy); err != nil || actions.ExitCode(report.Verdict()) != 10 {
		t.Errorf("an image without signatures: %v", err)
	}
}

// TestLayoutKeepsToItself: a symbolic link out of the directory is not followed, and a pipe is not waited for.
func TestLayoutKeepsToItself(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	dir := w.save()
	blob := filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(w.image.DigestStr(), "sha256:"))
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Rename(blob, outside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, blob); err != nil {
		t.Fatal(err)
	}
	if _, err := w.offline().Tree(t.Context(), "oci:"+dir); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("%v", err)
	}
}
