package signing_test

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// TestJoin: what was signed elsewhere comes to what was signed here, once.
func TestJoin(t *testing.T) {
	b := newBench(t)
	here, digest := freshImage(t)
	there, _ := freshImage(t)
	tag := func(image string) name.Tag {
		t.Helper()
		ref, err := name.ParseReference(image)
		if err != nil {
			t.Fatal(err)
		}
		return ref.Context().Tag(strings.Replace(digest, ":", "-", 1) + ".sig")
	}
	signer := signing.New(b.opts)
	// Nothing there is nothing to add.
	if got, err := signer.Join(t.Context(), tag(there), tag(here)); err != nil || got.Pushes != 0 || got.Total != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, image := range []string{here, there, there} {
		if _, err := b.sign(t, image); err != nil {
			t.Fatal(err)
		}
	}
	for i, pushes := range []int{1, 0} {
		got, err := signer.Join(t.Context(), tag(there), tag(here))
		if err != nil || got.Total != 3 || got.Pushes != pushes {
			t.Errorf("time %d: %+v, %v", i+1, got, err)
		}
	}
	if report := b.list(t, here); len(report.Verified()) != 3 || len(report.Signatures) != 3 {
		t.Errorf("%d of %d verify", len(report.Verified()), len(report.Signatures))
	}
	if report := b.list(t, there); len(report.Signatures) != 2 {
		t.Errorf("%d signatures at the source", len(report.Signatures))
	}
}

// TestList: a referrer that is there and not listed is listed, beside the others.
func TestList(t *testing.T) {
	b := newBench(t)
	image, digest := freshImage(t)
	signed, err := b.signBundle(t, image)
	if err != nil {
		t.Fatal(err)
	}
	login := remote.WithAuth(sandboxtest.Login(t))
	subject := signed.Digest
	list := subject.Context().Tag(strings.Replace(digest, ":", "-", 1))
	index, err := remote.Index(list, login)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(list, login); err != nil {
		t.Fatal(err)
	}
	if _, err := b.signBundle(t, image); err != nil {
		t.Fatal(err)
	}
	signer := signing.New(b.opts)
	for _, c := range []struct {
		add    []v1.Descriptor
		pushes int
		total  int
	}{{nil, 0, 0}, {entries.Manifests, 1, 2}, {entries.Manifests, 0, 2}} {
		got, err := signer.List(t.Context(), subject, c.add)
		if err != nil || got.Pushes != c.pushes || got.Total != c.total {
			t.Errorf("%d added: %+v, %v", len(c.add), got, err)
		}
	}
	if report := b.list(t, image); len(report.Verified()) != 2 {
		t.Errorf("%d verify", len(report.Verified()))
	}
}
