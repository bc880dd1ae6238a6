package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// The codes of Error; those of package actions by name.
const (
	CodeOwned      = "sandbox-owned"
	CodeNotRunning = "sandbox-not-running"
	CodeFailed     = "sandbox-failed"
	CodePortTaken  = "port-taken"
	CodeUnreadable = "state-unreadable"
	CodeUnwritable = "state-unwritable"
	CodeBare       = "sandbox-not-bare"
	CodeIssuer     = "issuer-unusable"
)

// Error is a failure to start or use a sandbox: what went wrong, why, and what to do next. It never holds a secret.
type Error struct {
	Code string `json:"code"`
	What string `json:"what"`
	Why  string `json:"why,omitempty"`
	Next string `json:"next,omitempty"`
	Err  error  `json:"-"`
}

// Error implements error: what and why on one line.
func (e *Error) Error() string {
	switch {
	case e.Why != "":
		return e.What + ": " + e.Why
	case e.Err != nil:
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// ErrNotRunning is what Join, Stop and StatusOf fail with where no sandbox runs.
var ErrNotRunning = &Error{
	Code: CodeNotRunning,
	What: "no sandbox is running for this directory",
	Next: "start one with `sigwalk sandbox up`",
}

// explain makes an *Error of whatever part failed with. What is done while it failed: "start fulcio".
func explain(dir, doing string, err error) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return &Error{
			Code: CodeUnwritable, What: "the sandbox in " + dir + " could not " + doing, Why: reason(err), Err: err,
			Next: "free some space on that disk, or give another directory with --dir",
		}
	case errors.Is(err, state.ErrUnwritable), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &Error{
			Code: CodeUnwritable, What: "the sandbox in " + dir + " could not " + doing, Why: reason(err), Err: err,
			Next: "make the directory writable for you, or give another one with --dir",
		}
	case errors.Is(err, state.ErrUnreadable):
		return &Error{
			Code: CodeUnreadable, What: "the sandbox in " + dir + " could not " + doing, Why: reason(err), Err: err,
			Next: "put the file back from a copy, or start afresh with `sigwalk sandbox reset` (signatures made so far can then no longer be verified)",
		}
	}
	return &Error{
		Code: CodeFailed, What: "the sandbox in " + dir + " could not " + doing, Why: reason(err), Err: err,
		Next: "see sandbox/sandbox.log in that directory",
	}
}

// reason is err on one line, without the marks that only programs read.
func reason(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, mark := range []error{state.ErrUnreadable, state.ErrUnwritable} {
		text = strings.ReplaceAll(text, mark.Error()+": ", "")
	}
	return text
}
