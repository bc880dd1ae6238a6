package fulcio_test

import (
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/trial"
)

func TestSign(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		b := time.Now()
		s, err := trial.Start(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Log("up in", time.Since(b))
		for range 3 {
			b = time.Now()
			bundle, err := s.Sign(t.Context(), []byte(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			t.Log("sign", time.Since(b), bundle.VerificationMaterial.TlogEntries[0].LogIndex)
		}
		b = time.Now()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		t.Log("closed in", time.Since(b))
	}
}
