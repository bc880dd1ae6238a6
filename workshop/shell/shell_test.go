package shell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

func exported(name, value string) environment.Variable {
	return environment.Variable{Name: name, Value: value, Source: "test", Exported: true}
}

func TestEnvironmentGoesBothWays(t *testing.T) {
	b := newBench(t, shell.Options{}, exported("A", "it's \"1\" $x"), environment.Variable{Name: "PLAIN", Value: "p", Source: "test"})
	b.want(t, `echo "$A $PLAIN"; sh -c 'echo "$A ${PLAIN-none}"'`, 0, `^it's "1" \$x p\nit's "1" \$x none\n$`, `^$`)

	b.env.Set(exported("A", "outside"))
	b.env.Set(exported("NEW", "n"))
	b.env.Unset("PLAIN")
	b.want(t, `echo "$A $NEW ${PLAIN-gone}"`, 0, `^outside n gone\n$`, `^$`)

	b.want(t, `export A=inside; LOCAL=l; unset NEW; MY_TOKEN=t`, 0, `^$`, `^$`)
	if v, _ := b.env.Get("A"); v.Value != "inside" || v.Source != environment.FromLine || !v.Exported {
		t.Errorf("A is %+v", v)
	}
	if v, _ := b.env.Get("LOCAL"); v.Value != "l" || v.Exported {
		t.Errorf("LOCAL is %+v", v)
	}
	if v, _ := b.env.Get("MY_TOKEN"); !v.Secret {
		t.Errorf("MY_TOKEN is %+v", v)
	}
	if v, ok := b.env.Get("NEW"); ok {
		t.Errorf("NEW was unset and is %+v", v)
	}
	for _, name := range []string{"PWD", "HOME", "PATH", "IFS", "UID", "TMPDIR", "OPTIND"} {
		if v, ok := b.env.Get(name); ok {
			t.Errorf("the shell's own %s is in the environment as %+v", name, v)
		}
	}
	// What is no longer exported outside is not seen by programs.
	b.env.Set(environment.Variable{Name: "A", Value: "inside", Source: "test"})
	b.want(t, `echo $A; sh -c 'echo "${A-none}"'`, 0, `^inside\nnone\n$`, `^$`)
	// The source of a value that nobody changed stays.
	b.env.Set(exported("KEPT", "k"))
	b.want(t, `KEPT=k; true`, 0, `^$`, `^$`)
	if v, _ := b.env.Get("KEPT"); v.Source != "test" {
		t.Errorf("KEPT is %+v", v)
	}
	// $? survives what happens between lines.
	b.want(t, `(exit 9)`, 9, ``, ``)
	b.env.Set(exported("A", "again"))
	b.want(t, `echo $?`, 0, `^9\n$`, ``)
}

// A variable that changes outside while a line runs keeps that value, unless the line set it too.
func TestChangeOutsideWhileALineRuns(t *testing.T) {
	b := newBench(t, shell.Options{}, exported("A", "1"), exported("B", "1"))
	in, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := b.shell.Run(t.Context(), "read line; B=2", shell.Streams{In: in}, nil)
		done <- err
	}()
	_, _ = io.WriteString(w, "x")
	b.env.Set(exported("A", "outside"))
	b.env.Set(exported("B", "outside"))
	_, _ = io.WriteString(w, "\n")
	_ = w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.want(t, "echo $A $B", 0, "^outside 2\n$", "")
}

func TestCancelStopsAtOnce(t *testing.T) {
	for _, line := range []string{
		"sleep 60", "sleep 60 | cat", "cat | sleep 60 | cat", "while true; do :; done", "while true; do echo x; done | cat >/dev/null",
		"read x", "cat", "jq .", "sh -c 'sleep 60'", "sleep 60 & wait", "sleep 60 &", "echo $(sleep 60)", "grep x", "sort", "f() { sleep 60; }; f",
	} {
		t.Run(line, func(t *testing.T) {
			b := newBench(t, shell.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			in, w := io.Pipe() // never written to
			defer func() { _ = w.Close() }()
			started := make(chan struct{})
			type end struct {
				result shell.Result
				err    error
			}
			ended := make(chan end, 1)
			go func() {
				close(started)
				result, err := b.shell.Run(ctx, "echo go; "+line, shell.Streams{In: in, Out: firstWrite(func() { cancel() })}, nil)
				ended <- end{result, err}
			}()
			<-started
			select {
			case e := <-ended:
				if !errors.Is(e.err, context.Canceled) || e.result.ExitCode != 130 {
					t.Errorf("ended with code %d, %v", e.result.ExitCode, e.err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("still running 10 s after cancel:\n%s", stacks())
			}
			b.want(t, "echo still usable", 0, "^still usable\n$", "^$")
		})
	}
}

// firstWrite calls its function at the first write.
func firstWrite(f func()) io.Writer {
	var once sync.Once
	return writerFunc(func(p []byte) (int, error) {
		once.Do(f)
		return len(p), nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func TestCancelledBeforehand(t *testing.T) {
	b := newBench(t, shell.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if result, err := b.shell.Run(ctx, "echo never", shell.Streams{}, nil); !errors.Is(err, context.Canceled) || result.ExitCode != 130 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestSecondLineWaits(t *testing.T) {
	b := newBench(t, shell.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.shell.Run(t.Context(), "N=$((N+1)); export N", shell.Streams{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b.want(t, "echo $N", 0, "^8\n$", "")
}

func TestInput(t *testing.T) {
	b := newBench(t, shell.Options{})
	stdout, stderr, _ := b.runWith(t.Context(), t, "read a; echo got $a; cat", strings.NewReader("one\ntwo\nthree\n"), nil)
	if stdout != "got one\ntwo\nthree\n" || stderr != "" {
		t.Errorf("%q, %q", stdout, stderr)
	}
	// A line that does not read its input does not hang on it.
	stdout, _, _ = b.runWith(t.Context(), t, "echo done", strings.NewReader(strings.Repeat("x", 1<<20)), nil)
	if stdout != "done\n" {
		t.Errorf("%q", stdout)
	}
	if _, err := b.shell.Run(t.Context(), "cat; read x; echo $x", shell.Streams{}, nil); err != nil {
		t.Error(err)
	}
}

func TestReaderThatLeavesEndsTheWriter(t *testing.T) {
	b := newBench(t, shell.Options{})
	b.want(t, "set -o pipefail; seq 1000000000 | head -1", 141, "^1\n$", "^$")
}

func TestNothingLeaks(t *testing.T) {
	b := newBench(t, shell.Options{})
	ignore := goleak.IgnoreCurrent()
	for _, line := range []string{
		"echo a | cat | tail -1", "cat <<< here", "sleep 0.01 & echo x", "seq 100000 | head -1", "cat missing", "( exit 1 )",
		"curl -s http://127.0.0.1:1/", "cosign tree 127.0.0.1:1/x", "crane ls 127.0.0.1:1/x", "cosign initialize --mirror http://127.0.0.1:1",
	} {
		b.run(t, line)
		if err := goleak.Find(ignore); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestAliases(t *testing.T) {
	b := newBench(t, shell.Options{Aliases: map[string]string{workspace: "scripts"}})
	b.write(t, "scripts/hello.sh", []byte("echo hello from $PWD\n"))
	b.write(t, "scripts/data/x.txt", []byte("x\n"))
	b.want(t, workspace+"/hello.sh", 0, "^hello from "+regexp.QuoteMeta(b.dir)+"\n$", "^$")
	b.want(t, "source "+workspace+"/hello.sh", 0, "^hello from /", "")
	b.want(t, "cd "+workspace+"; source ./hello.sh; cat data/x.txt; ls; echo *.sh", 0, "^hello from "+workspace+"\nx\ndata\nhello.sh\nhello.sh\n$", "^$")
	b.want(t, "echo y > data/y.txt; cat "+workspace+"/data/y.txt", 0, "^y\n$", "^$")
	b.want(t, "cd data; cat ../hello.sh >/dev/null; cd ..; pwd", 0, "^"+workspace+"\n$", "^$")
	b.want(t, "cat ../up", 1, "^$", "outside the lesson's directory")
	b.want(t, "cd ../..; pwd", 0, "^"+workspace+"\n$", "outside the lesson's directory")
	b.want(t, "cat "+workspace+"-not/x", 1, "^$", "outside the lesson's directory")
	if _, err := shell.New(shell.Options{Dir: t.TempDir(), Aliases: map[string]string{"/w": "../out"}}); err == nil {
		t.Error("an alias that leads out is taken")
	}
}

func TestSymbolicLinksDoNotLeadOut(t *testing.T) {
	b := newBench(t, shell.Options{})
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"dir": outside, "file": filepath.Join(outside, "secret"), "up": "..", "fine": "inside",
	} {
		if err := os.Symlink(target, filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b.write(t, "inside", []byte("inside\n"))
	for _, line := range []string{
		"cat file", "cat dir/secret", "cat < file", "echo x > file", "echo x > dir/new", "source dir/secret", "cp dir/secret .", "ls dir/",
		"jq . file", "rm dir/secret", "mkdir dir/sub", "cosign verify --key file --insecure-ignore-tlog 127.0.0.1:1/x", "dir/secret", "ls up/", "cd dir",
	} {
		stdout, stderr, result := b.run(t, line)
		if result.ExitCode == 0 || strings.Contains(stdout+stderr, "secret\n") && strings.HasPrefix(stdout, "secret") {
			t.Errorf("$ %s\nends with %d:\n%s%s", line, result.ExitCode, stdout, stderr)
		}
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 1 {
		t.Errorf("something was written outside: %v", entries)
	}
	b.want(t, "cat fine", 0, "^inside\n$", "^$")
	b.want(t, "cat file", 1, "^$", "outside the lesson's directory")
	// Removing a link removes the link.
	b.want(t, "rm -r dir; rm file; ls", 0, "^fine\ninside\nup\n$", "^$")
	if _, err := os.Stat(filepath.Join(outside, "secret")); err != nil {
		t.Error(err)
	}
}

func TestHostPrograms(t *testing.T) {
	b := newBench(t, shell.Options{AllowHost: true, Aliases: map[string]string{"/w": "scripts"}}, exported("A", "from the lesson"))
	b.write(t, "scripts/x", nil)
	b.want(t, "uname", 0, `\S`, "^$")
	b.want(t, "cd /w && /bin/pwd; cd", 0, "/lesson/scripts\n$", "^$")
	b.want(t, `env -u X sh -c 'true' 2>/dev/null; /bin/sh -c 'echo $A; exit 5'`, 5, "^from the lesson\n$", "^$")
	b.want(t, "no-such-program-here", 127, "^$", "command not found")
	b.want(t, "echo piped | /bin/cat", 0, "^piped\n$", "^$")
	// Built-ins win, and files stay where they are.
	b.want(t, "cat /etc/passwd", 1, "^$", "outside the lesson's directory")
	if v, ok := b.env.Get("PATH"); ok {
		t.Errorf("the host's PATH became the lesson's: %+v", v)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.shell.Run(ctx, "echo go; /bin/sleep 60 | /bin/cat", shell.Streams{Out: firstWrite(cancel)}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled host program ends with %v", err)
	}
}

func TestRefusedProgramIsTheLinesError(t *testing.T) {
	b := newBench(t, shell.Options{})
	_, _, result := b.run(t, "kubectl get pods")
	if actions.CodeOf(result.Err) != actions.CodeHostProgram || result.ExitCode != 127 {
		t.Errorf("%d, %v", result.ExitCode, result.Err)
	}
	_, _, result = b.run(t, "cat ../x")
	if actions.CodeOf(result.Err) != actions.CodeOutsideLesson {
		t.Errorf("%v", result.Err)
	}
	_, _, result = b.run(t, "echo x > ../x")
	if actions.CodeOf(result.Err) != actions.CodeOutsideLesson {
		t.Errorf("%v", result.Err)
	}
	_, _, result = b.run(t, "echo fine")
	if result.Err != nil {
		t.Errorf("the error of an earlier line is still there: %v", result.Err)
	}
	if _, _, result = b.run(t, "if"); actions.CodeOf(result.Err) != actions.CodeUsage || result.ExitCode != 2 {
		t.Errorf("%d, %v", result.ExitCode, result.Err)
	}
}

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"

func TestTokensAreNotPrinted(t *testing.T) {
	lines := []string{
		"echo $SIGSTORE_ID_TOKEN", "echo token: $SIGSTORE_ID_TOKEN.", "echo $SIGSTORE_ID_TOKEN >&2", "env", "printenv SIGSTORE_ID_TOKEN", "export -p", "set",
		"X=" + jwt + "; echo $X", `printf '%s' "$SIGSTORE_ID_TOKEN"`, "cat token.txt", "echo '{\"t\":\"" + jwt + "\"}' | jq .t", "echo $QUAY_TOKEN", "jq -n 'env'",
		"for c in a; do printf '%s' ${SIGSTORE_ID_TOKEN%sig*}; printf 'sig%s' ${SIGSTORE_ID_TOKEN##*sig}; done", "sh -c 'echo $SIGSTORE_ID_TOKEN'", "set -x; : $SIGSTORE_ID_TOKEN; set +x",
	}
	b := newBench(t, shell.Options{}, exported("SIGSTORE_ID_TOKEN", jwt), exported("QUAY_TOKEN", "abcdefghijklmnopqrstuvwxyz"))
	b.write(t, "token.txt", []byte(strings.Repeat("padding ", 5000)+jwt+"\n"))
	for _, line := range lines {
		stdout, stderr, _ := b.run(t, line)
		for _, secret := range []string{jwt, "eyJzdWIi", "abcdefghijklmnopqrstuvwxyz"} {
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("$ %s\nprints %s:\n%.300s%.300s", line, secret, stdout, stderr)
			}
		}
	}
	// Inside a line a token is what it is, and looking into one is a lesson.
	b.want(t, `echo $SIGSTORE_ID_TOKEN | cut -d. -f2 | base64 -d 2>/dev/null | jq -r .sub`, 0, "^maria\n$", "^$")
	b.want(t, `echo ${#SIGSTORE_ID_TOKEN}`, 0, fmt.Sprintf("^%d\n$", len(jwt)), "^$")
	// Nothing else is lost, and nothing held back.
	b.want(t, "printf 'eyJ'; printf 'the end e'", 0, "^eyJthe end e$", "^$")

	open := newBench(t, shell.Options{RevealSecrets: true}, exported("SIGSTORE_ID_TOKEN", jwt))
	open.want(t, "echo $SIGSTORE_ID_TOKEN", 0, "^"+jwt+"\n$", "^$")
}

// Whatever the sizes of the writes, all but tokens comes through byte for byte.
func TestHidingLosesNothing(t *testing.T) {
	b := newBench(t, shell.Options{})
	text := bytes.Repeat([]byte("eyJ e ey eyJhbGciOiJSUzI1NiJ9.eyJ\n"), 4000)
	b.write(t, "text", text)
	stdout, _, _ := b.run(t, "cat text")
	if stdout != string(text) {
		t.Errorf("%d bytes came out of %d", len(stdout), len(text))
	}
}

func TestHelp(t *testing.T) {
	b := newBench(t, shell.Options{},
		environment.Variable{Name: "COSIGN_FULCIO_URL", Value: "http://fulcio", Source: "sandbox", Exported: true},
		environment.Variable{Name: "REKOR_REKOR_SERVER", Value: "http://rekor", Source: "environment", Exported: true})
	b.want(t, "help", 0, `(?s)Fulcio \(certificates\) +COSIGN_FULCIO_URL +http://fulcio  from sandbox\n.*REKOR_REKOR_SERVER +http://rekor  from environment\n.*COSIGN_MIRROR +\(not set\)\n.*\nBuilt in\n.*  cosign +\S.*  jq +\S`, "^$")
	b.want(t, "export COSIGN_FULCIO_URL=http://mine; help", 0, `COSIGN_FULCIO_URL +http://mine  from line\n`, "^$")
	b.want(t, "COSIGN_MIRROR=http://once help | grep MIRROR", 0, `http://once  from line\n`, "^$")
}

func TestNewFails(t *testing.T) {
	if _, err := shell.New(shell.Options{Dir: filepath.Join(t.TempDir(), "missing")}); actions.CodeOf(err) != actions.CodeStateUnreadable {
		t.Errorf("a missing directory gives %v", err)
	}
}
