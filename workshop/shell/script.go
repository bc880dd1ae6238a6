package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

// script runs a script of the lesson that was named by its path, in a shell of its own that sees exported variables only.
func (s *Shell) script(ctx context.Context, call *builtin.Call) error {
	info, err := s.files.Stat(call.Dir, call.Name)
	switch {
	case confine.Outside(err) && s.opts.AllowHost:
		return s.host(ctx, call)
	case confine.Outside(err):
		return s.noProgram(call)
	case errors.Is(err, fs.ErrNotExist):
		_, _ = fmt.Fprintf(call.Stderr, "%s: no such file or directory\n", call.Name)
		return builtin.Exit(127)
	case err != nil:
		return err
	case info.IsDir():
		_, _ = fmt.Fprintf(call.Stderr, "%s: is a directory\n", call.Name)
		return builtin.Exit(126)
	}
	text, err := s.files.ReadFile(call.Dir, call.Name)
	if err != nil {
		return err
	}
	if !forShell(text) {
		if s.opts.AllowHost {
			return s.host(ctx, call)
		}
		return s.noProgram(call)
	}
	return s.inner(ctx, call, bytes.NewReader(text), call.Name, call.Args)
}

// forShell reports whether text is a script that a POSIX shell or bash runs: one without a first line that names another
// interpreter, and no binary.
func forShell(text []byte) bool {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.IndexByte(first, 0) >= 0 {
		return false
	}
	if !bytes.HasPrefix(first, []byte("#!")) {
		return true
	}
	for _, word := range bytes.Fields(first[2:]) {
		switch base := word[bytes.LastIndexByte(word, '/')+1:]; string(base) {
		case "sh", "bash", "dash", "ash":
			return true
		}
	}
	return false
}

// shell is `sh` and `bash`: a script, a line after -c, or standard input.
func (s *Shell) shell(ctx context.Context, call *builtin.Call) error {
	args := call.Args
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		flag := args[0]
		args = args[1:]
		if strings.HasSuffix(flag, "c") && !strings.HasPrefix(flag, "--") {
			if len(args) == 0 {
				return builtin.Usage("-c wants a command line")
			}
			name, params := call.Name, []string(nil)
			if len(args) > 1 {
				name, params = args[1], args[2:]
			}
			return s.inner(ctx, call, strings.NewReader(args[0]), name, params)
		}
		if flag != "--" {
			return builtin.Usage("option %s is not built in", flag)
		}
	}
	if len(args) == 0 {
		return s.inner(ctx, call, call.Stdin, call.Name, nil)
	}
	text, err := s.files.ReadFile(call.Dir, args[0])
	if err != nil {
		return err
	}
	return s.inner(ctx, call, bytes.NewReader(text), args[0], args[1:])
}

// inner runs a script in a runner of its own, with the same handlers.
func (s *Shell) inner(ctx context.Context, call *builtin.Call, text io.Reader, name string, params []string) error {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(text, name)
	if err != nil {
		return notShell(err)
	}
	unescape(file)
	vars := []string{"TMPDIR=" + nowhere}
	for _, v := range call.Environment.List() {
		if v.Name != "TMPDIR" {
			vars = append(vars, v.Name+"="+v.Value)
		}
	}
	runner, err := s.newRunner(call.Dir, expand.ListEnviron(vars...), params...)
	if err != nil {
		return fmt.Errorf("start a shell for %s: %w", name, err)
	}
	conn := &connection{out: call.Stdout, err: call.Stderr}
	closeInput, err := conn.feed(plain(call.Stdin))
	if err != nil {
		return err
	}
	defer closeInput()
	if err := interp.StdIO(conn.in, conn.out, conn.err)(runner); err != nil {
		return err
	}
	defer func() {
		if statements, err := parse("wait"); err == nil {
			_ = runner.Run(context.WithoutCancel(ctx), statements[0].Cmd)
		}
	}()
	return runner.Run(ctx, file)
}

// noProgram says that the command is no part of the workshop, and how to have it all the same.
func (s *Shell) noProgram(call *builtin.Call) error {
	err := &actions.Error{
		Code: actions.CodeHostProgram,
		What: "not a command of the workshop shell",
		Why:  fmt.Sprintf("%s would be a program of this machine, and lessons run none unless you allow it", call.Name),
		Next: "type help for the commands that are built in, or start sigwalk with --allow-host",
	}
	call.Failed(err)
	_, _ = io.WriteString(call.Stderr, builtin.Describe(call.Name+": ", err))
	return builtin.Exit(127) // as shells do for a command that is not found
}
