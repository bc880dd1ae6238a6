package newfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/sigwalk/sigwalk/actions/newfile"
)

// entries are the names below dir.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// TestNothingIsThereBeforeTheEnd looks after each step at what a person would find if the program ended there.
func TestNothingIsThereBeforeTheEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "trace.json")
	file, err := newfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := file.Write([]byte("part ")); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("something is there before its end: %v", err)
		}
	}
	if err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "part part part ")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v: others can read it", info.Mode(), err)
	}
	if names := entries(t, dir); len(names) != 1 {
		t.Errorf("left over: %q", names)
	}
	file.Discard() // does nothing now
	holds(t, path, "part part part ")
}

// TestNothingIsReplaced: neither what is there at the beginning nor what came in the meantime, be it a link that leads nowhere.
func TestNothingIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.md")
	file, err := newfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := newfile.Write(path, "theirs"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("ours")); err != nil {
		t.Fatal(err)
	}
	if err := file.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	if err := newfile.Write(path, "ours"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	holds(t, path, "theirs")
	nowhere := filepath.Join(dir, "nowhere")
	if err := os.Symlink(filepath.Join(dir, "none"), nowhere); err == nil {
		if err := newfile.Write(nowhere, "x"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a link: %v", err)
		}
		_ = os.Remove(nowhere)
	}
	if names := entries(t, dir); len(names) != 1 {
		t.Errorf("left over: %q", names)
	}
}

func TestDiscardAndReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "on.json")
	file, err := newfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	file.Discard()
	if names := entries(t, dir); len(names) != 0 {
		t.Errorf("left over: %q", names)
	}
	if _, err := file.Write(nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"one", "two"} {
		if err := newfile.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, text)
	}
	if err := newfile.Replace(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("a directory that is not there")
	}
	// A directory in its place: what was written is taken away.
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := newfile.Replace(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Error("a directory was replaced")
	}
	if names := entries(t, dir); len(names) != 2 {
		t.Errorf("left over: %q", names)
	}
}
