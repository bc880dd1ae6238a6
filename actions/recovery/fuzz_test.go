package recovery

import (
	"encoding/base64"
	"testing"

	"github.com/sigstore/rekor/pkg/generated/models"
)

// FuzzEntry feeds the reading of a log entry with what a log should never send: it may fail and must not panic.
func FuzzEntry(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"kind":"hashedrekord"}`, `{"kind":"hashedrekord","spec":{"signature":{"publicKey":{"content":"LS0t"}}}}`,
		`{"kind":"dsse","spec":{"signatures":[{}]}}`, `{"kind":"intoto","spec":{"publicKey":{},"content":{"envelope":{"signatures":[{"publicKey":"AA=="}]}}}}`,
		`{"kind":"intoto","spec":{"publicKey":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		index, id, at := int64(0), "00", int64(0)
		anon := models.LogEntryAnon{Body: base64.StdEncoding.EncodeToString([]byte(text)), LogIndex: &index, LogID: &id, IntegratedTime: &at}
		e, err := parseEntry("00", anon)
		if err != nil {
			return
		}
		if found := e.describe(); found.LogIndex == nil || *found.LogIndex != index {
			t.Errorf("%+v", found)
		}
	})
}

// FuzzLayers does the same to the reading of a manifest.
func FuzzLayers(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"layers":null}`, `{"layers":[{}]}`, `{"layers":[{"digest":1}]}`, `{"layers":[null]}`,
		`{"layers":[{"digest":"sha256:0","annotations":{"dev.sigstore.cosign/bundle":"{\"Payload\":{\"logID\":\"x\",\"logIndex\":0}}"}}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		layers, err := parseLayers([]byte(text))
		if err != nil {
			return
		}
		s := &search{Recoverer: New(Options{}), report: &Report{}, known: map[string]*Signature{}, payloads: payloads{}}
		for _, l := range layers {
			s.takeBack(l)
		}
		for _, found := range s.report.Signatures {
			if found.signature == "" || found.Rebuilt {
				t.Errorf("%+v", found)
			}
		}
	})
}
