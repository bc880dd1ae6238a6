package keys_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/keys"
)

var update = flag.Bool("update", false, "write the table of keys into the README")

// TestREADME holds the README's table of keys against the catalogue. go test ./tui/keys -update writes it anew.
func TestREADME(t *testing.T) {
	const (
		file  = "../../README.md"
		begin = "<!-- the keys of a lesson: go test ./tui/keys -update -->\n"
		end   = "<!-- end of the keys -->\n"
	)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the keys, between %q and %q", file, begin, end)
	}
	var table strings.Builder
	table.WriteString("\n| Key | What it does |\n|---|---|\n")
	for _, b := range keys.For(keys.Lesson) {
		var names []string
		for _, key := range b.Keys {
			names = append(names, "`"+keys.Label(key)+"`")
		}
		fmt.Fprintf(&table, "| %s | %s |\n", strings.Join(names, " "), strings.ReplaceAll(b.Long, "|", `\|`))
	}
	want := before + begin + table.String() + "\n" + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("the README's keys are not those of the catalogue: go test ./tui/keys -update")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
