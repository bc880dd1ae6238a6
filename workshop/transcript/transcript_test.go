package transcript_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/transcript"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress", "transcript.jsonl")
	if entries, broken, err := transcript.Read(path); len(entries) != 0 || broken != 0 || err != nil {
		t.Errorf("of no file: %v, %d broken, %v", entries, broken, err)
	}
	for _, e := range []transcript.Entry{
		{At: noon, Lesson: "one", Step: "a", Title: "A", Line: "echo a", Output: strings.Repeat("x", 100_000)},
		{At: noon, Lesson: "one", Step: "b", Title: "B", Line: "false", Exit: 1, Error: "it did not work"},
	} {
		if err := transcript.Append(path, e); err != nil {
			t.Fatal(err)
		}
	}
	// A crash in the middle of a write costs that entry alone.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("\n{\"at\":\"2026-11-30T12:00:00Z\",\"les"); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	if err := transcript.Append(path, transcript.Entry{At: noon, Lesson: "two", Title: "C", Line: "true"}); err != nil {
		t.Fatal(err)
	}
	entries, broken, err := transcript.Read(path)
	if err != nil || len(entries) != 3 || broken != 1 || entries[2].Title != "C" {
		t.Fatalf("%d entries, %d broken, %v", len(entries), broken, err)
	}
	if n := len(entries[0].Output); n > 20_000 || !strings.Contains(entries[0].Output, "bytes are left out") {
		t.Errorf("an output of 100,000 bytes is kept with %d", n)
	}
}

func TestMarkdown(t *testing.T) {
	entries := []transcript.Entry{
		{At: noon, Lesson: "one", Title: "Sign", Line: "cosign sign $IMAGE", Seconds: 1.5, Done: true, Results: []string{"signed"}, Output: "a\n```\nb\x1b[31m\n"},
		{At: noon, Lesson: "two", Title: "Look", Line: "false", Exit: 1, Error: "no"},
	}
	const want = "# Transcript: Course\n\n## First\n\n### Sign\n\n2026-11-30 12:00:00 UTC, exit code 0, 1.50 s, done\n\n```sh\ncosign sign $IMAGE\n```\n\n- signed\n\n" +
		"````text\na\n```\nb[31m\n````\n\n## two\n\n### Look\n\n2026-11-30 12:00:00 UTC, exit code 1, 0.00 s\n\n```sh\nfalse\n```\n\nIt failed: no\n"
	if got := transcript.Markdown("Course", map[string]string{"one": "First"}, entries); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Nothing that is there is overwritten.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"transcript.md", "transcript-2.md", "transcript-3.md"} {
		if got, err := transcript.WriteNext(dir, "transcript", ".md", want); err != nil || got != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "transcript.md")); err != nil || string(text) != "transcript.md" {
		t.Errorf("the first holds %q, %v", text, err)
	}
	if err := transcript.WriteNew(filepath.Join(dir, "transcript.md"), "x"); actions.CodeOf(err) != actions.CodeFileInTheWay {
		t.Errorf("%v", err)
	}
}
