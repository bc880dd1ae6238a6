package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// markdown writes a report for an issue or a merge request (GitHub's flavour: tables and folded parts).
func markdown(w io.Writer, c content) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Signatures of %s\n\n", code(c.Image))
	mark := "x"
	if c.Verified {
		mark = "ok"
	}
	fmt.Fprintf(&b, "**%s %s** on %s, looked at %s.\n\n", mark, c.Verdict, code(c.Digest), c.At)
	for _, line := range c.Policy {
		fmt.Fprintf(&b, "- %s\n", escaped(line))
	}
	b.WriteString("\n| Log index | Kind | Subject | Issuer | Signed (UTC) | Stored | Verdict |\n| ---: | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range c.Rows {
		subject := code(r.Subject)
		if r.Subject == "" {
			subject = r.Who
		}
		cells := []string{r.Index, r.Kind, subject, code(r.Issuer), r.Signed, r.Stored, r.Verdict}
		for i := range cells {
			if i != 2 && i != 3 {
				cells[i] = escaped(cells[i])
			}
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	for _, r := range c.Rows {
		markdownRow(&b, r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownRow(b *strings.Builder, r row) {
	name := r.Kind
	if r.Index != "-" {
		name += " at log index " + r.Index
	}
	fmt.Fprintf(b, "\n## %s: %s\n\n%s.\n", escaped(name), escaped(r.Verdict), escaped(r.Sentence))
	if r.Reason != "" {
		fmt.Fprintf(b, "\n%s", escaped(r.Reason))
		if r.Next != "" {
			fmt.Fprintf(b, " - %s", escaped(r.Next))
		}
		b.WriteString("\n")
	}
	if r.Defect != "" {
		fmt.Fprintf(b, "\n**DEFECT** %s\n", escaped(r.Defect))
	}
	if len(r.Checks) == 0 {
		return
	}
	b.WriteString("\n| Check | State | Outcome | Expected | Found |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range r.Checks {
		what := escaped(plain(c.What))
		if c.State != verification.CheckOK && c.Next != "" {
			what += "; next: " + escaped(plain(c.Next))
		}
		if c.Ours && c.State != verification.CheckNotApplicable {
			what += " (own check)"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", c.ID, escaped(c.State.Word()), what, side(c.Expected), side(c.Found))
	}
	if len(r.Extensions) > 0 {
		b.WriteString("\n| Fulcio's extension | Value |\n| --- | --- |\n")
		for _, e := range r.Extensions {
			fmt.Fprintf(b, "| %s `%s` | %s |\n", escaped(e.Name), e.OID, code(plain(e.Value)))
		}
	}
}

func side(v verification.Value) string {
	if v.Text == "" {
		return ""
	}
	text := code(plain(v.Text))
	if v.Source != "" {
		text += " from " + escaped(plain(v.Source))
	}
	return text
}

// escaped is text that means nothing to Markdown: not as a table, a link, HTML, or a name that notifies somebody.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@': // a name after it would be told
			b.WriteString("&#64;")
		case strings.ContainsRune("\\`*_{}[]()#+!|~>", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code is text between backticks, one more of them than it holds in a row; a bar would end the cell of a table even there.
func code(text string) string {
	if text == "" {
		return ""
	}
	longest, run := 0, 0
	for _, r := range text {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 {
		text = " " + text + " "
	}
	return fence + strings.ReplaceAll(text, "|", "\\|") + fence
}
