//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

const hostLesson = "---\n" +
	"title: One\n" +
	"summary: One\n" +
	"minutes: 1\n" +
	"---\n" +
	"\n" +
	"## A step {#a}\n" +
	"\n" +
	"```yaml step\n" +
	"kind: changes\n" +
	"```\n" +
	"\n" +
	"```sh run\n" +
	"rm -f system.txt; uname -s > system.txt; cat system.txt\n" +
	"```\n" +
	"\n" +
	"```yaml check\n" +
	"- kind: file-present\n" +
	"  path: system.txt\n" +
	"  holds: n\n" +
	"```\n" +
	"\n" +
	"```hint\n" +
	"There is nothing to it.\n" +
	"```\n"

// TestAllowHost opens a course that wants to run programs of the machine: it is asked for in words, counts for the files as they
// are, and nothing but the word allows it.
func TestAllowHost(t *testing.T) {
	dir := stateDir(t)
	course := filepath.Join(dir, "host")
	if err := os.MkdirAll(filepath.Join(course, "lessons"), 0o700); err != nil {
		t.Fatal(err)
	}
	lesson := filepath.Join(course, "lessons", "one.md")
	save(t, filepath.Join(course, "course.yaml"), "title: Host\nsummary: A program.\nhost: it calls uname\nlessons: [one]\n")
	save(t, lesson, hostLesson)
	asked := []string{"The course Host wants to run programs of this machine: it calls uname.", course, "Type allow"}
	begin := func() *terminal {
		t.Helper()
		return open(t, setting{cols: 120, rows: 40, dir: dir, args: []string{"--workshop", course}})
	}

	m := begin()
	m.see(asked...)
	m.send("yes\r")
	m.see("1 A step")
	m.press("enter")
	m.see("lessons run none unless you allow it", "x failed: ")
	m.press("q")
	m.end()

	m = begin()
	m.see(asked...)
	m.send("allow\r")
	m.see("1 A step")
	m.press("enter")
	m.see("ok done: this was the last step")
	m.press("q")
	m.end()

	m = begin() // the answer is known
	m.see("1 A step")
	if m.shows("Type allow") {
		t.Error("it is asked again")
	}
	m.press("q")
	m.end()

	save(t, lesson, hostLesson+"\nMore.\n")
	m = begin()
	m.see(asked...)
	m.send("\r")
	m.see("1 A step")
	m.press("q")
	m.end()

	m = open(t, setting{dir: dir, command: []string{"sigwalk", "workshop", "allow", "--dir", dir, course}})
	m.see("Type allow")
	m.send("allow\r")
	m.see("Host may run programs of this machine")
	m.end()
	m.sigwalk("run", "--workshop", course)
	m.sigwalk("workshop", "forbid", course)
	m = begin()
	m.see(asked...)
	m.send("\r")
	m.see("1 A step")
	m.press("q")
	m.end()
}
