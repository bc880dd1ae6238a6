// Package shell runs the command lines of a lesson: a POSIX shell in which cosign, skopeo, crane, jq, column, curl and the
// workshop's scripts are built in, so that nothing has to be installed and nothing outside the lesson's directory is seen.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
	"github.com/sigwalk/sigwalk/workshop/shell/confine"
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
	// RevealSecrets lets a line print the identity tokens that the environment holds; else they come out as dots.
	RevealSecrets bool
	// OpenBrowser opens a URL in a browser of this machine, for sign-ins; nil where there is none.
	OpenBrowser func(ctx context.Context, url string) error
	// Machine is where the machine offers identity tokens by itself, as to a workload; nil for a lesson's sandbox, whose
	// Fulcio knows none of them.
	Machine *ambient.Machine
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

// Shell keeps variables, functions and the working directory between lines. One line runs at a time; a second waits.
type Shell struct {
	opts     Options
	files    *confine.Files
	commands map[string]builtin.Builtin

	mu     sync.Mutex
	runner *interp.Runner
	vars   *variables
	last   int // $?
}

// New returns a shell that starts in opts.Dir. It fails when the directory cannot be opened.
func New(opts Options) (*Shell, error) {
	if opts.Environment == nil {
		opts.Environment = environment.New()
	}
	files, err := confine.Open(opts.Dir, opts.Aliases)
	if err != nil {
		return nil, err
	}
	s := &Shell{opts: opts, files: files, commands: make(map[string]builtin.Builtin)}
	for _, b := range commands() {
		s.commands[b.Name()] = b
	}
	base := s.initial()
	s.vars = newVariables(opts.Environment, base)
	s.runner, err = s.newRunner(files.Dir(), base)
	if err != nil {
		_ = files.Close()
		return nil, fmt.Errorf("start the shell: %w", err)
	}
	return s, nil
}

// Close releases the lesson's directory.
func (s *Shell) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files.Close()
}

// ReadFile reads a file as a built-in would: path is relative to the lesson's directory, and leads nowhere else.
func (s *Shell) ReadFile(path string) ([]byte, error) { return s.files.ReadFile(s.files.Dir(), path) }

// Run runs one line (which may span several lines of text). The actions in it report to obs. The error is nil whatever the
// line's exit code, and not nil when the line is no shell syntax (CodeUsage) or ctx ended (ctx.Err()). Background jobs
// that the line leaves behind are waited for, so that nothing outlives it.
func (s *Shell) Run(ctx context.Context, text string, streams Streams, obs actions.Observer) (Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Result{ExitCode: actions.ExitCode(err)}, err
	}
	statements, err := parse(text)
	if err != nil {
		return Result{ExitCode: actions.ExitCode(err), Err: err}, err
	}
	if obs == nil {
		obs = actions.Discard
	}
	l := &line{observer: obs}
	ends, err := s.connect(streams)
	if err != nil {
		return Result{ExitCode: 1}, err
	}
	defer ends.close()

	ctx, cancel := context.WithCancel(withLine(ctx, l))
	defer cancel()
	if err := s.vars.pull(ctx, s.runner); err != nil {
		return Result{ExitCode: actions.ExitCode(err)}, err
	}
	s.quietly(ctx, fmt.Sprintf("(exit %d)", s.last))
	if err := interp.StdIO(ends.in, ends.out, ends.err)(s.runner); err != nil {
		return Result{ExitCode: 1}, fmt.Errorf("connect the line's streams: %w", err)
	}
	code, err := s.execute(ctx, statements)
	s.vars.push(s.runner, sourceOf(statements))

	result := l.result()
	result.ExitCode = code
	return result, err
}

// execute runs statements one by one, as an interactive shell does: a trap on EXIT then waits for exit, and exit ends the
// line and not the shell.
func (s *Shell) execute(ctx context.Context, statements []*syntax.Stmt) (int, error) {
	code, err := 0, error(nil)
	for _, statement := range statements {
		code, err = s.step(ctx, statement)
		if err != nil || s.runner.Exited() {
			break
		}
	}
	// Jobs of a cancelled line end by themselves, and must have ended when Run returns.
	s.quietly(context.WithoutCancel(ctx), "wait")
	s.last = code
	return code, err
}

// step runs one statement. Its error is ctx's, or an internal one: every other end is an exit code.
func (s *Shell) step(ctx context.Context, statement *syntax.Stmt) (code int, err error) {
	defer func() {
		// The interpreter panics on constructs that it parses and does not run.
		if p := recover(); p != nil {
			code, err = 1, defect(p)
		}
	}()
	return exitOf(ctx, s.runner.Run(ctx, statement))
}

// exitOf tells apart what a run ended with.
func exitOf(ctx context.Context, err error) (int, error) {
	var status interp.ExitStatus
	switch {
	case ctx.Err() != nil:
		return actions.ExitCode(ctx.Err()), ctx.Err()
	case err == nil:
		return 0, nil
	case errors.As(err, &status):
		return int(status), nil
	}
	return 1, &actions.Error{Code: actions.CodeInternal, What: "the line could not be run", Err: err}
}

// quietly runs a command that the person did not type: it neither prints, nor is seen by traps on ERR and errexit, which
// watch statements only.
func (s *Shell) quietly(ctx context.Context, text string) {
	statements, err := parse(text)
	if err != nil {
		return
	}
	_ = interp.StdIO(nil, nil, nil)(s.runner)
	_ = s.runner.Run(ctx, statements[0].Cmd)
}

func parse(text string) ([]*syntax.Stmt, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, notShell(err)
	}
	piped := false
	syntax.Walk(file, func(node syntax.Node) bool {
		_, substitution := node.(*syntax.ProcSubst)
		piped = piped || substitution
		return !piped
	})
	if piped {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: "process substitution is not built in",
			Why:  "it makes named pipes outside the lesson's directory",
			Next: "use a pipe, or a file in between",
		}
	}
	unescape(file)
	return file.Stmts, nil
}

func notShell(err error) error {
	return &actions.Error{
		Code: actions.CodeUsage,
		What: "the line is not shell syntax",
		Why:  strings.TrimSpace(err.Error()),
		Next: "look for an open quote, bracket or here-document",
		Err:  err,
	}
}

func defect(p any) error {
	return &actions.Error{
		Code: actions.CodeInternal,
		What: "the workshop shell failed",
		Why:  fmt.Sprint(p),
		Next: "this is a defect of sigwalk; please report the line",
	}
}
