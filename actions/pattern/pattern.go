// Package pattern looks at the regular expressions of a policy as cosign uses them: unanchored, with a dot that stands for
// any character. It says what an expression would let through that nobody meant, and how to write it so that it does not.
//
// What it claims holds: every near miss matches the expression, and the anchored form matches what matched before and none
// of the near misses.
package pattern

import (
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/sigwalk/sigwalk/actions"
)

// Pattern is a regular expression (https://golang.org/s/re2syntax).
type Pattern struct {
	text   string
	re     *regexp.Regexp
	parsed *syntax.Regexp
}

// mostText bounds an expression: one that a person types is far below.
const mostText = 4096

// Parse reads an expression. It fails with CodeUsage for one that is malformed, or unreasonably long.
func Parse(text string) (*Pattern, error) {
	if len(text) > mostText {
		return nil, &actions.Error{Code: actions.CodeUsage, What: "the regular expression is longer than 4096 bytes", Next: "write a shorter one"}
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, malformed(err)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, malformed(err)
	}
	return &Pattern{text, re, parsed}, nil
}

func malformed(err error) error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "this is no regular expression", Why: err.Error(), Err: err,
		Next: "the syntax is at https://golang.org/s/re2syntax",
	}
}

// String returns the expression as it was written.
func (p *Pattern) String() string { return p.text }

// Matches reports whether cosign would take a text: it looks for the expression anywhere in it.
func (p *Pattern) Matches(text string) bool { return p.re.MatchString(text) }

// Matching returns those of texts that match, each once, sorted.
func (p *Pattern) Matching(texts []string) []string {
	var found []string
	for _, text := range texts {
		if p.Matches(text) {
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
