package layout

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// memory is a layout of a few files.
type memory map[string][]byte

func (m memory) open(name string) (io.ReadCloser, int64, error) {
	content, ok := m[name]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(content)), int64(len(content)), nil
}

func (m memory) list(_ context.Context, each func(string, int64) error) error {
	for name, content := range m {
		if err := each(name, int64(len(content))); err != nil {
			return err
		}
	}
	return nil
}

func (memory) Close() error { return nil }

// FuzzIndex feeds a foreign index.json and a foreign blob to what finds images and what belongs to them.
func FuzzIndex(f *testing.F) {
	const hex = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // of {}
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:`+hex+`","size":2,"annotations":{"org.opencontainers.image.ref.name":"v1","kind":"dev.cosignproject.cosign/image"}}]}`), []byte(`{}`), "v1")
	f.Add([]byte(`{"manifests":[{"digest":"sha256:`+hex+`"},{"digest":"sha256:00"},{}]}`), []byte(`{"subject":{"digest":"sha256:`+hex+`"}}`), "")
	f.Add([]byte(`{"manifests":null}`), []byte(`[`), "@sha256:"+hex)
	f.Fuzz(func(t *testing.T, index, blob []byte, tag string) {
		h, _, err := v1.SHA256(bytes.NewReader(blob))
		if err != nil {
			t.Fatal(err)
		}
		l := &Layout{reference: Reference{Transport: Directory, Path: "fuzz", Name: tag}, files: memory{
			layoutFile: []byte(`{"imageLayoutVersion":"1.0.0"}`), indexFile: index, blobs + h.Hex: blob, blobs + hex: []byte("{}"),
		}}
		if l.readIndex() != nil {
			return
		}
		if desc, err := l.Image(); err == nil {
			_, _ = l.Manifest(desc.Digest)
		}
		_, _ = l.Find(tag)
		_, _ = l.Referrers(t.Context(), h)
		if l.Repository().String() == "" {
			t.Error("no repository")
		}
	})
}

// FuzzArchive feeds foreign archives to what walks them and what opens them.
func FuzzArchive(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add(make([]byte, 1024))
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "fuzz.tar")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		err := Walk(t.Context(), file, func(e Entry) error {
			if !fs.ValidPath(e.Name) {
				t.Errorf("%q leads out", e.Name)
			}
			_, err := io.Copy(io.Discard, e)
			return err
		})
		if l, opened := Open(t.Context(), Reference{Transport: Archive, Path: file}); opened == nil {
			if err != nil {
				t.Errorf("opened, and not walked: %v", err)
			}
			_ = l.Close()
		}
	})
}

// FuzzReference reads names of images on the disk: what is read is written the same way again.
func FuzzReference(f *testing.F) {
	for _, seed := range []string{"oci:dir", "oci-archive:a.tar:v1", "oci:a@sha256:00", "oci:C:\\x:v1", "oci:5000/app", "oci::", "docker://x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := Parse(text)
		if err != nil {
			return
		}
		if !IsReference(text) || ref.Path == "" {
			t.Errorf("%q: %+v", text, ref)
		}
	})
}
