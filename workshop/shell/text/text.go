// Package text is the small tools that lines of a lesson are made of: cat, ls, grep and their like, with the flags that
// lessons use. They see files through confine.Files only; a library of such tools that does the same is not to be had,
// since those that exist (mvdan.cc/sh/moreinterp/coreutils, u-root) open files of the operating system themselves and
// would walk around the lesson's directory.
package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// tool is a command that is one function.
type tool struct {
	name, summary string
	run           func(ctx context.Context, call *builtin.Call) error
}

func (t tool) Name() string                                      { return t.name }
func (t tool) Summary() string                                   { return t.summary }
func (t tool) Run(ctx context.Context, call *builtin.Call) error { return t.run(ctx, call) }

// flags is a flag set for one call.
type flags struct {
	*pflag.FlagSet
	call *builtin.Call
}

// newFlags returns a flag set for call. Flags and other words may be mixed, and short flags combined.
func newFlags(call *builtin.Call) *flags {
	set := pflag.NewFlagSet(call.Name, pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	return &flags{set, call}
}

// parse reads the flags and returns the other words. A flag that is not built in says so.
func (f *flags) parse() ([]string, error) {
	err := f.Parse(f.call.Args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		_, _ = fmt.Fprintf(f.call.Stdout, "%s: the flags that are built in\n%s", f.call.Name, f.FlagUsages())
		return nil, builtin.Exit(1)
	case err != nil:
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: err.Error(),
			Next: fmt.Sprintf("only the flags that lessons use are built in; the real %s has more", f.call.Name),
		}
	}
	return f.Args(), nil
}

// notBuilt says that a way of using a command is not there, and that the real one has it.
func notBuilt(call *builtin.Call, what string) error {
	return &actions.Error{
		Code: actions.CodeUsage,
		What: what + " is not built in",
		Next: fmt.Sprintf("run the real %s in a terminal of your own, or by its whole path in a sigwalk that was started with --allow-host", call.Name),
	}
}

// eachInput hands every named file to use, or standard input when none is named; "-" is standard input too. A file that
// cannot be read is reported, and the others are used all the same.
func eachInput(call *builtin.Call, files []string, use func(io.Reader) error) error {
	return eachNamed(call, files, func(_ string, r io.Reader) error { return use(r) })
}

func eachNamed(call *builtin.Call, files []string, use func(name string, r io.Reader) error) error {
	if len(files) == 0 {
		return use("", call.Stdin)
	}
	failed := false
	for _, name := range files {
		if name == "-" {
			if err := use(name, call.Stdin); err != nil {
				return err
			}
			continue
		}
		file, err := call.Files.Open(call.Dir, name)
		if err == nil {
			err = use(name, file)
			_ = file.Close()
		}
		var perr *fs.PathError
		switch {
		case errors.As(err, &perr):
			say(call, err)
			failed = true
		case err != nil:
			return err
		}
	}
	if failed {
		return builtin.Exit(1)
	}
	return nil
}

// say prints why one of several files could not be used.
func say(call *builtin.Call, err error) {
	if actions.CodeOf(err) != "" {
		call.Failed(err)
		_, _ = io.WriteString(call.Stderr, builtin.Describe(call.Name+": ", err))
		return
	}
	var perr *fs.PathError
	if errors.As(err, &perr) {
		_, _ = fmt.Fprintf(call.Stderr, "%s: %s: %v\n", call.Name, perr.Path, perr.Err)
		return
	}
	_, _ = fmt.Fprintf(call.Stderr, "%s: %v\n", call.Name, err)
}

// each applies work to every name, reports those that fail and goes on.
func each(call *builtin.Call, names []string, work func(name string) error) error {
	failed := false
	for _, name := range names {
		if err := work(name); err != nil {
			say(call, err)
			failed = true
		}
	}
	if failed {
		return builtin.Exit(1)
	}
	return nil
}

// splitLines cuts data into lines without their ends.
func splitLines(data []byte) []string {
	if len(data) == 0 {
		return nil
	}
	var lines []string
	for _, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		lines = append(lines, string(line))
	}
	return lines
}
