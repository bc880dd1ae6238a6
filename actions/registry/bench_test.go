package registry_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"

	"github.com/sigwalk/sigwalk/actions/registry"
)

// BenchmarkCopy copies an image of four layers of 8 MiB from one registry of Docker distribution to another, as the
// demo image of the sandbox travels. Each run has a repository of its own, so that nothing is there before.
func BenchmarkCopy(b *testing.B) {
	bench := newBench(b)
	from := serve(b, distribution(b, b.TempDir(), false))
	to := serve(b, distribution(b, b.TempDir(), false))
	source := from + "/demo/app:latest"
	put(b, bench, source, randomImage(b, 8<<20, 4))
	b.SetBytes(32 << 20)
	b.Run("sigwalk", func(b *testing.B) {
		for i := range b.N {
			_, err := bench.Copy(context.Background(), registry.CopyRequest{
				Source: source, Destination: fmt.Sprintf("%s/copy%d/app:1", to, i),
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crane", func(b *testing.B) {
		for i := range b.N {
			if err := crane.Copy(source, fmt.Sprintf("%s/crane%d/app:1", to, i)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
