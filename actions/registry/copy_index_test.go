package registry_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

func TestCopyIndexWithAllPlatforms(t *testing.T) {
	b := newBench(t)
	from, to := plainRegistry(t), distributionRegistry(t)
	b.login(t, to)
	source, destination := from+"/demo/app:multiarch", to+"/l3-students/app:multiarch"
	index := randomIndex(t, 64<<10, "linux/amd64", "linux/arm64/v8")
	put(t, b, source, index)
	want, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}

	result, err := b.Copy(context.Background(), registry.CopyRequest{Source: source, Destination: destination})
	if err != nil {
		t.Fatal(err)
	}
	if result.Digest != want || !result.MediaType.IsIndex() {
		t.Errorf("%s %s, want %s", result.Digest, result.MediaType, want)
	}
	if !slices.Equal(result.Platforms, []string{"linux/amd64", "linux/arm64/v8"}) {
		t.Errorf("platforms %v", result.Platforms)
	}
	if result.Blobs != 6 {
		t.Errorf("%d blobs, want 6", result.Blobs)
	}
	there, err := remote.Index(mustRef(t, destination), b.Remote(context.Background())...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(there); err != nil {
		t.Errorf("the copy is not whole: %v", err)
	}
	// The tag is written last: no manifest after it.
	puts := b.seen.calls(http.MethodPut, "/l3-students/app/manifests/")
	if len(puts) != 3 || !strings.HasSuffix(puts[2].Path, "/multiarch") {
		t.Errorf("manifests were written in the order %v", puts)
	}
}

func TestCopyOnePlatform(t *testing.T) {
	b := newBench(t)
	from, to := plainRegistry(t), plainRegistry(t)
	source, destination := from+"/demo/app:multiarch", to+"/l3-students/app:arm"
	index := randomIndex(t, 1<<10, "linux/amd64", "linux/arm64/v8")
	put(t, b, source, index)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}

	result, err := b.Copy(context.Background(), registry.CopyRequest{
		Source: source, Destination: destination, Platform: "linux/arm64",
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Digest != manifest.Manifests[1].Digest || result.Blobs != 3 {
		t.Errorf("%s with %d blobs, want %s with 3", result.Digest, result.Blobs, manifest.Manifests[1].Digest)
	}

	_, err = b.Copy(context.Background(), registry.CopyRequest{
		Source: source, Destination: to + "/l3-students/app:s390x", Platform: "linux/s390x",
	})
	e := wantCode(t, err, actions.CodeImageNotFound)
	if !strings.Contains(e.Why, "linux/amd64") || !strings.Contains(e.What, "linux/s390x") {
		t.Errorf("%q does not say which platforms there are", e.Error())
	}
	// A single image has its platform in the configuration only.
	_, err = b.Copy(context.Background(), registry.CopyRequest{
		Source: from + "/demo/app@" + manifest.Manifests[0].Digest.String(), Destination: to + "/l3-students/app:ppc",
		Platform: "linux/ppc64le",
	})
	wantCode(t, err, actions.CodeImageNotFound)
	_, err = b.Copy(context.Background(), registry.CopyRequest{Source: source, Destination: destination, Platform: "arm"})
	wantUsage(t, err)
}

func TestCopyMountsWithinOneRegistry(t *testing.T) {
	b := newBench(t)
	host := distributionRegistry(t)
	b.login(t, host)
	put(t, b, host+"/demo/app:latest", randomImage(t, 64<<10, 3))
	before := len(b.seen.calls(http.MethodPut, "/blobs/uploads/"))

	result := checkCopy(t, b, host+"/demo/app:latest", host+"/l3-students/app:latest")
	if result.Skipped != 4 || result.Bytes != 0 {
		t.Errorf("%d of 4 blobs skipped and %d bytes moved", result.Skipped, result.Bytes)
	}
	if after := len(b.seen.calls(http.MethodPut, "/blobs/uploads/")); after != before {
		t.Errorf("%d blobs were uploaded", after-before)
	}
	// Another tag of the same repository moves nothing either.
	if result := checkCopy(t, b, host+"/demo/app:latest", host+"/demo/app:again"); result.Skipped != 4 {
		t.Errorf("%d of 4 blobs skipped", result.Skipped)
	}
}

func TestCopyToADigest(t *testing.T) {
	b := newBench(t)
	from, to := plainRegistry(t), plainRegistry(t)
	img := randomImage(t, 1<<10, 1)
	put(t, b, from+"/demo/app:latest", img)
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	checkCopy(t, b, from+"/demo/app:latest", to+"/l3-students/app@"+digest.String())
	other := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("ab", 32)}
	_, err = b.Copy(context.Background(), registry.CopyRequest{
		Source: from + "/demo/app:latest", Destination: to + "/l3-students/app@" + other.String(),
	})
	wantCode(t, err, actions.CodeDigestMismatch)
}

func wantUsage(t *testing.T, err error) {
	t.Helper()
	if actions.CodeOf(err) != actions.CodeUsage {
		t.Errorf("%v (code %q), want %s", err, actions.CodeOf(err), actions.CodeUsage)
	}
}
