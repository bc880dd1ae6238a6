package settings_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/tui/settings"
)

var update = flag.Bool("update", false, "write the table of settings into the README")

// TestREADME holds the README's table of settings against the catalogue. go test ./tui/settings -update writes it anew.
func TestREADME(t *testing.T) {
	const (
		file  = "../../README.md"
		begin = "<!-- the settings: go test ./tui/settings -update -->\n"
		end   = "<!-- end of the settings -->\n"
	)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the settings, between %q and %q", file, begin, end)
	}
	var table strings.Builder
	table.WriteString("\n| Setting | What it is | Values, the usual one first | At the start |\n|---|---|---|---|\n")
	for _, s := range settings.Catalogue() {
		start := ""
		if s.Start != "" {
			start = "`" + strings.ReplaceAll(s.Start, "|", `\|`) + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", s.Name, s.Title, strings.Join(s.Values, ", "), start)
	}
	want := before + begin + table.String() + "\n" + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("the README's settings are not those of the catalogue: go test ./tui/settings -update")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCurrent: what the command line gives beats what was kept, and neither can be what the setting has not.
func TestCurrent(t *testing.T) {
	kept := map[settings.Name]string{settings.Mouse: "on", settings.Background: "light", settings.Colours: "purple", "newer": "on", settings.Host: "on"}
	now := settings.New(kept, map[settings.Name]string{settings.Background: "dark"}, map[settings.Name]string{settings.Host: "off"})
	for name, want := range map[settings.Name]string{
		settings.Mouse: "on", settings.Background: "dark", settings.Colours: "auto", settings.Host: "off", "newer": "", settings.Pace: "1",
	} {
		if got := now.Value(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if now.Set(settings.Mouse, "maybe") || now.Set(settings.Host, "on") || !now.Set(settings.Mouse, "off") || now.On(settings.Mouse) {
		t.Error("a value is taken that is none, or one that is one is not")
	}
	if next := now.Next(settings.Background); next != "light" {
		t.Errorf("behind dark comes %s", next)
	}
	if now.Set(settings.Background, "light"); now.Next(settings.Background) != "auto" {
		t.Error("the last value is not followed by the first")
	}
	var none *settings.Current
	if none.On(settings.Mouse) || !none.On(settings.Panes) || none.Set(settings.Mouse, "on") {
		t.Error("without any, settings are not as usual")
	}
}

// TestFile: two runs of the program keep what each has set, names of another version stay, and junk is put aside.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "settings.json")
	one, other := settings.NewFile(path), settings.NewFile(path)
	if kept, err := one.Read(); err != nil || len(kept) != 0 {
		t.Fatalf("no file holds %v, %v", kept, err)
	}
	first := one.Keep(settings.Mouse, "on")
	last := one.Keep(settings.Mouse, "off")
	for _, write := range []func() error{last, first, other.Keep("newer", "x")} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := one.Read()
	if err != nil || kept[settings.Mouse] != "off" || kept["newer"] != "x" || len(kept) != 2 {
		t.Errorf("it holds %v, %v", kept, err)
	}
	if err := os.WriteFile(path, []byte(`{"mouse": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Read(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("junk is read: %v", err)
	}
	if err := other.Keep(settings.Follow, "off")(); err != nil {
		t.Fatal(err)
	}
	aside, err := os.ReadFile(path + ".aside")
	if err != nil || string(aside) != `{"mouse": [` {
		t.Errorf("aside lies %q, %v", aside, err)
	}
	if kept, err := one.Read(); err != nil || kept[settings.Follow] != "off" {
		t.Errorf("behind the junk it holds %v, %v", kept, err)
	}
}
