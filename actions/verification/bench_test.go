package verification_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/cosign"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// crowd is a world whose image has n signatures.
func crowd(tb testing.TB, n int) *world {
	tb.Helper()
	w := newWorld(tb)
	layers := make([]verificationtest.Layer, n)
	var wg sync.WaitGroup
	for i := range layers {
		wg.Go(func() { layers[i] = stamped(w) })
	}
	wg.Wait()
	w.attach(layers...)
	return w
}

func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := crowd(b, n)
			b.ResetTimer()
			for range b.N {
				report, err := w.verifier.Verify(context.Background(), w.tag(), byAlicePolicy)
				if err != nil || len(report.Verified()) != n {
					b.Fatalf("%v: %d of %d verified", err, len(report.Verified()), n)
				}
			}
		})
	}
}

// BenchmarkExplain is the same with the whole matrix.
func BenchmarkExplain(b *testing.B) {
	w := crowd(b, 1000)
	b.ResetTimer()
	for range b.N {
		if report := w.verify(byAlicePolicy); report.Signatures[999].Checks == nil {
			b.Fatal("not explained")
		}
	}
}

// BenchmarkCosign is the same with cosign's own entry point, for the comparison.
func BenchmarkCosign(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := crowd(b, n)
			ref, err := name.ParseReference(w.tag())
			if err != nil {
				b.Fatal(err)
			}
			co := w.checkOpts(byAlicePolicy)
			b.ResetTimer()
			for range b.N {
				verified, _, err := cosign.VerifyImageSignatures(context.Background(), ref, co)
				if err != nil || len(verified) != n {
					b.Fatalf("%d of %d verified: %v", len(verified), n, err)
				}
			}
		})
	}
}
