package signing

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/signature"
)

// duplicate returns the signature in m that says all that ours says and was made with the same key, or else ours: cosign
// does not add one that is as good as there (its mutate.DupeDetector). A time stamp of its own makes a signature another
// one, and so does a log entry of its own.
func duplicate(m *manifest, ours layer, payload []byte, verifier signature.Verifier) layer {
	if m == nil {
		return ours
	}
	for _, there := range m.layers {
		if there.desc.Digest != ours.desc.Digest || there.desc.MediaType != ours.desc.MediaType || !says(there, ours) {
			continue
		}
		old, err := base64.StdEncoding.DecodeString(there.desc.Annotations[static.SignatureAnnotationKey])
		if err == nil && verifier.VerifySignature(bytes.NewReader(old), bytes.NewReader(payload)) == nil {
			return there
		}
	}
	return ours
}

// says reports whether a has every annotation of b but the signature itself.
func says(a, b layer) bool {
	for name, value := range b.desc.Annotations {
		got, ok := a.desc.Annotations[name]
		switch {
		case name == static.SignatureAnnotationKey:
		case !ok:
			return false
		case name == static.BundleAnnotationKey && sameEntry(got, value):
		case got != value:
			return false
		}
	}
	return true
}

// sameEntry reports whether two log entries are one: the log signs its promise anew whenever it is asked for the entry.
func sameEntry(a, b string) bool {
	var one, two bundle.RekorBundle
	if json.Unmarshal([]byte(a), &one) != nil || json.Unmarshal([]byte(b), &two) != nil {
		return false
	}
	body, ok := one.Payload.Body.(string)
	return ok && two.Payload.Body == body && one.Payload.LogID == two.Payload.LogID && one.Payload.LogIndex == two.Payload.LogIndex
}
