// Package shell runs the command lines of a lesson: a POSIX shell in which cosign, skopeo, crane, jq, column, curl and the
// workshop's scripts are built in, so that nothing has to be installed and nothing outside the lesson's directory is seen.
package shell

import (
	"context"
	"io"
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// Options configure a Shell.
type Options struct {
	// Dir is the lesson's directory: where lines start, and all that built-ins may read or write.
	Dir string
	// Aliases maps path prefixes that lessons use to directories inside Dir, such as the page's
	// "/workspace/l3-enablement-helpers/security-concepts".
	Aliases map[string]string
	// Environment is read before and written after every line: what a line exports or sets lasts.
	Environment *environment.Environment
	Homes       actions.Homes
	// AllowHost lets lines run programs of the host. Built-ins still win over host programs of the same name.
	AllowHost bool
	// Base carries network calls; nil for the default.
	Base  http.RoundTripper
	Clock actions.Clock
}

// Streams are what a line reads and writes. A nil stream is empty or discarded.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Result is how a line ended.
type Result struct {
	ExitCode int
	// Values are the typed results of the actions the line ran, in the order they ended: *registry.CopyResult,
	// *trust.Status, *registry.LoginResult, *signing.Result, *verification.Report, *verification.Node.
	Values []any
	// Err is the error of the last action that failed, nil when none did.
	Err error
}

// Shell keeps variables, functions and the working directory between lines. One line runs at a time.
type Shell struct{}

// New returns a shell that starts in opts.Dir.
func New(opts Options) (*Shell, error) { panic("being built") }

// Run runs one line (which may span several lines of text). The actions in it report to obs. The error is nil whatever the
// line's exit code, and not nil when the line is no shell syntax (CodeUsage) or ctx ended (ctx.Err()).
func (s *Shell) Run(ctx context.Context, line string, streams Streams, obs actions.Observer) (Result, error) {
	panic("being built")
}

// Close releases the lesson's directory.
func (s *Shell) Close() error { panic("being built") }

// Builtins lists the names of the built-in commands, sorted.
func Builtins() []string { panic("being built") }
