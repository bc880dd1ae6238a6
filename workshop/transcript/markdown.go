package transcript

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/printable"
)

// Markdown writes the entries for people. titles names lessons by their file names; one without a title keeps its name.
func Markdown(title string, titles map[string]string, entries []Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Transcript: %s\n", oneLine(title))
	if len(entries) == 0 {
		b.WriteString("\nNothing was run yet.\n")
		return b.String()
	}
	lesson := ""
	for i, e := range entries {
		if i == 0 || e.Lesson != lesson {
			lesson = e.Lesson
			name := titles[lesson]
			if name == "" {
				name = lesson
			}
			fmt.Fprintf(&b, "\n## %s\n", oneLine(name))
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s, exit code %d, %.2f s", oneLine(e.Title), e.At.UTC().Format(time.DateTime)+" UTC", e.Exit, e.Seconds)
		if e.Done {
			b.WriteString(", done")
		}
		b.WriteString("\n\n" + fenced("sh", e.Line))
		for _, r := range e.Results {
			fmt.Fprintf(&b, "\n- %s", oneLine(r))
		}
		if len(e.Results) > 0 {
			b.WriteString("\n")
		}
		if e.Error != "" {
			fmt.Fprintf(&b, "\nIt failed: %s\n", oneLine(e.Error))
		}
		if strings.TrimSpace(e.Output) != "" {
			b.WriteString("\n" + fenced("text", e.Output))
		}
	}
	return b.String()
}

// fenced puts text into a block whose fence is longer than any in it, without control characters but tabs and line ends.
func fenced(language, text string) string {
	clean := printable.Lines(strings.TrimRight(text, "\n"), -1)
	fence := "```"
	for strings.Contains(clean, fence) {
		fence += "`"
	}
	return fence + language + "\n" + clean + "\n" + fence + "\n"
}

func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, printable.Acts), " ")
}
