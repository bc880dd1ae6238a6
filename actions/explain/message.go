package explain

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
)

// Cause is what is likely behind a message in the output of a command that failed. As JSON it is {code, cause, evidence,
// next, reported}; fields are added, never renamed or removed.
type Cause struct {
	Code actions.Code `json:"code"` // for Code
	// What is the cause in one sentence, with what the message itself names filled in.
	What string `json:"cause"`
	// Evidence is the line of the output that says so.
	Evidence string `json:"evidence"`
	// Next is the command or the step to try.
	Next string `json:"next"`
	// Reported is where people met the message, as an issue of a project or an advisory; empty where none is at hand.
	Reported string `json:"reported,omitempty"`
}

// CausesText is the causes as text, with an empty line between them.
func CausesText(causes []Cause) string {
	texts := make([]string, len(causes))
	for i, c := range causes {
		texts[i] = fmt.Sprintf("%s\n  evidence: %s\n  next:     %s\n  more:     sigwalk explain %s\n", c.What, c.Evidence, c.Next, c.Code)
		if c.Reported != "" {
			texts[i] += "  reported: " + c.Reported + "\n"
		}
	}
	return strings.Join(texts, "\n")
}

// errUnknown is said where Output finds no cause.
func errUnknown() error {
	return &actions.Error{
		Code: actions.CodeNotVerified,
		What: "nothing in this output is known",
		Why:  "it holds none of the messages in the catalogue",
		Next: "give all of it, standard error included (2>&1); for an image, sigwalk verify IMAGE --explain looks for itself",
	}
}

// errEmpty is said where nothing came to be looked through.
func errEmpty() error {
	return &actions.Error{
		Code: actions.CodeNotVerified,
		What: "there is no output to explain",
		Why:  "nothing came on standard input: most programs write their errors to standard error, which a pipe does not take along",
		Next: "COMMAND 2>&1 | sigwalk explain",
	}
}

// message is one entry of the catalogue. The pattern's groups can be used in what and next as $1, $2.
type message struct {
	pattern    *regexp.Regexp
	code       actions.Code
	what, next string
	reported   string
}

// Output looks through the output of a command and returns the causes that it knows, the most telling first: what is
// further up in the catalogue is more specific. A cause is named once however often its message comes. Where
// none is known they are empty, with CodeNotVerified; they are nil when reading fails, or with ctx.
func Output(ctx context.Context, output io.Reader) ([]Cause, error) {
	lines, err := read(ctx, output)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return []Cause{}, errEmpty()
	}
	causes := []Cause{}
	explained := map[string]bool{}
	for _, m := range messages() {
		for _, line := range lines {
			match := m.pattern.FindStringSubmatchIndex(line)
			if match == nil || explained[line] {
				continue
			}
			causes = append(causes, m.cause(line, match))
			// cosign prints its error twice, behind two prefixes.
			for _, other := range lines {
				if m.pattern.MatchString(other) {
					explained[other] = true
				}
			}
			break
		}
	}
	if len(causes) == 0 {
		return causes, errUnknown()
	}
	return causes, nil
}

func (m message) cause(line string, match []int) Cause {
	fill := func(template string) string { return string(m.pattern.ExpandString(nil, template, line, match)) }
	return Cause{Code: m.code, What: fill(m.what), Evidence: evidence(line, match), Next: fill(m.next), Reported: m.reported}
}

// maxEvidence is how much of a long line is quoted around what was recognised.
const maxEvidence = 240

func evidence(line string, match []int) string {
	start, end := match[0], match[1]
	if len(line) <= maxEvidence {
		return strings.TrimSpace(line)
	}
	end = min(end, start+maxEvidence)
	return strings.ToValidUTF8("..."+strings.TrimSpace(line[start:end])+"...", "")
}

// readable drops what could steer a terminal, and secrets that people paste with the output: tokens begin with eyJ.
func readable(line string) string {
	line = token.ReplaceAllString(line, "(token)")
	return printable.Lines(line, -1)
}

var token = regexp.MustCompile(`eyJ[\w-]{10,}\.[\w-]+(\.[\w-]*)?`)
