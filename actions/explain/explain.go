// Package explain says what a code or a check means, and what is behind the output of a command that failed.
//
// Every code that sigwalk can end with and every check of its matrix has an entry: one sentence, why it is so, what to do.
// The second catalogue holds the messages of cosign and skopeo that people report, each with its cause, the evidence that
// the output itself gives, and the command to try next.
package explain

import (
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// Entry explains one code or one check.
type Entry struct {
	Code actions.Code
	What string // one sentence
	Why  string
	Next string
}

// text is an entry without its code.
type text struct{ what, why, next string }

// Code returns the entry of a code or the name of a check; ok is false for one that does not exist.
func Code(code actions.Code) (entry Entry, ok bool) {
	for _, catalogue := range catalogues() {
		if t, ok := catalogue[code]; ok {
			return Entry{code, t.what, t.why, t.next}, true
		}
	}
	return Entry{}, false
}

// Codes lists every code and check that has an entry, in alphabetical order.
func Codes() []actions.Code {
	var codes []actions.Code
	for _, catalogue := range catalogues() {
		for code := range catalogue {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// Near returns codes that look like one that does not exist, for a mistyped one.
func Near(code actions.Code) []actions.Code {
	var near []actions.Code
	for _, c := range Codes() {
		for part := range strings.SplitSeq(string(code), "-") {
			if len(part) > 2 && strings.Contains(string(c), part) {
				near = append(near, c)
				break
			}
		}
	}
	return near
}

func catalogues() []map[actions.Code]text {
	return []map[actions.Code]text{general(), registry(), identity(), workshop(), verification(), doctor(), checks()}
}
