// Package explain says what a code or a check means, and what is behind the output of a command that failed.
//
// Every code that sigwalk can end with and every check of its matrix has an entry: one sentence, why it is so, what to do.
// The second catalogue holds the messages of cosign and skopeo that people report, each with its cause, the evidence that
// the output itself gives, and the command to try next.
package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// Entry explains one code or one check. As JSON it is {code, what, why, next}; fields are added, never renamed or removed.
type Entry struct {
	Code actions.Code `json:"code"`
	What string       `json:"what"` // one sentence
	Why  string       `json:"why"`
	Next string       `json:"next"`
}

// Entries are those of codes, in their order. It fails with CodeUsage for one that does not exist, and names those near.
func Entries(codes []string) ([]Entry, error) {
	entries := []Entry{}
	for _, code := range codes {
		entry, ok := Code(actions.Code(code))
		if !ok {
			return nil, unknown(actions.Code(code))
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func unknown(code actions.Code) error {
	next := "every code that sigwalk prints has an explanation: copy it as it stands"
	if near := Near(code); len(near) > 0 {
		names := make([]string, len(near))
		for i, n := range near {
			names[i] = string(n)
		}
		next = "did you mean " + strings.Join(names, ", ") + "?"
	}
	return &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf("there is no code %q", code), Next: next}
}

// Text is the entries as text, with an empty line between them.
func Text(entries []Entry) string {
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = fmt.Sprintf("%s: %s\n  why:  %s\n  next: %s\n", e.Code, e.What, e.Why, e.Next)
	}
	return strings.Join(texts, "\n")
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

// exits are the codes behind the exit codes that mean one thing alone, cosign's.
var exits = map[actions.Code][]actions.Code{
	"10": {actions.CodeNoSignatures},
	"11": {actions.CodeTagNotFound},
	"12": {actions.CodeNoMatch},
	"13": {actions.CodeNoCertificate},
}

// Near returns codes that look like one that does not exist, for a mistyped one or for cosign's exit code.
func Near(code actions.Code) []actions.Code {
	if near, ok := exits[code]; ok {
		return near
	}
	code = actions.Code(strings.ToLower(string(code)))
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
