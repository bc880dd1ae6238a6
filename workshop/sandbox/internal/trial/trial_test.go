package trial

import (
	"net/http"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/sign"
	"go.uber.org/goleak"
)

func TestNothingRunsAfterClose(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	for range 2 {
		s, err := Start(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Endpoints().Sign(t.Context(), &sign.PlainData{Data: []byte("artifact")}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}
