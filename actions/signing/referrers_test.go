package signing_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// foreignImage puts an image into a registry in memory that has, or has not, the referrers API.
func foreignImage(t *testing.T, referrersAPI bool) (image string, tag name.Tag) {
	t.Helper()
	server := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(referrersAPI)))
	t.Cleanup(server.Close)
	ref, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/students/demo:latest")
	if err != nil {
		t.Fatal(err)
	}
	content, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, content); err != nil {
		t.Fatal(err)
	}
	digest, err := content.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return ref.Name(), ref.Tag("sha256-" + digest.Hex)
}

func (b *bench) signBundle(t *testing.T, image string) (*signing.Result, error) {
	t.Helper()
	return signing.New(b.opts).SignWithToken(t.Context(), signing.Request{
		Image: image, Token: actions.NewSecret(sandboxtest.Token(t, "user1@demo.redhat.com")), Consented: true, Form: signing.FormBundle,
	})
}

// TestReferrersAPI: where the registry keeps the list, no tag is written; where it does not, the tag is.
func TestReferrersAPI(t *testing.T) {
	b := newBench(t)
	for _, api := range []bool{true, false} {
		image, fallback := foreignImage(t, api)
		for i := range 2 {
			got, err := b.signBundle(t, image)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{true: 0, false: i + 1}[api]; got.Total != want {
				t.Errorf("API %t: total %d, want %d", api, got.Total, want)
			}
		}
		_, err := remote.Head(fallback)
		var refused *transport.Error
		if missing := errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound; missing != api {
			t.Errorf("API %t: the fallback tag: %v", api, err)
		}
		report := b.list(t, image)
		if len(report.Verified()) != 2 || len(report.Signatures) != 2 {
			t.Errorf("API %t: %d of %d verified", api, len(report.Verified()), len(report.Signatures))
		}
	}
}

// TestAFallbackTagThatHoldsAnImage is left as it is.
func TestAFallbackTagThatHoldsAnImage(t *testing.T) {
	b := newBench(t)
	image, fallback := foreignImage(t, false)
	content, err := random.Image(32, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(fallback, content); err != nil {
		t.Fatal(err)
	}
	_, err = b.signBundle(t, image)
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != actions.CodeNotAnImage || !strings.Contains(e.What, "something else than bundles") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(b.seen.ended(), "log:failed") {
		t.Errorf("the log was written: %s", b.seen.ended())
	}
	var there v1.Hash
	if desc, err := remote.Head(fallback); err == nil {
		there = desc.Digest
	}
	if want, err := content.Digest(); err != nil || there != want {
		t.Errorf("the tag is now %v, was %v", there, want)
	}
}
