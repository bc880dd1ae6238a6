package verification

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"pgregory.net/rapid"
)

// TestPromise compares what a log signs with the canonical form that the library makes.
func TestPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := promise{
			Body:           base64.StdEncoding.EncodeToString(rapid.SliceOf(rapid.Byte()).Draw(t, "body")),
			IntegratedTime: rapid.Int64().Draw(t, "time"),
			LogIndex:       rapid.Int64().Draw(t, "index"),
			LogID:          hex.EncodeToString(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "log")),
		}
		plain, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		want, err := jsoncanonicalizer.Transform(plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.canonical(); err != nil || string(got) != string(want) {
			t.Errorf("%s, %v; the library says %s", got, err, want)
		}
	})
}
