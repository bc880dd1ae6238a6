package workshop_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/workshop"
)

// TestCompareOutput holds what is printed against what is expected: placeholders, lines that are left open, and differences.
func TestCompareOutput(t *testing.T) {
	for _, c := range []struct {
		name, expected, printed string
		want                    string // each line with its outcome
	}{
		{"the same", "one\ntwo\n", "one\n\n  two  \n", "=one =two"},
		{"placeholders", "pushed <image>@sha256:<digest>\nindex: <number>", "pushed a/b@sha256:abcdef12\nindex: 0\n", "=pushed a/b@sha256:abcdef12 =index: 0"},
		{"a digest is none", "sha256:<digest>", "sha256:hello", "-sha256:<digest> +sha256:hello"},
		{"an empty text is none", "by <name>", "by ", "-by <name> +by"},
		{"lines that are left open", "first\n...\nlast", "first\na\nb\nlast", "=first .a .b =last"},
		{"no lines are left open, too", "first\n...\nlast", "first\nlast", "=first =last"},
		{"at the end", "first\n...", "first\na", "=first .a"},
		{"a line too many", "one\ntwo", "one\nnew\ntwo", "=one +new =two"},
		{"a line too few", "one\ntwo\nthree", "one\nthree", "=one -two =three"},
		{"nothing is printed", "one\n...\ntwo", "", "-one -two"},
		{"another line in its place", "you said <word>: right\n...\nend", "a\nyou said b: wrong\nend", "-you said <word>: right .a +you said b: wrong =end"},
		{"another value in its place", "...\n\"Subject\": \"a\"\n...", "[\n\"Subject\": \"b\"\n]", "-\"Subject\": \"a\" .[ +\"Subject\": \"b\" .]"},
		{"too little to know a line by", "a <word> z\n...", "b\na b", "-a <word> z .b .a b"},
		{"nothing is printed, as expected", "<nothing>", "\n", ""},
		{"something is printed", "<nothing>\n", "a\nb\n", "+a +b"},
		{"nothing stands for text beside others", "<nothing>\nb", "a\nb\n", "=a =b"},
		{"colours, returns and tabs", "a b\n100%", "\x1b[31ma\tb\x1b[0m\n1%\r50%\r100%\r\n", "=a b =100%"},
		{"an expression is text", "a.b (c) $", "axb (c) $", "-a.b (c) $ +axb (c) $"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			lines := workshop.CompareOutput(c.expected, c.printed)
			for _, line := range lines {
				got = append(got, string("=-+."[line.Outcome])+line.Text)
			}
			if joined := strings.Join(got, " "); joined != c.want {
				t.Errorf("got  %s\nwant %s", joined, c.want)
			}
			if n := strings.Count(" "+c.want, " -") + strings.Count(" "+c.want, " +"); len(workshop.Differences(lines)) != n {
				t.Errorf("%d differences, not %d", len(workshop.Differences(lines)), n)
			}
		})
	}
	var long strings.Builder
	for i := range 100_000 {
		fmt.Fprintln(&long, i)
	}
	if lines := workshop.CompareOutput("0\n...\n", long.String()); len(workshop.Differences(lines)) != 0 {
		t.Error("a long output differs")
	}
	if lines := workshop.CompareOutput("0\n...\n99998\n99999\n", long.String()); len(workshop.Differences(lines)) != 0 {
		t.Error("the end of a long output is not looked at")
	}
}
