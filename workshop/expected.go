package workshop

import (
	"regexp"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Outcome says how a line of the expected output came out.
type Outcome int

// The outcomes.
const (
	Same       Outcome = iota // printed as expected
	Missing                   // expected, and not printed
	Unexpected                // printed, and not expected
	LeftOut                   // printed, where the lesson leaves open what is
)

// ComparedLine is one line of a comparison: what was printed, or where that is Missing, what was expected.
type ComparedLine struct {
	Outcome Outcome
	Text    string
}

// Differences returns the lines of a comparison that are missing or unexpected.
func Differences(lines []ComparedLine) (out []ComparedLine) {
	for _, line := range lines {
		if line.Outcome == Missing || line.Outcome == Unexpected {
			out = append(out, line)
		}
	}
	return out
}

// Of a longer output so many lines at the beginning and at the end are compared, where headings and verdicts stand.
const (
	firstCompared = 300
	lastCompared  = 100
)

// CompareOutput holds what a command printed against what a lesson expects of it, line by line, so that they differ in as few lines
// as can be. In what is expected <digest> stands for a hash, <number> for a number, any other words between angle brackets for
// some text of the line, and a line of three dots for any lines; <nothing> alone is a command that prints nothing. Empty lines and
// spaces at the ends do not count. Nothing is judged by it: that is what checks are for.
func CompareOutput(expected, printed string) []ComparedLine {
	want, got := linesOf(expected), linesOf(printed)
	if PrintsNothing(expected) {
		want = nil
	}
	patterns := make([]*regexp.Regexp, len(want)) // nil for three dots
	for i, line := range want {
		if line != anyLines {
			patterns[i] = pattern(line)
		}
	}
	// cost[i][j] is the least number of differences between the lines from i and from j on.
	cost := make([][]int, len(want)+1)
	for i := range cost {
		cost[i] = make([]int, len(got)+1)
	}
	matches := func(i, j int) bool { return patterns[i] != nil && patterns[i].MatchString(got[j]) }
	for i := len(want); i >= 0; i-- {
		for j := len(got); j >= 0; j-- {
			switch {
			case i == len(want):
				cost[i][j] = len(got) - j
			case patterns[i] == nil && j == len(got):
				cost[i][j] = cost[i+1][j]
			case patterns[i] == nil:
				cost[i][j] = min(cost[i+1][j], cost[i][j+1])
			case j == len(got):
				cost[i][j] = cost[i+1][j] + 1
			default:
				cost[i][j] = 1 + min(cost[i+1][j], cost[i][j+1])
				if matches(i, j) {
					cost[i][j] = min(cost[i][j], cost[i+1][j+1])
				}
			}
		}
	}
	var out []ComparedLine
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && patterns[i] == nil && cost[i][j] == cost[i+1][j]:
			i++
		case i < len(want) && patterns[i] == nil:
			out, j = append(out, ComparedLine{LeftOut, got[j]}), j+1
		case i < len(want) && j < len(got) && matches(i, j) && cost[i][j] == cost[i+1][j+1]:
			out, i, j = append(out, ComparedLine{Same, got[j]}), i+1, j+1
		case i < len(want) && cost[i][j] == cost[i+1][j]+1:
			out, i = append(out, ComparedLine{Missing, want[i]}), i+1
		default:
			out, j = append(out, ComparedLine{Unexpected, got[j]}), j+1
		}
	}
	return inPlace(out)
}

// inPlace finds for each line that is missing the one that was printed in its place: of the lines behind it that are left open, the
// first that begins as it does. A reader wants to see both, and not that something is gone.
func inPlace(lines []ComparedLine) []ComparedLine {
	for i, line := range lines {
		begin := beginning(line.Text)
		if line.Outcome != Missing || begin == "" {
			continue
		}
		for j := i + 1; j < len(lines) && (lines[j].Outcome == LeftOut || lines[j].Outcome == Missing); j++ {
			if lines[j].Outcome == LeftOut && strings.HasPrefix(strings.Join(strings.Fields(lines[j].Text), " "), begin) {
				lines[j].Outcome = Unexpected
				break
			}
		}
	}
	return lines
}

// beginning is what an expected line begins with whatever else changes: up to its first placeholder, else to its first colon. It is
// empty where that is too little to know a line by.
func beginning(line string) string {
	end := strings.IndexByte(line, ':') + 1
	if at := placeholder.FindStringIndex(line); at != nil {
		end = at[0]
	}
	if end < 4 {
		return ""
	}
	return strings.Join(strings.Fields(line[:end]), " ")
}

// anyLines stands for lines that a lesson leaves open, noLines for a command that prints none.
const (
	anyLines = "..."
	noLines  = "<nothing>"
)

// PrintsNothing says that an expected block is that of a command that prints nothing.
func PrintsNothing(expected string) bool { return strings.TrimSpace(expected) == noLines }

// linesOf are the lines of an output that are compared, as a terminal would leave them standing.
func linesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(ansi.Strip(line), "\r\n")
		line = line[strings.LastIndexByte(line, '\r')+1:]
		if line = strings.TrimSpace(strings.ReplaceAll(line, "\t", " ")); line != "" {
			out = append(out, line)
		}
		if len(out) > firstCompared+2*lastCompared {
			out = slices.Delete(out, firstCompared, firstCompared+lastCompared)
		}
	}
	if over := len(out) - firstCompared - lastCompared; over > 0 {
		out = slices.Delete(out, firstCompared, firstCompared+over)
	}
	return out
}

var placeholder = regexp.MustCompile(`<[a-z][a-z -]*>`)

// pattern is the expression for one expected line.
func pattern(line string) *regexp.Regexp {
	var b strings.Builder
	from := 0
	for _, at := range placeholder.FindAllStringIndex(line, -1) {
		b.WriteString(regexp.QuoteMeta(line[from:at[0]]))
		switch line[at[0]:at[1]] {
		case "<digest>":
			b.WriteString(`[0-9a-f]{7,128}`)
		case "<number>":
			b.WriteString(`\d+`)
		default:
			b.WriteString(`.+`)
		}
		from = at[1]
	}
	b.WriteString(regexp.QuoteMeta(line[from:]))
	return regexp.MustCompile("^" + strings.ReplaceAll(b.String(), " ", " +") + "$")
}
