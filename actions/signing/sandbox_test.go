package signing

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// TestTheLimitOfDistribution: what the real registry answers to a manifest that is too large is understood.
func TestTheLimitOfDistribution(t *testing.T) {
	image, digest := sandboxtest.CopyImage(t, "")
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := tagOf(ref.Context().Digest(digest), signatureSuffix)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStore(tag, []remote.Option{remote.WithContext(t.Context()), remote.WithAuth(sandboxtest.Login(t))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.blob(t.Context(), payloadOfAll, signatureType); err != nil {
		t.Fatal(err)
	}
	a := &attacher{store: s, lock: noLock, pace: normalPace}
	first := signatureOf(t, "first")
	if _, err := a.attach(t.Context(), nil, []layer{first}); err != nil {
		t.Fatal(err)
	}
	_, err = a.attach(t.Context(), nil, []layer{signatureOf(t, strings.Repeat("x", 3<<20))})
	if actions.CodeOf(err) != actions.CodeManifestTooLarge {
		t.Errorf("got %v", err)
	}
	assertHolds(t, s, []layer{first})
}
