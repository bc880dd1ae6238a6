package shell

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// subcommands are those of the built-in commands that cannot say themselves what they take.
var subcommands = map[string][]string{
	"crane":  {"copy", "digest", "manifest", "ls"},
	"skopeo": {"copy"},
}

// Complete returns what the last word of text can become, sorted, and where that word begins in text: the commands that are
// built in, their sub-commands and flags, $VARIABLES, the images that variables name, and the files of the lesson's directory. It asks
// no network.
func (s *Shell) Complete(ctx context.Context, text string) (candidates []string, from int) {
	from = strings.LastIndexAny(text, " \t\n|;&(<>=\"'") + 1
	word := text[from:]
	if at := strings.LastIndexByte(word, '$'); at >= 0 && !strings.Contains(word[at:], "/") {
		return s.completeVariable(word[at:]), from + at
	}
	call := strings.Fields(text[strings.LastIndexAny(text[:from], "\n|;&(")+1 : from])
	for len(call) > 0 && strings.Contains(call[0], "=") { // assignments before the command
		call = call[1:]
	}
	if len(call) == 0 {
		candidates = append(Builtins(), "source", "echo", "cd", "export")
	} else {
		candidates = append(s.completeCall(ctx, call, word), subcommandsOf(call)...)
		if !strings.HasPrefix(word, "-") {
			candidates = append(candidates, s.images()...)
			candidates = append(candidates, s.completeFile(word)...)
		}
	}
	candidates = slices.DeleteFunc(candidates, func(c string) bool { return !strings.HasPrefix(c, word) || c == word })
	slices.Sort(candidates)
	return slices.Compact(candidates), from
}

func subcommandsOf(call []string) []string {
	if len(call) > 1 {
		return nil
	}
	return subcommands[call[0]]
}

// completeVariable completes $NAME and ${NAME.
func (s *Shell) completeVariable(word string) []string {
	prefix := "$"
	if strings.HasPrefix(word, "${") {
		prefix = "${"
	}
	var found []string
	for _, v := range s.opts.Environment.List() {
		name := prefix + v.Name
		if strings.HasPrefix(name, word) && name != word {
			found = append(found, name)
		}
	}
	return found
}

// images are what the lesson's variables name, to be written out.
func (s *Shell) images() []string {
	var found []string
	for _, name := range []string{"IMAGE", "SOURCE_IMAGE"} {
		if v, ok := s.opts.Environment.Get(name); ok && v.Value != "" {
			found = append(found, v.Value, "$"+name)
		}
	}
	return found
}

func (s *Shell) completeFile(word string) []string {
	dir, prefix := ".", ""
	if at := strings.LastIndexByte(word, '/'); at >= 0 {
		dir, prefix = word[:at+1], word[:at+1]
	}
	entries, err := s.files.ReadDir(s.files.Dir(), dir)
	if err != nil {
		return nil
	}
	var found []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			found = append(found, prefix+entry.Name())
		}
	}
	return found
}

// completeCall asks a command of cobra's kind, which knows its sub-commands and flags.
func (s *Shell) completeCall(ctx context.Context, call []string, word string) []string {
	command := s.commands[call[0]]
	if command == nil || call[0] != "cosign" && call[0] != "sigwalk" {
		return nil
	}
	var out bytes.Buffer
	err := safely(ctx, &builtin.Call{
		Name: call[0], Args: slices.Concat([]string{"__complete"}, call[1:], []string{word}), Dir: s.files.Dir(),
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard, Environment: environment.New(s.opts.Environment.List()...),
		Files: s.files, Homes: s.opts.Homes, Base: s.opts.Base, Clock: s.opts.Clock, Observer: actions.Discard,
		Keep: func(any) {}, Failed: func(error) {},
	}, command.Run)
	if err != nil {
		return nil
	}
	var found []string
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name != "" && !strings.HasPrefix(name, ":") {
			found = append(found, name)
		}
	}
	return found
}
