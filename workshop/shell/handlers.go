package shell

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"mvdan.cc/sh/v3/interp"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

// open serves redirections and source. Its errors are *os.PathError, which the interpreter prints and goes on from.
func (s *Shell) open(ctx context.Context, path string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
	hc := interp.HandlerCtx(ctx)
	switch path {
	case "/dev/stdin", "/dev/fd/0":
		return stream{Reader: hc.Stdin}, nil
	case "/dev/stdout", "/dev/fd/1":
		return stream{Writer: hc.Stdout}, nil
	case "/dev/stderr", "/dev/fd/2":
		return stream{Writer: hc.Stderr}, nil
	}
	file, err := s.files.OpenFile(hc.Dir, path, flag, perm)
	if err != nil {
		return nil, printable(ctx, err, path)
	}
	return file, nil
}

// printable gives err the type that the interpreter prints, and its explanation lines of their own.
func printable(ctx context.Context, err error, path string) error {
	perr := &os.PathError{Op: "open", Path: path, Err: err}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		perr.Err = inner.Err
	}
	var explained *actions.Error
	if errors.As(err, &explained) {
		lineOf(ctx).failed(err)
		perr.Err = errors.New(strings.TrimSpace(builtin.Describe("", explained)))
	}
	return perr
}

func (s *Shell) readDir(ctx context.Context, path string) ([]fs.DirEntry, error) {
	return s.files.ReadDir(interp.HandlerCtx(ctx).Dir, path)
}

func (s *Shell) stat(ctx context.Context, path string, follow bool) (fs.FileInfo, error) {
	dir := interp.HandlerCtx(ctx).Dir
	if follow {
		return s.files.Stat(dir, path)
	}
	return s.files.Lstat(dir, path)
}

// access goes by the permission bits of the owner, which is who runs the workshop.
func (s *Shell) access(ctx context.Context, path string, mode interp.AccessMode) error {
	info, err := s.files.Stat(interp.HandlerCtx(ctx).Dir, path)
	if err != nil {
		return err
	}
	want := fs.FileMode(mode) << 6
	if info.Mode().Perm()&want != want {
		return &fs.PathError{Op: "access", Path: path, Err: fs.ErrPermission}
	}
	return nil
}

// call sees every simple command with its arguments expanded, before functions and the interpreter's own built-ins, and
// turns away those whose built-in knows nothing of the workshop.
func (s *Shell) call(ctx context.Context, args []string) ([]string, error) {
	hc := interp.HandlerCtx(ctx)
	switch name, rest := args[0], args[1:]; {
	case name == "help":
		return append([]string{helpName}, rest...), nil
	case (name == "source" || name == ".") && len(rest) > 0 && !strings.Contains(rest[0], "/"):
		// A name without a slash is looked for in PATH first; the lesson means the file beside it.
		if _, err := s.files.Stat(hc.Dir, rest[0]); err == nil {
			args[1] = "./" + rest[0]
		}
	case name == "cd" && len(rest) == 0:
		return []string{"cd", s.files.Dir()}, nil
	case name == "cd" && len(rest) == 1 && rest[0] != "-":
		if _, err := s.files.Resolve(hc.Dir, rest[0]); confine.Outside(err) {
			s.complain(ctx, hc, "cd", err)
			return []string{"false"}, nil
		}
	case (name == "command" && len(rest) > 1 && rest[0] == "-v") || (name == "type" && len(rest) > 0):
		if s.knows(rest[len(rest)-1]) {
			return append([]string{whichName, name}, rest...), nil
		}
	}
	return args, nil
}

// complain prints err as the command name does, and remembers it.
func (s *Shell) complain(ctx context.Context, hc interp.HandlerContext, name string, err error) {
	lineOf(ctx).failed(err)
	_, _ = io.WriteString(hc.Stderr, builtin.Describe(name+": ", err))
}

// stream is one of the line's own streams, opened by its name below /dev. Closing it closes nothing.
type stream struct {
	io.Reader
	io.Writer
}

func (s stream) Read(p []byte) (int, error) {
	if s.Reader == nil {
		return 0, io.EOF
	}
	return s.Reader.Read(p)
}

func (s stream) Write(p []byte) (int, error) {
	if s.Writer == nil {
		return 0, fs.ErrPermission
	}
	return s.Writer.Write(p)
}

func (stream) Close() error { return nil }
