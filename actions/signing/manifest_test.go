package signing

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sigwalk/sigwalk/actions"
)

// foreignManifest has what a list of signatures may have and ours never has: other media types, fields that nobody knows,
// white space, characters that encoders like to escape, and a signature that is there twice.
const foreignManifest = `{
  "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "x/y",
  "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "size": 7},
  "layers": [
    {"size": 3,   "digest": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "mediaType": "application/vnd.dsse.envelope.v1+json", "unknown": [1, 2],
     "annotations": {"z": "<&>", "a": "\u00e9"}},
    {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "size": 3},
    {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "size": 3}
  ],
  "annotations": {"made": "elsewhere & long ago"}, "future": {"field": null}
}`

func TestForeignLayersStayByteForByte(t *testing.T) {
	m, err := (&parser{}).manifest([]byte(foreignManifest), types.OCIManifestSchema1)
	if err != nil {
		t.Fatal(err)
	}
	ours := signatureOf(t, "ours")
	raw, err := m.with([]layer{ours}, m.config)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(raw) {
		t.Fatalf("no JSON: %s", raw)
	}
	for _, piece := range []string{
		`{"size": 3,   "digest": "sha256:bbbb`, `"unknown": [1, 2]`, `"annotations": {"z": "<&>", "a": "\u00e9"}}`,
		`"artifactType":"x/y"`, `"annotations":{"made": "elsewhere & long ago"}`, `"future":{"field": null}`,
	} {
		if !strings.Contains(string(raw), piece) {
			t.Errorf("%s is not in it:\n%s", piece, raw)
		}
	}
	again, err := (&parser{}).manifest(raw, m.mediaType)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.layers) != 4 || again.layers[3].key != ours.key {
		t.Fatalf("%d layers", len(again.layers))
	}
	for i, l := range m.layers {
		if string(again.layers[i].raw) != string(l.raw) {
			t.Errorf("layer %d is now %s", i, again.layers[i].raw)
		}
	}
	if lost := again.missing([]layer{ours, ours, m.layers[1]}); len(lost) != 0 {
		t.Errorf("%d are missing of what is there", len(lost))
	}
}

func TestKeysDoNotDependOnHowTheJSONIsWritten(t *testing.T) {
	a, err := parseLayer([]byte(`{"digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","mediaType":"m","size":1,"annotations":{"a":"1","b":"2"}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseLayer([]byte(` { "annotations" : { "b":"2","a":"1"}, "size":1, "mediaType":"m","digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseLayer([]byte(`{"digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","mediaType":"m","size":1,"annotations":{"a":"1","b":"3"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if a.key != b.key || a.key == c.key {
		t.Error("the key is not of what the layer says")
	}
}

func TestConfigurationsKeepWhatTheySay(t *testing.T) {
	layers := []layer{signatureOf(t, "a"), signatureOf(t, "b")}
	base := `{"created":"2026-01-01T00:00:00Z","architecture":"none","x":{"y":1},"history":[{"created":"2026-01-01T00:00:00Z","comment":"first"}],` +
		`"rootfs":{"type":"layers","diff_ids":["` + hashOf(t, []byte("elsewhere")).String() + `"]}}`
	got, err := extendConfig([]byte(base), layers[:1], layers[1:])
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		v1.ConfigFile
		X map[string]int `json:"x"`
	}
	if err := json.Unmarshal(got, &config); err != nil {
		t.Fatal(err)
	}
	if config.Architecture != "none" || config.X["y"] != 1 || config.Created.Year() != 2026 {
		t.Errorf("it lost something: %s", got)
	}
	if len(config.RootFS.DiffIDs) != 2 || config.RootFS.DiffIDs[0] != hashOf(t, []byte("elsewhere")) || len(config.History) != 2 || config.History[0].Comment != "first" {
		t.Errorf("it does not fit its layers: %s", got)
	}
	for _, bad := range []string{"", "{}", "[]", `{"rootfs":{"diff_ids":[]}}`} {
		got, err := extendConfig([]byte(bad), layers[:1], layers[1:])
		if err != nil {
			t.Fatal(err)
		}
		want, err := configOf(layers)
		if err != nil || string(got) != string(want) {
			t.Errorf("%q gives %s", bad, got)
		}
	}
}

func TestWhatIsNoListOfSignatures(t *testing.T) {
	for _, raw := range []string{"", "[]", "{}", `{"manifests":[]}`, `{"layers":{},"config":{}}`, `{"layers":[1],"config":{}}`} {
		if _, err := (&parser{}).manifest([]byte(raw), types.OCIImageIndex); !errors.Is(err, errNoSignatures) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// TestTheRegistrysLimit: a manifest that the registry finds too large changes nothing, and the error says the sizes.
func TestTheRegistrysLimit(t *testing.T) {
	tag := memory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && r.ContentLength > 1500 {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			inner.ServeHTTP(w, r)
		})
	})
	s := storeOf(t, tag)
	a := &attacher{store: s, lock: noLock, pace: normalPace}
	first := signatureOf(t, "first")
	if _, err := a.attach(t.Context(), nil, []layer{first}); err != nil {
		t.Fatal(err)
	}
	_, err := a.attach(t.Context(), nil, []layer{signatureOf(t, strings.Repeat("x", 1000))})
	if actions.CodeOf(err) != actions.CodeManifestTooLarge {
		t.Errorf("got %v", err)
	}
	assertHolds(t, s, []layer{first})
}

// TestMoreThanCosignReads: with one more than a thousand cosign verifies none, so there is never one more.
func TestMoreThanCosignReads(t *testing.T) {
	tag := memory(t, nil)
	s := storeOf(t, tag)
	var many []layer
	for i := range maxSignatures {
		many = append(many, signatureOf(t, strings.Repeat("i", 1+i%7)+string(rune('a'+i%26))+strings.Repeat("j", i/26)))
	}
	newForeign(t, tag, 0).replace(t, emptyManifest(), many...)
	m, err := s.read(t.Context())
	if err != nil || len(m.layers) != maxSignatures {
		t.Fatalf("%v", err)
	}
	_, err = (&attacher{store: s, lock: noLock, pace: normalPace}).attach(t.Context(), m, []layer{signatureOf(t, "one more")})
	if actions.CodeOf(err) != actions.CodeManifestTooLarge || !strings.Contains(err.Error(), "1001") {
		t.Errorf("got %v", err)
	}
}

// TestARebuiltSignatureIsTheSameOne: another promise of the log, or a time stamp more, makes no other signature; a log entry
// that is not there does.
func TestARebuiltSignatureIsTheSameOne(t *testing.T) {
	variant := func(who, bundle, stamp string) layer {
		var desc v1.Descriptor
		if err := json.Unmarshal(signatureOf(t, who).raw, &desc); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"dev.sigstore.cosign/bundle": bundle, "dev.sigstore.cosign/rfc3161timestamp": stamp} {
			if value != "" {
				desc.Annotations[name] = value
			}
		}
		raw, err := json.Marshal(desc)
		if err != nil {
			t.Fatal(err)
		}
		l, err := parseLayer(raw)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	written, rebuilt := variant("one", "first promise", "stamp"), variant("one", "second promise", "")
	bare, other := variant("one", "", ""), variant("two", "first promise", "stamp")
	at := &manifest{layers: []layer{written}}
	for what, c := range map[string]struct {
		want []layer
		lost int
	}{
		"rebuilt": {[]layer{rebuilt}, 0}, "written": {[]layer{written}, 0}, "without a log entry": {[]layer{bare}, 1},
		"another": {[]layer{other, other}, 1}, "all": {[]layer{rebuilt, bare, other, written}, 2},
	} {
		if lost := at.missing(c.want); len(lost) != c.lost {
			t.Errorf("%s: %d are missing, want %d", what, len(lost), c.lost)
		}
	}
	if written.key == rebuilt.key {
		t.Error("two layers have one key")
	}
}

// TestForeignReferrersStayByteForByte: an index with what may be in one and ours never has.
func TestForeignReferrersStayByteForByte(t *testing.T) {
	const foreign = `{ "manifests": [ {"size": 3,  "digest": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"artifactType": "x/y", "annotations": {"z": "<&>"}, "unknown": [1]} ],
	  "mediaType": "application/vnd.oci.image.index.v1+json", "schemaVersion": 2, "annotations": {"a": "b & c"}, "future": {"field": null} }`
	m, err := (&parser{index: true}).manifest([]byte(foreign), types.OCIImageIndex)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := parseReferrer([]byte(`{"digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","size":1}`))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := m.with([]layer{ours}, v1.Descriptor{})
	if err != nil || !json.Valid(raw) || strings.Contains(string(raw), "config") {
		t.Fatalf("%v: %s", err, raw)
	}
	for _, piece := range []string{
		`{"size": 3,  "digest": "sha256:bbbb`, `"annotations": {"z": "<&>"}, "unknown": [1]}`, `"annotations":{"a": "b & c"}`, `"future":{"field": null}`,
	} {
		if !strings.Contains(string(raw), piece) {
			t.Errorf("%s is not in it:\n%s", piece, raw)
		}
	}
	again, err := (&parser{index: true}).manifest(raw, m.mediaType)
	if err != nil || len(again.layers) != 2 || string(again.layers[0].raw) != string(m.layers[0].raw) || len(again.missing([]layer{ours})) != 0 {
		t.Errorf("%v: %+v", err, again)
	}
	// The same referrer written in another way is the same one.
	other, err := parseReferrer([]byte(`{"size":1,"annotations":{"a":"b"},"digest":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}`))
	if err != nil || len(again.missing([]layer{other})) != 0 {
		t.Errorf("%v: %+v is missing", err, other)
	}
}
