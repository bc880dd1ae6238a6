package shell

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// killAfter is how long a host program has to end after it was interrupted.
const killAfter = 2 * time.Second

// host runs a program of the machine, where the person allowed that. It starts in the directory that an alias stands for,
// which the interpreter's own handler could not do.
func (s *Shell) host(ctx context.Context, call *builtin.Call) error {
	if !s.opts.AllowHost {
		return s.noProgram(call)
	}
	dir, err := s.files.Host(call.Dir, ".")
	if err != nil {
		return err
	}
	var vars []string
	for _, v := range call.Environment.List() {
		if v.Name != "TMPDIR" || v.Value != nowhere {
			vars = append(vars, v.Name+"="+v.Value)
		}
	}
	path, err := interp.LookPathDir(dir, expand.ListEnviron(vars...), call.Name)
	if err != nil {
		_, _ = io.WriteString(call.Stderr, call.Name+": command not found\n")
		return builtin.Exit(127)
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Args = append([]string{call.Name}, call.Args...)
	cmd.Env, cmd.Dir = vars, dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = plain(call.Stdin), plainWriter(call.Stdout), plainWriter(call.Stderr)
	if runtime.GOOS != "windows" {
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	}
	cmd.WaitDelay = killAfter
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return builtin.Exit(exit.ExitCode())
	case errors.As(err, &exit):
		return builtin.Exit(128 + 9) // ended by a signal
	}
	_, _ = io.WriteString(call.Stderr, call.Name+": "+err.Error()+"\n")
	return builtin.Exit(126)
}

// plain returns the file below a built-in's input, so that a program reads it itself and takes no more than it wants.
func plain(r io.Reader) io.Reader {
	in, ok := r.(*input)
	switch {
	case !ok:
		return r
	case in.file != nil:
		return in.file
	case in.slow != nil:
		return in.slow
	}
	return nil
}
