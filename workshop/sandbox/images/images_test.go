package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestImageIsTheSameEveryTime(t *testing.T) {
	content, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	// These digests are in people's notes and in the lessons' expected output: a change of them is a change of the image.
	want := map[string]string{
		"latest":    "sha256:194b8d3f9d45df8d815293a77a60fb9441c72ddb6d7766eee5b19e7025695a7d",
		"multiarch": "sha256:081a2a6baf5db4a6c70efc87baa076e93fe8c637e7456fb6f9cdd7dec4ae689b",
	}
	got := map[string]string{}
	for _, m := range content.Manifests {
		for _, tag := range m.Tags {
			got[tag] = m.Digest
		}
	}
	for tag, digest := range want {
		if got[tag] != digest {
			t.Errorf("tag %s is %s, want %s", tag, got[tag], digest)
		}
	}
}

func TestLatestHasFourLayersThatUnpack(t *testing.T) {
	content, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	blobs := map[string][]byte{}
	for _, b := range content.Blobs {
		blobs[b.Digest] = b.Data
	}
	at := slices.IndexFunc(content.Manifests, func(m Manifest) bool { return slices.Contains(m.Tags, "latest") })
	var man manifest
	if err := json.Unmarshal(content.Manifests[at].Data, &man); err != nil {
		t.Fatal(err)
	}
	var conf config
	if err := json.Unmarshal(blobs[man.Config.Digest], &conf); err != nil {
		t.Fatal(err)
	}
	if len(man.Layers) != 4 || conf.Architecture != "amd64" || conf.OS != "linux" {
		t.Fatalf("%d layers for %s/%s, want 4 for linux/amd64", len(man.Layers), conf.OS, conf.Architecture)
	}
	var files []string
	for i, l := range man.Layers {
		if l.Size < 2*mebibyte {
			t.Errorf("layer %d has %d bytes, want several MB", i, l.Size)
		}
		zip, err := gzip.NewReader(bytes.NewReader(blobs[l.Digest]))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		if digest(plain) != conf.RootFS.DiffIDs[i] {
			t.Errorf("layer %d unpacks to %s, the configuration says %s", i, digest(plain), conf.RootFS.DiffIDs[i])
		}
		for r := tar.NewReader(bytes.NewReader(plain)); ; {
			header, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, "/"+header.Name)
		}
	}
	if !slices.Contains(files, conf.Config.Entrypoint[0]) {
		t.Errorf("the entry point %s is in no layer: %v", conf.Config.Entrypoint[0], files)
	}
}

func TestProgramIsOneForItsArchitecture(t *testing.T) {
	for architecture, want := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		program := executable(architecture, greeting)
		parsed, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Machine != want || parsed.Type != elf.ET_EXEC {
			t.Errorf("%s: a %v for %v", architecture, parsed.Type, parsed.Machine)
		}
		if runtime.GOOS != "linux" || runtime.GOARCH != architecture {
			continue
		}
		path := filepath.Join(t.TempDir(), "demo")
		if err := os.WriteFile(path, program, 0o700); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), path).Output()
		if err != nil || string(out) != greeting {
			t.Errorf("it printed %q and ended with %v", out, err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		if _, err := Build(); err != nil {
			b.Fatal(err)
		}
	}
}
