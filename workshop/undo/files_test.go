package undo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/environment"
)

// TestFiles puts a directory back: what is new goes, what was changed or removed comes back, what is left out stays, and a link
// leads nowhere.
func TestFiles(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	path := filepath.Join(t.TempDir(), "dir")
	in := func(name string) string { return filepath.Join(path, name) }
	write := func(name, text string) error { return os.WriteFile(in(name), []byte(text), 0o600) }
	if err := errors.Join(
		os.WriteFile(outside, []byte("theirs"), 0o600), os.MkdirAll(in("a/b"), 0o700), os.MkdirAll(in("empty"), 0o700),
		write("changed", "one"), write("same", "same"), write("a/b/removed", "deep"), write("script.sh", "one"), os.Symlink("same", in("link")),
	); err != nil {
		t.Fatal(err)
	}
	m := mask{env: environment.New()}
	d := Dir{Path: path, Except: func(name string) bool { return name == "script.sh" }}
	before, err := d.read(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		write("changed", "two"), write("script.sh", "two"), os.RemoveAll(in("a")), os.MkdirAll(in("new/er"), 0o700), write("new/er/file", "x"),
		os.Remove(in("link")), os.Symlink(outside, in("link")), os.Symlink(outside, in("escape")),
	); err != nil {
		t.Fatal(err)
	}
	now, err := d.read(before, m)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	changes, left := d.changes(before, now, store{mask: m}.content)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, c := range changes {
		words = append(words, c.what)
		if err := c.do(t.Context()); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	for _, want := range []string{"removes the file new/er/file", "removes the directory new", "puts the file changed back", "puts the file a/b/removed back", "removes the file escape"} {
		if !slices.Contains(words, want) {
			t.Errorf("%q is not among %q", want, words)
		}
	}
	after, err := d.read(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := d.changes(before, after, nil); len(left) > 0 {
		t.Errorf("not put back: %v", left)
	}
	for file, want := range map[string]string{in("script.sh"): "two", outside: "theirs", in("a/b/removed"): "deep"} {
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%s holds %q, %v", file, text, err)
		}
	}
	if to, err := os.Readlink(in("link")); err != nil || to != "same" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}

// TestTooMuch does not read a directory that is too large, and says so.
func TestTooMuch(t *testing.T) {
	path := t.TempDir()
	f, err := os.Create(filepath.Join(path, "large"))
	if err == nil {
		err = errors.Join(f.Truncate(mostBytes+1), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Dir{Path: path}).read(nil, mask{env: environment.New()}); err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("error %v", err)
	}
}
