package trust_test

import (
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions/trust"
)

// FuzzParse feeds foreign trust roots to what reads and describes them: out of a pack, a file, an import.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{"baseUrl":"https://rekor.example.com","hashAlgorithm":"SHA2_256","publicKey":{"rawBytes":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==","keyDetails":"PKIX_ECDSA_P256_SHA_256","validFor":{"start":"2021-01-12T11:53:27Z"}},"logId":{"keyId":"wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0="}}]}`))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AAAA"}]}}],"timestampAuthorities":[{}],"ctlogs":[{}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		trusted, err := trust.Parse("fuzz", content)
		if err != nil {
			return
		}
		c := trust.Describe(trusted)
		_, _ = c.Text(), c.Warnings(time.Unix(0, 0))
		if changes := trust.Diff(c, c); len(changes) != 0 {
			t.Errorf("it differs from itself: %+v", changes)
		}
	})
}
