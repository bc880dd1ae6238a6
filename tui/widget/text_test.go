package widget_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text string
		width      int
		want       []string
	}{
		{"fits", "one two", 7, []string{"one two"}},
		{"at a space", "one two three", 8, []string{"one two", "three"}},
		{"spaces at the break", "one    two", 4, []string{"one", "two"}},
		{"spaces at the end", "one     ", 4, []string{"one"}},
		{"indented", "  one two", 6, []string{"  one", "two"}},
		{"never at a hyphen", "verify --certificate-identity=a", 26, []string{"verify", "--certificate-identity=a"}},
		{"behind a slash", "http://127.0.0.1:18000/sso/realms/trusted", 36, []string{"http://127.0.0.1:18000/sso/realms/", "trusted"}},
		{"a slash in the first half is none", "http://127.0.0.1:18000", 16, []string{"http://127.0.0.1", ":18000"}},
		{"in a word", "sha256:0123456789", 8, []string{"sha256:0", "12345678", "9"}},
		{"lines", "a\n\nb", 4, []string{"a", "", "b"}},
		{"wide", "漢字漢字", 3, []string{"漢", "字", "漢", "字"}},
		{"wider than the line", "漢字", 1, []string{"漢", "字"}},
		{"combined", "e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"a family is one character", "👩‍👩‍👧👩‍👩‍👧", 2, []string{"👩‍👩‍👧", "👩‍👩‍👧"}},
		{"styled", "\x1b[1mone two\x1b[0m three", 8, []string{"\x1b[1mone two\x1b[0m", "three"}},
		{"a style over the break", "\x1b[1mone two\x1b[0m", 4, []string{"\x1b[1mone\x1b[0m", "\x1b[1mtwo\x1b[0m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := widget.Wrap(c.text, c.width); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain", "plain"},
		{"\x1b[31mred\x1b[0m\x1b]0;title\x07", "red"},
		{"a\tb\r\nc", "a b  c"},
		{"admin\u202emoc.example", "adminmoc.example"},
		{"zero\u200bwidth\ufeff", "zerowidth"},
		{"\xffbytes", "\uFFFDbytes"},
		{"e\u0301, 🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "e\u0301, 🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"},
		{"\u0600 a\u0d4e \u0d4e\u0600", " a "},
		{"\u06001", "\u06001"},
		{"e" + strings.Repeat("\u0301", 500) + "x", "e" + strings.Repeat("\u0301", 8) + "x"},
	} {
		if got := widget.Clean(c.text); got != c.want {
			t.Errorf("Clean(%q) is %q, want %q", c.text, got, c.want)
		}
	}
}

// hostile are texts of the kind that a registry, a certificate or a command may bring.
var hostile = []string{
	"plain words in a row", "漢字 かな 한글 mixed with words", "👩‍👩‍👧 🇩🇪 👍🏽 emoji", "e\u0301\u0302\u0303 a\u0308 combining",
	"\u0301 a mark of its own", "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J", "tab\tand\r\nbreaks\v\f", "\u202eright to left\u202c",
	"zero\u200bwidth\u200d\ufeff", "\xff\xfe no text", strings.Repeat("x", 400), "https://" + strings.Repeat("long/", 60), "",
	"\x1b", "a\x1b[", "\u0085next line", "ﷺ ꧅ wide", "\x1b[1m\x1b[0m",
	"\u070f", "\u0600 before a space", "\u0d4e\u0600", "a\u0600\x1b[m", "\u0600\u0301 x",
}

// FuzzClean holds what every screen rests on: clean text steers nothing, and cut, fitted or wrapped it is no wider than
// asked for.
func FuzzClean(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, width int) {
		width = max(2, min(width, 400)) // one cell has no room for a wide character
		clean := widget.Clean(text)
		for _, r := range clean {
			if printable.Acts(r) {
				t.Fatalf("%q has %U in it", clean, r)
			}
		}
		if got := widget.Width(widget.Fit(clean, width, "…")); got != width {
			t.Errorf("Fit(%q, %d) is %d wide", clean, width, got)
		}
		for _, cut := range []string{
			widget.Cut(clean, width, "…"), widget.CutLeft(clean, width, "…"), widget.CutMiddle(clean, width, "…"),
			widget.Sides(clean, "right", width, "…"),
		} {
			if ansi.StringWidth(cut) > width {
				t.Errorf("%q of %q is wider than %d", cut, clean, width)
			}
		}
		letters := ""
		for _, line := range widget.Wrap(clean, width) {
			if ansi.StringWidth(line) > width {
				t.Errorf("line %q of %q is wider than %d", line, clean, width)
			}
			letters += line
		}
		if strings.ReplaceAll(letters, " ", "") != strings.ReplaceAll(clean, " ", "") {
			t.Errorf("wrapping changed %q into %q", clean, letters)
		}
		styled := "\x1b[1m" + clean + "\x1b[0m"
		for i, line := range widget.Wrap(styled, width) {
			// A space may belong to the character before it, and stays there.
			got, want := strings.TrimRight(ansi.Strip(line), " "), strings.TrimRight(widget.Wrap(clean, width)[i], " ")
			if got != want || ansi.StringWidth(line) > width {
				t.Errorf("styled line %q, plain %q", got, want)
			}
		}
	})
}

// TestLinear breaks and cuts a line of a megabyte, which takes minutes when every step looks at the whole rest.
func TestLinear(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 1<<20), strings.Repeat("漢", 1<<19), "\x1b[1m" + strings.Repeat("word ", 1<<17)} {
		n := widget.Width(widget.CutLeft(widget.Clean(text), 80, "…"))
		for _, line := range widget.Wrap(text, 80) {
			n += widget.Width(line)
		}
		if n == 0 {
			t.Error("nothing was wrapped")
		}
	}
}

// TestLinks: a hyperlink takes no cell, is closed at the end of each line that it is broken over and opened again on the next, and
// is cut without losing its end.
func TestLinks(t *testing.T) {
	look := theme.New(theme.Options{Dark: true, Links: true})
	const address = "https://quay.example.com/repository/l3-students/demo?tab=tags"
	link := widget.Linked(look, address)
	opens := strings.TrimSuffix(link, address+ansi.ResetHyperlink())
	if opens == link || !strings.HasSuffix(opens, ";"+address+"\a") {
		t.Fatalf("it is drawn as %q", link)
	}
	text := widget.Linked(look, "See "+address+", and (http://a.example/b).")
	if want := "See " + link + ", and ("; !strings.HasPrefix(text, want) || ansi.Strip(text) != "See "+address+", and (http://a.example/b)." || !strings.HasSuffix(text, ansi.ResetHyperlink()+").") {
		t.Errorf("in a text it is drawn as %q", text)
	}
	for width := 5; width < 80; width++ {
		for _, line := range widget.Wrap(text, width) {
			if opened, closed := strings.Count(line, "\x1b]8;id="), strings.Count(line, ansi.ResetHyperlink()); opened != closed || widget.Width(line) > width {
				t.Fatalf("at %d a line opens %d and closes %d: %q", width, opened, closed, line)
			}
		}
		cut := widget.Fit(text, width, "")
		if strings.Count(cut, "\x1b]8;id=") != strings.Count(cut, ansi.ResetHyperlink()) || widget.Width(cut) != width {
			t.Fatalf("cut at %d it is %q", width, cut)
		}
	}
	if plain := widget.Unlinked(text); plain != ansi.Strip(text) {
		t.Errorf("without links it is %q", plain)
	}
	for _, address := range []string{"/etc/passwd", "javascript:alert(1)", "file:///etc/passwd", "ssh://host", "https:", "http://a\x1b]0;b"} {
		if got := widget.Link(look, address, "words"); got != "words" {
			t.Errorf("%q is a link: %q", address, got)
		}
	}
	if got := widget.Linked(theme.New(theme.Options{Dark: true}), address); got != address {
		t.Errorf("where there are none it is %q", got)
	}
}
