package printable_test

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/sigwalk/sigwalk/actions/printable"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"user1@demo.redhat.com": "user1@demo.redhat.com",
		"Zoë 漢字 👩‍👩‍👧":          "Zoë 漢字 👩‍👩‍👧", // a zero width joiner is part of what is seen
		"a\x1b[2Jb\x07":         "a?[2Jb?",
		"a\u009b31m\x7f":        "a?31m?",
		"evil\u202egnp.exe":     "evil?gnp.exe",
		"\u2066x\u2069\u200f":   "?x??",
		"a\u200bb\u2028c\nd\te": "a?b?c?d?e",
	} {
		if got := printable.Line(text, '?'); got != want {
			t.Errorf("Line(%q) is %q, want %q", text, got, want)
		}
	}
	if got := printable.Lines("a\n\tb\r\x1b", '?'); got != "a\n\tb??" {
		t.Errorf("%q", got)
	}
}

// FuzzPrintable: nothing that acts is left, nothing else is lost, and JSON keeps its values.
func FuzzPrintable(f *testing.F) {
	for _, text := range []string{"plain", "\x1b[2J", "\u009b", "\u202e\u2066\u200f", "\ufeff\u00ad", "\xff", "a\u2028b", `\u202e`, `"\`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := printable.Line(text, '?')
		if strings.IndexFunc(line, printable.Acts) >= 0 || strings.IndexFunc(line, unicode.IsControl) >= 0 {
			t.Errorf("%q is left of %q", line, text)
		}
		if a, b := len([]rune(line)), len([]rune(text)); a != b {
			t.Errorf("%d characters of %d", a, b)
		}
		encoded, err := json.MarshalIndent(map[string]any{text: []string{text}}, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		escaped := printable.JSON(encoded)
		if strings.IndexFunc(strings.NewReplacer("\n", "", "\t", "").Replace(string(escaped)), printable.Acts) >= 0 {
			t.Errorf("%s", escaped)
		}
		var before, after any
		if err := json.Unmarshal(encoded, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(escaped, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("%v: %q became %q", err, before, after)
		}
	})
}

func TestWord(t *testing.T) {
	for text, want := range map[string]string{
		"user1@demo.redhat.com": "user1@demo.redhat.com",
		"https://idp.example/a": "https://idp.example/a",
		"":                      "''",
		"$(rm -rf ~)":           "'$(rm -rf ~)'",
		"it's; `x` \"y\" \\":    `'it'\''s; ` + "`x`" + ` "y" \'`,
		"a\nb\x1b[31m\u202ec":   "'a?b?[31m?c'",
		"署名":                    "'署名'",
	} {
		if got := printable.Word(text); got != want {
			t.Errorf("%q is %s, not %s", text, got, want)
		}
		said, err := exec.Command("sh", "-c", "printf %s "+printable.Word(text)).Output()
		if want := printable.Line(text, '?'); err != nil || string(said) != want {
			t.Errorf("a shell takes %s for %q (%v), not for %q", printable.Word(text), said, err, want)
		}
	}
}
