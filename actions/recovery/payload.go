package recovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/sigstore/pkg/signature/payload"
)

// payloads are what may have been signed, by digest ("sha256:..."); nil where only the digest is known yet.
type payloads map[string][]byte

// payloadsOf makes the payloads that cosign signs for digest: one for each name of the image and each set of annotations,
// and first the one without any.
func payloadsOf(digest name.Digest, identities []string, annotations []map[string]string) (payloads, error) {
	known := payloads{}
	for _, identity := range append([]string{""}, identities...) {
		for _, set := range append([]map[string]string{nil}, annotations...) {
			claims := payload.Cosign{Image: digest, ClaimedIdentity: identity}
			if len(set) > 0 {
				claims.Annotations = make(map[string]any, len(set))
				for k, v := range set {
					claims.Annotations[k] = v
				}
			}
			content, err := json.Marshal(claims)
			if err != nil {
				return nil, err
			}
			known[digestOf(content)] = content
		}
	}
	return known, nil
}

// hashes are the digests, in a fixed order.
func (p payloads) hashes() []string {
	all := make([]string, 0, len(p))
	for hash := range p {
		all = append(all, hash)
	}
	slices.Sort(all)
	return all
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
