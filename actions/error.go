package actions

import (
	"context"
	"errors"
	"strings"
)

// Code names a kind of failure, for programs and for the catalogue of explanations. It never changes once published.
type Code string

// Error says what went wrong, why, and what to do next. What starts in lower case and names the reference or URL that
// it concerns; no field ever holds a secret.
type Error struct {
	Code Code
	What string
	Why  string // may be empty
	Next string // may be empty
	Err  error  // the cause, may be nil
}

// Error implements error: what and why on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.What)
	switch {
	case e.Why != "":
		b.WriteString(": " + e.Why)
	case e.Err != nil:
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code, so that errors.Is works with a bare &Error{Code: c}.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// CodeOf returns the code of the outermost *Error in err's chain, or "" when there is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// ExitCode returns the exit code of a program that ends with err: 0 for nil, cosign's own codes where it has them, 130
// when the work was interrupted, and 1 otherwise.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return 130
	}
	switch CodeOf(err) {
	case CodeUsage, CodeKeyUnreadable, CodeNotBuiltIn: // the command line names what cannot be used
		return 2
	case CodeNoSignatures:
		return 10
	case CodeTagNotFound:
		return 11
	case CodeNoMatch:
		return 12
	case CodeNoCertificate:
		return 13
	}
	return 1
}
