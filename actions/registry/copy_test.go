package registry_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/sigwalk/sigwalk/actions/registry"
)

func TestCopyBetweenRegistries(t *testing.T) {
	b := newBench(t)
	from, to := plainRegistry(t), distributionRegistry(t)
	b.login(t, to)
	source, destination := from+"/demo/app:latest", to+"/l3-students/app:1.0"
	img := randomImage(t, 1<<20, 4)
	put(t, b, source, img)

	result, err := b.Copy(context.Background(), registry.CopyRequest{Source: source, Destination: destination})
	if err != nil {
		t.Fatal(err)
	}
	want, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if result.Digest != want {
		t.Errorf("digest %s, want %s", result.Digest, want)
	}
	if result.Blobs != 5 || result.Skipped != 0 {
		t.Errorf("%d blobs, %d skipped; want 5 and 0", result.Blobs, result.Skipped)
	}
	if result.Bytes < 4<<20 {
		t.Errorf("%d bytes travelled, less than the layers have", result.Bytes)
	}
	if !slices.Equal(result.Platforms, []string{"linux/amd64"}) {
		t.Errorf("platforms %v", result.Platforms)
	}
	there, err := remote.Image(mustRef(t, destination), b.Remote(context.Background())...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(there); err != nil {
		t.Errorf("the copy is not whole: %v", err)
	}
	stages := []string{
		"resolve 0", "resolve 1", "blobs 0", "blobs 1", "manifest 0", "manifest 1", "confirm 0", "confirm 1",
	}
	if got := b.seen.stages(); !slices.Equal(got, stages) {
		t.Errorf("stages %v, want %v", got, stages)
	}
	for id, events := range b.seen.progress() {
		last := events[len(events)-1]
		if events[0].Done != 0 || last.Done != last.Total || last.Total == 0 || last.Skipped {
			t.Errorf("progress of %s goes from %+v to %+v", id, events[0], last)
		}
	}

	again, err := b.Copy(context.Background(), registry.CopyRequest{Source: source, Destination: destination})
	if err != nil {
		t.Fatal(err)
	}
	if again.Skipped != 5 || again.Bytes != 0 {
		t.Errorf("the second copy skipped %d of 5 blobs and moved %d bytes", again.Skipped, again.Bytes)
	}
}
