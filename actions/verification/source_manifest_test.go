package verification

import (
	"bytes"
	"reflect"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestParseManifest reads what registries may answer with as go-containerregistry does.
func TestParseManifest(t *testing.T) {
	const layer = `{"mediaType":"a/b","size":3,"digest":"sha256:c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2","annotations":{"k":"v"}}`
	parsed, refused := 0, 0
	for _, text := range []string{
		`{"schemaVersion":2,"layers":[` + layer + `,` + layer + `]}`,
		` {"layers":[` + layer + `]} `, `{"layers":[` + layer + `]}{"layers":[]}`, `{"layers":[` + layer + `]} x`,
		`{"layers":[` + layer + `,{}],"layers":[` + layer + `]}`, `{"LAYERS":[` + layer + `]}`, `{"layers":null}`,
		`{}`, `null`, `[]`, `""`, ``, `{`, `{"layers":[` + layer + `}`, `{"layers":{}}`, `{"layers":[{"digest":"sha256:1"}]}`,
		`{"layers":[{"size":"3"}]}`, "{\"layers\":[{\"mediaType\":\"\xff\"}]}",
	} {
		want, wantErr := v1.ParseManifest(bytes.NewReader([]byte(text)))
		got, err := parseManifest([]byte(text))
		switch {
		case (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error():
			t.Errorf("%q: %v, want %v", text, err, wantErr)
		case !reflect.DeepEqual(got, want):
			t.Errorf("%q: %+v, want %+v", text, got, want)
		case err == nil:
			parsed++
		default:
			refused++
		}
	}
	if parsed < 5 || refused < 5 {
		t.Errorf("%d parsed and %d refused prove little", parsed, refused)
	}
}
