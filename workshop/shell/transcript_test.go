package shell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// The files in testdata are transcripts. After "$ LINE" (which "> " continues) stands what the line prints to standard
// output, then after "! " what it prints to standard error, then "[N]" when its exit code is N and not 0. The files behind
// the transcript, in txtar form, lie in the lesson's directory; $DIR is that directory.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { transcript(t, file) })
	}
}

func transcript(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, shell.Options{})
	for _, f := range archive.Files {
		b.write(t, f.Name, f.Data)
	}
	for i, step := range steps(string(archive.Comment)) {
		got := b.say(t, step.line)
		if got != step.want {
			t.Errorf("step %d: $ %s\n--- got\n%s--- want\n%s", i+1, step.line, got, step.want)
		}
	}
}

type step struct{ line, want string }

func steps(text string) []step {
	var list []step
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "$ "):
			list = append(list, step{line: strings.TrimSuffix(line[2:], "\n")})
		case strings.HasPrefix(line, "> ") && len(list) > 0:
			list[len(list)-1].line += "\n" + strings.TrimSuffix(line[2:], "\n")
		case len(list) > 0 && line != "\n":
			list[len(list)-1].want += line
		}
	}
	return list
}

// bench is a shell in a directory of its own.
type bench struct {
	dir   string
	env   *environment.Environment
	shell *shell.Shell
}

// newBench starts a shell; Dir, Environment and Homes of opts are filled in.
func newBench(t *testing.T, opts shell.Options, vars ...environment.Variable) *bench {
	t.Helper()
	b := &bench{dir: filepath.Join(t.TempDir(), "lesson"), env: environment.New(vars...)}
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	opts.Dir, opts.Environment = b.dir, b.env
	if opts.Homes == (actions.Homes{}) {
		opts.Homes = actions.HomesBelow(t.TempDir())
	}
	var err error
	if b.shell, err = shell.New(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.shell.Close() })
	return b
}

func (b *bench) write(t *testing.T, name string, data []byte) {
	t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs line with nobody watching.
func (b *bench) run(t *testing.T, line string) (stdout, stderr string, result shell.Result) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return b.runWith(ctx, t, line, nil, nil)
}

func (b *bench) runWith(ctx context.Context, t *testing.T, line string, stdin *strings.Reader, obs actions.Observer) (stdout, stderr string, result shell.Result) {
	t.Helper()
	var out, errs bytes.Buffer
	streams := shell.Streams{Out: &out, Err: &errs}
	if stdin != nil {
		streams.In = stdin
	}
	result, err := b.shell.Run(ctx, line, streams, obs)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(&errs, "%v\n", err)
	}
	return out.String(), errs.String(), result
}

// say runs line and writes what happened as transcripts have it.
func (b *bench) say(t *testing.T, line string) string {
	stdout, stderr, result := b.run(t, line)
	var s strings.Builder
	write := func(prefix, text string) {
		for l := range strings.Lines(text) {
			l = strings.ReplaceAll(l, b.dir, "$DIR")
			if !strings.HasSuffix(l, "\n") {
				l += "%\n"
			}
			if l != "\n" || prefix != "" {
				s.WriteString(prefix + l)
			}
		}
	}
	write("", stdout)
	write("! ", stderr)
	if result.ExitCode != 0 {
		fmt.Fprintf(&s, "[%d]\n", result.ExitCode)
	}
	return s.String()
}

func TestBuiltinsAreSortedAndNamed(t *testing.T) {
	names := shell.Builtins()
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %q", names)
	}
	for _, want := range []string{"cosign", "skopeo", "crane", "jq", "column", "curl", "help", "cat"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing", want)
		}
	}
}
