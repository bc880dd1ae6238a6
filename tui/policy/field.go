package policy

import (
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions/pattern"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// field is one of the two things that a policy asks for: a text, to be matched whole or as a regular expression.
type field struct {
	name, flag string
	regexp     bool
	input      *widget.Input
	texts      []string // what there is now

	err      error
	matching map[string]bool
	misses   []pattern.Miss
	anything bool   // every text matches
	anchored string // empty where there is no better form than the present
}

func newField(t *theme.Theme, name, flag, exact, expression string, texts []string) *field {
	f := &field{name: name, flag: flag, input: widget.NewInput(t), texts: slices.Compact(slices.Sorted(slices.Values(texts)))}
	f.regexp = expression != ""
	if f.regexp {
		exact = expression // which beats an exact value
	}
	f.input.SetText(exact)
	f.analyse()
	return f
}

func (f *field) text() string { return strings.TrimSpace(f.input.Text()) }

// analyse finds out what the text means for what there is now.
func (f *field) analyse() {
	f.err, f.matching, f.misses, f.anchored, f.anything = nil, map[string]bool{}, nil, "", false
	text := f.text()
	switch {
	case text == "":
		for _, s := range f.texts {
			f.matching[s] = true
		}
		return
	case !f.regexp:
		if slices.Contains(f.texts, text) {
			f.matching[text] = true
		}
		return
	}
	p, err := pattern.Parse(text)
	if err != nil {
		f.err = err
		return
	}
	for _, s := range p.Matching(f.texts) {
		f.matching[s] = true
	}
	f.misses, f.anything = p.NearMisses(f.texts), p.Matches("") && p.Matches("anybody@evil.example")
	if better, ok := p.Anchored(f.texts); ok && better != text {
		f.anchored = better
	}
}

// values are the exact text and the expression of a policy: one of them is empty.
func (f *field) values() (exact, expression string) {
	if f.regexp {
		return "", f.text()
	}
	return f.text(), ""
}

// toggle turns between a text and an expression that means the same.
func (f *field) toggle() {
	f.regexp = !f.regexp
	f.analyse()
}

// anchor writes the expression so that it lets through what is there now, and none of the near misses.
func (f *field) anchor() {
	if f.anchored != "" {
		f.input.SetText(f.anchored)
		f.analyse()
	}
}

// unanchored says why there is nothing to anchor; empty when there is.
func (f *field) unanchored() string {
	switch {
	case !f.regexp:
		return "an exact text needs no anchors: ^R makes it a regular expression"
	case f.err != nil:
		return "it is no regular expression yet"
	case f.anchored == "" && len(f.matching) == 0:
		return "nothing matches it now, so that nothing says what was meant"
	case f.anchored == "":
		return "it is anchored already"
	}
	return ""
}

// asFlag is the field as a flag of cosign; empty for an empty one.
func (f *field) asFlag() string {
	if f.text() == "" {
		return ""
	}
	flag := f.flag
	if f.regexp {
		flag += "-regexp"
	}
	return flag + "='" + strings.ReplaceAll(f.text(), "'", `'\''`) + "'"
}
