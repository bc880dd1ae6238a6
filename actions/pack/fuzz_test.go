package pack_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sigwalk/sigwalk/actions/pack"
)

// FuzzOpen feeds foreign packs, whose checksums fit or do not, to what opens them.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"format":"sigwalk-pack/1","digest":"sha256:00"}`), []byte("{}"), "0000  pack.json\n", true)
	f.Add([]byte(`[]`), []byte(""), "x", false)
	f.Add([]byte(`{"signers":[null]}`), []byte("{"), "", true)
	f.Fuzz(func(t *testing.T, description, root []byte, sums string, fitting bool) {
		files := []struct {
			name    string
			content []byte
		}{
			{"pack.json", description}, {"trusted_root.json", root}, {"oci-layout", []byte("{}")}, {"index.json", []byte("{}")},
		}
		if fitting {
			for _, file := range files {
				sums += fmt.Sprintf("%x  %s\n", sha256.Sum256(file.content), file.name)
			}
		}
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, file := range append(files, struct {
			name    string
			content []byte
		}{"SHA256SUMS", []byte(sums)}) {
			if err := w.WriteHeader(&tar.Header{Name: file.name, Size: int64(len(file.content)), Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(file.content); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "fuzz.tar")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := pack.Open(t.Context(), path); err == nil {
			t.Errorf("a pack without an image was opened: %+v", p.Description)
		}
	})
}
