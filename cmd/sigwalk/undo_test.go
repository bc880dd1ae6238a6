package main

import (
	"testing"
	"testing/fstest"
)

// TestNotTheirs: undoing a step leaves the course's scripts and the person's exports alone, and nothing else.
func TestNotTheirs(t *testing.T) {
	p := &place{files: fstest.MapFS{"scripts/get.sh": {}, "lessons/one.md": {}}}
	for name, kept := range map[string]bool{
		"get.sh": true, "transcript.md": true, "transcript-2.md": true, "trace.json": true, "copied.txt": true, "copied-3.txt": true,
		"cosign.key": false, "one.md": false, "deep/get.sh": false, "deep/copied.txt": false,
	} {
		if p.notTheirs(name) != kept {
			t.Errorf("%s: kept %t", name, !kept)
		}
	}
}
