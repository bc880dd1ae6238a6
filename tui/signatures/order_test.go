package signatures_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
)

// shownAs shows a report on a screen of its own, without colours.
func shownAs(t *testing.T, report *verification.Report, width, height int) (m *signatures.Model, text func() string) {
	t.Helper()
	m = signatures.New(screen.Deps{
		Context: t.Context(), Theme: theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}, Clock: lessontest.Now,
	}, report, signatures.Options{})
	m.SetSize(width, height)
	return m, func() string { return ansi.Strip(strings.Join(m.View(), "\n")) }
}

var firstColumn = regexp.MustCompile(`(?m)^[> ] +(\d+|-) {2}`)

// indexes are the log indexes of the rows, from the top.
func indexes(text string) []string {
	var out []string
	for _, found := range firstColumn.FindAllStringSubmatch(text, -1) {
		out = append(out, found[1])
	}
	return out
}

// TestSortedByWhatIsSeen turns through the columns: only those that are on the screen, each with its name and arrow whole.
func TestSortedByWhatIsSeen(t *testing.T) {
	report := lessontest.Report(4)
	report.Attached = []verification.Signature{{Kind: verification.KindSBOM}} // so that there are kinds
	for width, want := range map[int][]string{
		60:  {"logIndex", "Kind", "Subject", "Issuer", "Verdict"},
		80:  {"logIndex", "Kind", "Subject", "Issuer", "UTC", "Verdict"},
		118: {"logIndex", "Kind", "Subject", "Issuer", "Signed (UTC)", "Checks", "Verdict"},
	} {
		m, text := shownAs(t, report, width, 30)
		var got []string
		for text(); ; text() {
			m.Update(screen.Key("s"))
			name, arrow, ok := strings.Cut(strings.TrimPrefix(m.Status(), "sorted: "), ", ")
			if !ok {
				break
			}
			if arrow == "up" {
				got = append(got, name)
			}
			if seen := name + map[string]string{"up": " ^", "down": " v"}[arrow]; !strings.Contains(text(), seen) {
				t.Fatalf("at %d cells the heading lacks %q:\n%s", width, seen, text())
			}
			if len(got) > 2*len(want) {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %d cells: sorted by %v, want %v", width, got, want)
		}
	}
}

// TestWithoutAnEntry keeps rows without a log entry at the end, whichever way the index is sorted, and index 0 is an index.
func TestWithoutAnEntry(t *testing.T) {
	report := lessontest.Report(5)
	for i := range report.Signatures {
		index := int64(i)
		report.Signatures[i].LogIndex = &index
	}
	report.Signatures[1].LogIndex = nil
	m, text := shownAs(t, report, 100, 30)
	for _, want := range [][]string{{"0", "2", "3", "4", "-"}, {"4", "3", "2", "0", "-"}} {
		m.Update(screen.Key("s"))
		if got := indexes(text()); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", m.Status(), got, want)
		}
	}
}

// TestSortedByChecks counts: ten of ten come behind nine of nine, and what has failed ones behind both.
func TestSortedByChecks(t *testing.T) {
	report := lessontest.Report(3)
	ok := verification.Check{ID: verification.CheckFormat, State: verification.CheckOK}
	failed := verification.Check{ID: verification.CheckFormat, State: verification.CheckFailed}
	report.Signatures[0].Checks = append(slices.Repeat([]verification.Check{ok}, 11), failed)
	report.Signatures[1].Checks = slices.Repeat([]verification.Check{ok}, 10)
	report.Signatures[2].Checks = slices.Repeat([]verification.Check{ok}, 9)
	m, text := shownAs(t, report, 118, 30)
	for !strings.Contains(m.Status(), "Checks, up") {
		text()
		m.Update(screen.Key("s"))
	}
	if got, want := indexes(text()), []string{"15", "14", "13"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestDetailTakesTheLines gives the detail the lines of the table while it has the keys, and says before how much there is.
func TestDetailTakesTheLines(t *testing.T) {
	m, text := shownAs(t, lessontest.Report(20), 80, 22)
	if !strings.Contains(text(), "enter: ") {
		t.Errorf("nothing leads to the rest of the detail:\n%s", text())
	}
	before := len(indexes(text()))
	m.Update(screen.Key("enter"))
	if after := len(indexes(text())); after != 2 || before < 6 {
		t.Errorf("%d rows before and %d while the detail has the keys:\n%s", before, after, text())
	}
}

// TestPageOfTheDetail moves by what is seen of the detail, however few rows the table has.
func TestPageOfTheDetail(t *testing.T) {
	report := lessontest.Report(1)
	report.Signatures[0].Payload = []byte("[" + strings.Repeat("1,", 99) + "100]") // a number a line
	m, text := shownAs(t, report, 80, 24)
	m.Update(screen.Key("5"))
	m.Update(screen.Key("enter"))
	last := func() string {
		lines := strings.Split(strings.TrimRight(text(), "\n"), "\n")
		return strings.TrimSpace(lines[len(lines)-2])
	}
	first := last()
	m.Update(screen.Key("pgdown"))
	if !strings.Contains(text(), first) {
		t.Errorf("a page skips lines: %q is not on the next one:\n%s", first, text())
	}
	pages := 1
	for ; !strings.Contains(text(), "100") && pages < 30; pages++ {
		m.Update(screen.Key("pgdown"))
	}
	if pages > 12 {
		t.Errorf("%d pages for some 120 lines", pages)
	}
}

// TestEveryLineIsReached walks down the checks on a small screen and back: every line that there is on a large one is seen, also of
// a check that says more than fits, and the sentence whole at the end where there is no room for it above.
func TestEveryLineIsReached(t *testing.T) {
	report := lessontest.Report(4) // the last of which fails
	seen := map[string]bool{}
	small, text := shownAs(t, report, 60, 18)
	keep := func() {
		for line := range strings.Lines(text()) {
			seen[strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), ">"))] = true
		}
	}
	small.Update(screen.Key("end"))
	small.Update(screen.Key("enter"))
	for _, key := range slices.Concat(slices.Repeat([]string{"down"}, 150), slices.Repeat([]string{"up"}, 150)) {
		keep()
		small.Update(screen.Key(key))
	}
	if !strings.Contains(text(), "x  not verified") {
		t.Errorf("up does not lead back to the beginning:\n%s", text())
	}
	for i := range verification.Checks() {
		large, all := shownAs(t, report, 60, 400)
		large.Update(screen.Key("end"))
		large.Update(screen.Key("enter"))
		for range i {
			large.Update(screen.Key("down"))
			all()
		}
		_, detail, _ := strings.Cut(all(), " 6 raw")
		for line := range strings.Lines(detail) {
			line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), ">"))
			if !seen[line] && strings.Trim(line, "- ") != "" {
				t.Errorf("check %d: this is never seen: %q", i, line)
			}
		}
	}
	if !strings.Contains(strings.Join(slices.Sorted(maps.Keys(seen)), "\n"), "Claims to be signed by admin@example.org, vouched for by") {
		t.Error("the sentence is not seen whole")
	}
}

// TestSentenceIsWhole shortens the issuer before the end of the sentence is cut.
func TestSentenceIsWhole(t *testing.T) {
	report := lessontest.Report(1)
	report.Signatures[0].Issuer = "https://127.0.0.1:21592/" + strings.Repeat("sso.sandbox.redhatworkshops.io/", 3) + "realms/trusted-artifact-signer"
	for _, width := range []int{80, 100, 120, 140, 160, 200} {
		_, text := shownAs(t, report, width, 40)
		head, _, _ := strings.Cut(strings.Join(strings.Fields(text()), " "), "----")
		if !strings.Contains(head, "provable for as long as the trust root keeps these keys.") {
			t.Errorf("at %d cells the sentence is cut:\n%s", width, text())
		}
	}
}

// TestPlatformIsSeen shows on the smallest terminal on which platform of an index a row is, and finds it by its whole name.
func TestPlatformIsSeen(t *testing.T) {
	report := lessontest.Report(1)
	for _, platform := range []string{"linux/amd64", "linux/arm64/v8", "windows/amd64"} {
		attached := report.Signatures[0]
		attached.Platform = platform
		report.Attached = append(report.Attached, attached)
	}
	m, text := shownAs(t, report, 60, 18)
	for _, want := range []string{"sig amd64", "sig arm64", "sig wind"} {
		if !strings.Contains(text(), want) {
			t.Errorf("the table lacks %q:\n%s", want, text())
		}
	}
	m.Update(screen.Key("/"))
	for _, c := range "linux/arm64" {
		m.Update(screen.Key(string(c)))
	}
	if rows := indexes(text()); len(rows) != 1 {
		t.Errorf("%d rows are on linux/arm64:\n%s", len(rows), text())
	}
}
