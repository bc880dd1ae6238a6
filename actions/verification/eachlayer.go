package verification

import (
	"encoding/json"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// eachLayer hands out the layers of the manifest in r while it is being read, until found has had enough or what comes is no
// manifest. It is no judge of that: v1.ParseManifest reads the manifest when all of it is there, and what it says counts.
func eachLayer(r io.Reader, found func(i int, layer v1.Descriptor) bool) {
	d := json.NewDecoder(r)
	if !delimited(d, '{') {
		return
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return
		}
		if key != "layers" {
			var other json.RawMessage
			if d.Decode(&other) != nil {
				return
			}
			continue
		}
		if !delimited(d, '[') {
			return
		}
		for i := 0; d.More(); i++ {
			var layer v1.Descriptor
			if d.Decode(&layer) != nil || !found(i, layer) {
				return
			}
		}
		return
	}
}

// delimited reads a token and reports whether it is the delimiter.
func delimited(d *json.Decoder, delimiter json.Delim) bool {
	token, err := d.Token()
	return err == nil && token == delimiter
}
