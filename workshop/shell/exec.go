package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// Names that no person types: the interpreter has built-ins called help, command and type of its own, and call sends
// theirs here.
const (
	helpName  = "workshop help"
	whichName = "workshop which"
)

// exec runs a command that is neither a function nor one of the interpreter's own: a built-in, a script of the lesson, or
// a program of the host where that is allowed.
func (s *Shell) exec(ctx context.Context, args []string) error {
	hc := interp.HandlerCtx(ctx)
	name := args[0]
	b, found := s.commands[name]
	var run func(context.Context, *builtin.Call) error
	switch {
	case found:
		run = b.Run
	case name == helpName:
		run = s.help
	case name == whichName:
		run = s.which
	case name == "sh" || name == "bash":
		run = s.shell
	case strings.Contains(name, "/"):
		run = s.script
	default:
		run = s.host
	}
	return s.status(ctx, hc, args, run)
}

// knows reports whether name runs without the host.
func (s *Shell) knows(name string) bool {
	_, found := s.commands[name]
	return found || name == "sh" || name == "bash"
}

// status runs run and turns how it ended into what the interpreter understands.
func (s *Shell) status(ctx context.Context, hc interp.HandlerContext, args []string, run func(context.Context, *builtin.Call) error) error {
	l := lineOf(ctx)
	callCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := newInput(callCtx, hc.Stdin)
	defer in.release()
	call := &builtin.Call{
		Name: args[0], Args: args[1:],
		Dir:         hc.Dir,
		Stdin:       in,
		Piped:       piped(hc.Stdin),
		Stdout:      &output{hc.Stdout, cancel},
		Stderr:      hc.Stderr,
		Environment: s.exported(hc.Env),
		Files:       s.files,
		Homes:       s.opts.Homes,
		Base:        s.opts.Base,
		Clock:       s.opts.Clock,
		Observer:    l.observer,
		OpenBrowser: s.opts.OpenBrowser,
		AllowHost:   s.opts.AllowHost,
		Machine:     s.opts.Machine,
		Keep:        l.keep,
		Failed:      l.failed,
	}
	err := safely(callCtx, call, run)
	var exit builtin.Exit
	var status interp.ExitStatus
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(context.Cause(callCtx), errBrokenPipe):
		return interp.ExitStatus(128 + 13) // as a program that SIGPIPE ended
	case err == nil:
		return nil
	case errors.As(err, &status):
		return status
	case errors.As(err, &exit):
		return interp.ExitStatus(exit)
	}
	l.failed(err)
	_, _ = io.WriteString(hc.Stderr, builtin.Describe(args[0]+": ", err))
	return interp.ExitStatus(builtin.Code(err))
}

// safely runs run and makes an error of a panic, so that a defect in one command ends that command and not the program.
func safely(ctx context.Context, call *builtin.Call, run func(context.Context, *builtin.Call) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &actions.Error{
				Code: actions.CodeInternal,
				What: call.Name + " failed",
				Why:  fmt.Sprint(p),
				Next: "this is a defect of sigwalk; please report the line",
			}
		}
	}()
	return run(ctx, call)
}

// exported copies the variables that a program would see, each with the source that the lesson's environment knows.
func (s *Shell) exported(env expand.Environ) *environment.Environment {
	// A later variable of the same name wins, and one that is not set or not exported hides an earlier one.
	visible := environment.New()
	for name, vr := range env.Each {
		if !vr.IsSet() || !vr.Exported || vr.Kind != expand.String {
			visible.Unset(name)
			continue
		}
		v, ok := s.opts.Environment.Get(name)
		if !ok || v.Value != vr.Str {
			v = environment.Variable{Name: name, Value: vr.Str, Source: environment.FromLine, Secret: v.Secret}
		}
		v.Exported = true
		visible.Set(v)
	}
	return visible
}
