package main

import (
	"encoding/json"
	"fmt"

	"github.com/sigwalk/sigwalk/actions"
)

// say writes to standard output. That it could not is remembered, and is the command's error when it has no other: a
// result that nobody got is no success.
func (a *app) say(format string, args ...any) {
	_, err := fmt.Fprintf(a.out, format, args...)
	a.unwritten = firstOf(a.unwritten, err)
}

func (a *app) printJSON(value any) {
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	a.unwritten = firstOf(a.unwritten, encoder.Encode(value))
}

func firstOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func unprintable(err error) error {
	return &actions.Error{
		Code: actions.CodeInternal,
		What: "the result could not be written to standard output",
		Why:  reasonOf(err),
		Next: "make room where it is redirected to, or read it from the terminal",
		Err:  err,
	}
}
