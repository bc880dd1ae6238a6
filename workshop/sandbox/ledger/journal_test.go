package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// journalOf returns the path of a closed journal with n leaves, and what the file looked like after each.
func journalOf(t *testing.T, n int) (path string, after [][]byte) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "test.journal")
	o := open(t, dir)
	read := func() {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		after = append(after, data)
	}
	read()
	for i := range n {
		o.log(fmt.Sprint("leaf ", i))
		read()
	}
	if err := o.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	return path, after
}

// A record that was cut short, at whatever byte, is as if it had never been written.
func TestTornRecordIsCutOff(t *testing.T) {
	path, after := journalOf(t, 3)
	whole, whatWas := after[3], after[2]
	for cut := len(whatWas); cut < len(whole); cut += 7 {
		for name, data := range map[string][]byte{
			"cut":                whole[:cut],
			"cut, then zeros":    append(bytes.Clone(whole[:cut]), make([]byte, len(whole)-cut)...),
			"grown, not written": append(bytes.Clone(whatWas), make([]byte, 4096)...),
		} {
			if bytes.Equal(data, whole) {
				continue // the record ends with zeros of its own
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			o := open(t, filepath.Dir(path))
			if size := o.root().TreeSize; size != 2 {
				t.Fatalf("%s at %d: the tree has %d leaves, want 2", name, cut, size)
			}
			if stat, err := os.Stat(path); err != nil || stat.Size() != int64(len(whatWas)) {
				t.Fatalf("%s at %d: the journal has %d bytes (%v), want %d", name, cut, stat.Size(), err, len(whatWas))
			}
			if leaf := o.log("after"); leaf.LeafIndex != 2 {
				t.Fatalf("%s at %d: the next leaf has the index %d, want 2", name, cut, leaf.LeafIndex)
			}
			o = o.reopen()
			if size := o.root().TreeSize; size != 3 {
				t.Fatalf("%s at %d: the tree has %d leaves after another start, want 3", name, cut, size)
			}
			if err := o.ledger.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Damage before the end would make the log another one than was promised: it is refused, and the file stays as it is.
func TestDamagedJournalIsRefused(t *testing.T) {
	path, after := journalOf(t, 3)
	whole := after[3]
	for name, at := range map[string]int{
		"in the tree's record":     20,
		"in the tree's length":     1,
		"in a leaf's record":       len(after[1]) + 40,
		"in a leaf's length":       len(after[1]) + 2,
		"in a leaf's checksum":     len(after[1]) + 5,
		"in the last leaf but one": len(after[2]) - 3,
	} {
		data := bytes.Clone(whole)
		data[at] ^= 0x55
		refused(t, name, path, data)
	}
	refused(t, "a record is missing", path, append(bytes.Clone(after[1]), whole[len(after[2]):]...))
	refused(t, "a record is there twice", path, append(bytes.Clone(after[2]), whole[len(after[1]):]...))
	refused(t, "another file", path, []byte("#!/bin/sh\nexit 1\n"))
	refused(t, "an empty file", path, nil)
}

func refused(t *testing.T, name, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Start(t.Context(), Config{Dir: filepath.Dir(path)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Tree(t.Context(), "test"); !errors.Is(err, state.ErrUnreadable) {
		t.Errorf("%s: %v, want ErrUnreadable", name, err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, data) {
		t.Errorf("%s: the file was changed (%v)", name, err)
	}
}

// Whatever is cut off a journal, what is read is a beginning of what was written; whatever else is in the file, reading it
// ends without a panic.
func TestDecodeJournalProperty(t *testing.T) {
	_, after := journalOf(t, 4)
	whole := after[4]
	rapid.Check(t, func(t *rapid.T) {
		cut := rapid.IntRange(len(after[0]), len(whole)).Draw(t, "cut")
		held, end, err := decodeJournal(whole[:cut])
		if err != nil {
			t.Fatal(err)
		}
		n := len(held.batches)
		if int64(len(after[n])) != end || (n < 4 && cut >= len(after[n+1])) {
			t.Fatalf("cut at %d, %d batches that end at %d", cut, n, end)
		}
		noise := rapid.SliceOf(rapid.Byte()).Draw(t, "noise")
		if held, _, err := decodeJournal(noise); err == nil && held.tree == nil {
			t.Fatal("no tree and no error")
		}
	})
}
