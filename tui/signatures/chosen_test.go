package signatures_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// marked is the line of the chosen row; its log index tells it apart.
var marked = regexp.MustCompile(`(?m)^> +(\d+) `)

// TestChosenRowStays does what a person does with the table, in any order, while signatures come and go: group, sort, filter, scroll,
// turn the detail, another size. The chosen row stays chosen and seen, unless the person moves or it is gone.
func TestChosenRowStays(t *testing.T) {
	whole := lessontest.Report(24)
	for i := range whole.Signatures {
		whole.Signatures[i].Subject = fmt.Sprintf("user%d@example.com", i%5)
		whole.Signatures[i].Issuer = fmt.Sprintf("https://idp%d.example.com/realms/one", i%3)
	}
	rapid.Check(t, func(r *rapid.T) {
		m := signatures.New(screen.Deps{
			Context: t.Context(), Theme: theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}, Clock: lessontest.Now,
		}, some(whole, "15"), signatures.Options{})
		width, height := 100, 30
		filter := ""
		look := func() string {
			m.SetSize(width, height)
			lines := m.View()
			for _, line := range lines {
				if ansi.StringWidth(line) != width {
					r.Fatalf("a line of %d cells where there are %d: %q", ansi.StringWidth(line), width, line)
				}
			}
			if len(lines) != height {
				r.Fatalf("%d lines where there are %d", len(lines), height)
			}
			at := marked.FindStringSubmatch(ansi.Strip(strings.Join(lines, "\n")))
			if at == nil {
				return ""
			}
			return at[1]
		}
		press := func(names ...string) {
			for _, name := range names {
				m.Update(screen.Key(name))
			}
		}
		chosen := look()
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			hidden := filter != ""
			switch step := rapid.SampledFrom([]string{"move", "key", "filter", "size", "report"}).Draw(r, "step"); step {
			case "move":
				press(rapid.SampledFrom([]string{"up", "down", "pgup", "pgdown", "home", "end"}).Draw(r, "where"))
				if at := look(); at != "" {
					chosen = at
				}
				continue
			case "key":
				press(rapid.SampledFrom([]string{"s", "b", "left", "right", "1", "3", "4", "5"}).Draw(r, "key"))
			case "filter":
				filter = rapid.SampledFrom([]string{"", "user1", "user2", "idp0", "nobody at all", "10-22"}).Draw(r, "filter")
				press("/", "ctrl+u")
				for _, c := range filter {
					press(string(c))
				}
				press("enter")
				hidden = filter != ""
			case "size":
				width, height = rapid.IntRange(60, 160).Draw(r, "width"), rapid.IntRange(18, 50).Draw(r, "height")
			case "report":
				m.SetReport(some(whole, chosen, rapid.SliceOf(rapid.IntRange(0, len(whole.Signatures)-1)).Draw(r, "rows")...))
			}
			if at := look(); at != chosen && !hidden {
				r.Fatalf("%s was chosen, and now it is %q:\n%s", chosen, at, ansi.Strip(strings.Join(m.View(), "\n")))
			}
		}
		press("/", "ctrl+u", "enter")
		if at := look(); at != chosen {
			r.Fatalf("%s was chosen, and without a filter it is %q:\n%s", chosen, at, ansi.Strip(strings.Join(m.View(), "\n")))
		}
	})
}

// some is a report with some of the rows of another, and with the one of that log index in any case.
func some(whole *verification.Report, index string, rows ...int) *verification.Report {
	part := *whole
	part.Signatures = nil
	for i := range whole.Signatures {
		if s := whole.Signatures[i]; slices.Contains(rows, i) || signatures.Index(&s) == index {
			part.Signatures = append(part.Signatures, s)
		}
	}
	return &part
}
