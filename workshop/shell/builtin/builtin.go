// Package builtin is what a command of the workshop shell is: a name, a line for help, and a function that works with the
// streams, the variables and the files that a Call hands it, and with nothing else.
package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

// Builtin is one command of the workshop shell. It keeps no state between calls and may be called concurrently.
type Builtin interface {
	// Name is what a person types.
	Name() string
	// Summary is one line for help.
	Summary() string
	// Run does the work. It returns nil for exit code 0, an Exit for any other code that needs no message, ctx.Err() when
	// it was cancelled, and any other error to have it printed.
	Run(ctx context.Context, call *Call) error
}

// Call is one call of a command.
type Call struct {
	// Name is the command as it was typed, Args the rest.
	Name string
	Args []string
	// Dir is the working directory as the shell sees it.
	Dir   string
	Stdin io.Reader
	// Piped is true when a pipe or a file is behind Stdin, and no terminal: the real tools then read from it what they
	// would ask a person for.
	Piped          bool
	Stdout, Stderr io.Writer
	// Environment is a copy of the variables that the shell exports to this command.
	Environment *environment.Environment
	Files       *confine.Files
	Homes       actions.Homes
	// Base carries network calls; nil for the default.
	Base  http.RoundTripper
	Clock actions.Clock
	// Observer watches the actions of the command. It is never nil.
	Observer actions.Observer
	// OpenBrowser opens a URL in a browser of this machine; nil where there is none.
	OpenBrowser func(ctx context.Context, url string) error
	// Machine is where the machine offers identity tokens; nil where it is not asked.
	Machine *ambient.Machine
	// AllowHost is true when the person trusts the line with the whole machine.
	AllowHost bool

	// Keep stores the typed result of an action, Failed the error of one that failed.
	Keep   func(value any)
	Failed func(err error)
}

// Exit is the exit code of a command that has said all it wanted to say. The code is never 0.
type Exit uint8 //nolint:errname // it is what the command exits with, and reads as such: return builtin.Exit(2)

// Error implements error.
func (e Exit) Error() string { return fmt.Sprintf("exit status %d", uint8(e)) }

// Code returns the exit code for err: an Exit's own, else what actions.ExitCode says.
func Code(err error) uint8 {
	var exit Exit
	if errors.As(err, &exit) {
		return uint8(exit)
	}
	return uint8(actions.ExitCode(err))
}

// Usage is the error for a command line that the command cannot take.
func Usage(format string, args ...any) error {
	return &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf(format, args...)}
}

// Describe returns err as lines for standard error: what, then why and next on lines of their own. prefix stands before
// the first, such as "Error: " or "jq: ".
func Describe(prefix string, err error) string {
	return printable.Lines(describe(prefix, err), '\uFFFD')
}

func describe(prefix string, err error) string {
	var b strings.Builder
	var e *actions.Error
	if !errors.As(err, &e) {
		fmt.Fprintf(&b, "%s%v\n", prefix, err)
		return b.String()
	}
	// What wraps the error (a path, the name of an image) stays in front of it.
	text := strings.TrimSuffix(err.Error(), e.Error()) + e.What
	why := e.Why
	if why == "" && e.Err != nil {
		why = e.Err.Error()
	}
	fmt.Fprintf(&b, "%s%s\n", prefix, text)
	if why != "" {
		fmt.Fprintf(&b, "  why:  %s\n", indent(why))
	}
	if e.Next != "" {
		fmt.Fprintf(&b, "  next: %s\n", indent(e.Next))
	}
	return b.String()
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n        ")
}

// Getenv returns the value of an exported variable, or "".
func (c *Call) Getenv(name string) string {
	v, _ := c.Environment.Get(name)
	return v.Value
}
