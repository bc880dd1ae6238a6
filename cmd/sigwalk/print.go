package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
)

// say writes to standard output. That it could not is remembered, and is the command's error when it has no other: a
// result that nobody got is no success.
func (a *app) say(format string, args ...any) {
	_, err := fmt.Fprintf(a.out, format, args...)
	a.unwritten = firstOf(a.unwritten, err)
}

// sayBytes is say for what may be long: ten megabytes are not copied once more.
func (a *app) sayBytes(text []byte) {
	_, err := a.out.Write(text)
	a.unwritten = firstOf(a.unwritten, err)
}

func (a *app) printJSON(value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	if err == nil {
		_, err = a.out.Write(printable.JSON(text.Bytes()))
	}
	a.unwritten = firstOf(a.unwritten, err)
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
