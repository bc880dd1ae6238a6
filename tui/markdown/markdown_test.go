package markdown_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/sigwalk/sigwalk/tui/markdown"
	"github.com/sigwalk/sigwalk/tui/theme"
)

const everything = "# A heading with `code`\n\n" +
	"Soft\nbreaks join, *emphasis* and **strength** stay, a hyphen in `--certificate-identity` is no place to break.  \nA hard break does.\n\n" +
	"- one item that is long enough to be broken over several lines\n  - below it\n- `two`\n\n" +
	"3. third\n4. fourth\n\n" +
	"> quoted\n> words\n\n" +
	"```sh\ncosign verify \\\n  $IMAGE\n```\n\n" +
	"| a | b |\n|---|---|\n| 1 | 2 |\n\n" +
	"---\n\n" +
	"[the page](https://example.com/a), <https://example.com/b>, ![a seal](seal.png), 1 &lt; 2, \\*no emphasis\\*\n"

func TestRender(t *testing.T) {
	plain := theme.New(theme.Options{Profile: theme.NoColour, ASCII: true})
	got := strings.Join(markdown.New(plain, 40).Render(everything), "\n")
	want := `A heading with ` + "`code`" + `

Soft breaks join, emphasis and strength
stay, a hyphen in
` + "`--certificate-identity`" + ` is no place to
break.
A hard break does.

* one item that is long enough to be
  broken over several lines
  * below it
* ` + "`two`" + `

3. third
4. fourth

| quoted words

  cosign verify \
    $IMAGE

| a | b |
|---|---|
| 1 | 2 |

----------------------------------------

the page https://example.com/a,
https://example.com/b, [a seal], 1 < 2,
*no emphasis*`
	if got != want {
		t.Errorf("got\n%s\n\nwant\n%s", got, want)
	}
}

// TestColours pins that words, spaces and line breaks are the same with colours as without, apart from the quotes of code.
func TestColours(t *testing.T) {
	text := strings.ReplaceAll(everything, "`", "")
	plain := markdown.New(theme.New(theme.Options{Profile: theme.NoColour}), 40).Render(text)
	coloured := markdown.New(theme.New(theme.Options{Dark: true}), 40).Render(text)
	for i, line := range coloured {
		if ansi.Strip(line) != plain[i] {
			t.Errorf("line %d is %q with colours and %q without", i, ansi.Strip(line), plain[i])
		}
	}
	if joined := strings.Join(coloured, "\n"); !strings.Contains(joined, "\x1b[1m") || !strings.Contains(joined, "\x1b[3m") {
		t.Error("nothing is bold, or nothing is italic")
	}
}

// TestHostile holds that no text of a lesson steers the terminal, however it is written.
func TestHostile(t *testing.T) {
	plain := theme.New(theme.Options{Profile: theme.NoColour})
	for _, text := range []string{
		"a\x1b[2Jb", "a&#27;[2Jb", "a&#x1b;]0;title&#7;b", "`a\x1b[2Jb`", "```\na\x1b[2Jb\n```", "<p>a\x1b[2Jb</p>",
		"[a](http://x/&#27;[2J)", "<http://x/\x1b[2J>", "a\u202eb", "![a\x1b[2J](b)", "\x9b2Jab", "a\rb\a\b",
	} {
		for _, line := range markdown.New(plain, 20).Render(text) {
			if strings.ContainsAny(line, "\x1b\a\b\r\n\u202e\u009b") {
				t.Errorf("%q becomes %q", text, line)
			}
		}
	}
}

// TestWidth holds that no line is wider than it may be, at any width and however wide the characters are.
func TestWidth(t *testing.T) {
	th := theme.New(theme.Options{Dark: true})
	text := everything + "\n\n- 漢字漢字漢字漢字漢字 **👩‍👩‍👧 family** e\u0301e\u0301e\u0301\n\n> - `漢字漢字漢字漢字` and\n>   1. https://example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
	for width := 10; width <= 120; width++ {
		for _, line := range markdown.New(th, width).Render(text) {
			if got := ansi.StringWidth(line); got > width {
				t.Fatalf("at %d a line is %d wide: %q", width, got, line)
			}
		}
	}
}

// TestLinks holds that a link leads to its address from the words and from the address, and nowhere where there are no links.
func TestLinks(t *testing.T) {
	const text = "Read [the long page about *signing*](https://example.com/a/long/way/to/it), or <https://example.com/b>."
	look := theme.New(theme.Options{Dark: true, Links: true})
	for _, width := range []int{20, 100} {
		lines := markdown.New(look, width).Render(text)
		joined := strings.Join(lines, "\n")
		if !strings.Contains(joined, ";https://example.com/a/long/way/to/it\a") || !strings.Contains(joined, ";https://example.com/b\a") {
			t.Errorf("at %d it is %q", width, joined)
		}
		for _, line := range lines {
			if strings.Count(line, "\x1b]8;id=") != strings.Count(line, ansi.ResetHyperlink()) {
				t.Errorf("at %d a link goes on behind the line %q", width, line)
			}
		}
	}
	if none := strings.Join(markdown.New(theme.New(theme.Options{Dark: true}), 100).Render(text), ""); strings.Contains(none, "\x1b]") {
		t.Errorf("there are links: %q", none)
	}
}
