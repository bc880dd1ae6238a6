//go:build interop || keycloak || browser || kube

package interop

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bench is a sandbox that runs as a process of its own, as in a person's second terminal, and the shell of the first one.
type bench struct {
	dir  string // --dir of the sandbox
	home string // HOME of everything that runs; it stays empty
	work string // where scripts start
	// flags are those of sandbox up beside --dir.
	flags []string

	owner *exec.Cmd
	said  *buffer // what the sandbox wrote to standard error
}

// limit is how long anything here may take before the test gives up.
const limit = time.Minute

// up starts a sandbox and waits until it prints ready. flags go behind sandbox up.
func up(t *testing.T, flags ...string) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir(), home: t.TempDir(), work: t.TempDir(), flags: flags}
	b.start(t)
	t.Cleanup(func() {
		if b.owner != nil {
			b.stop(t)
		}
		entries, err := os.ReadDir(b.home)
		if err != nil || len(entries) > 0 {
			t.Errorf("the person's own home was touched: %v, %v", entries, err)
		}
	})
	return b
}

// start runs `sigwalk sandbox up`, which prints ready on a line of its own and nothing else.
func (b *bench) start(t *testing.T) {
	t.Helper()
	b.said = &buffer{}
	b.owner = exec.Command(filepath.Join(bin, "sigwalk"), append([]string{"sandbox", "up", "--dir", b.dir}, b.flags...)...)
	b.owner.Env, b.owner.Dir, b.owner.Stderr = b.environment(), b.work, b.said
	out, err := b.owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.owner.Start(); err != nil {
		t.Fatal(err)
	}
	giveUp := time.AfterFunc(limit, func() { _ = b.owner.Process.Kill() })
	defer giveUp.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "ready\n" || err != nil {
		_ = b.owner.Process.Kill()
		_ = b.owner.Wait()
		b.owner = nil
		t.Fatalf("the sandbox printed %q, %v\n%s", line, err, b.said)
	}
}

// stop ends the sandbox by SIGTERM; it is to end well.
func (b *bench) stop(t *testing.T) {
	t.Helper()
	if err := b.end(syscall.SIGTERM); err != nil {
		t.Errorf("the sandbox ended with %v after SIGTERM\n%s", err, b.said)
	}
}

// kill ends the sandbox as a crash of the machine would.
func (b *bench) kill(t *testing.T) {
	t.Helper()
	var status *exec.ExitError
	if err := b.end(syscall.SIGKILL); !errors.As(err, &status) {
		t.Fatalf("the sandbox ended with %v after SIGKILL", err)
	}
}

func (b *bench) end(signal syscall.Signal) error {
	owner := b.owner
	b.owner = nil
	if err := owner.Process.Signal(signal); err != nil {
		return err
	}
	giveUp := time.AfterFunc(limit, func() { _ = owner.Process.Kill() })
	defer giveUp.Stop()
	return owner.Wait()
}

// environment is what scripts and programs start with: nothing of the person's but the system's own programs.
func (b *bench) environment(more ...string) []string {
	return append([]string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + b.home, "DIR=" + b.dir, "LC_ALL=C.UTF-8",
	}, more...)
}

// outcome is how a program or script ended.
type outcome struct {
	stdout, stderr string
	code           int
}

func (o outcome) String() string {
	return fmt.Sprintf("stdout:\n%sstderr:\n%sexit code %d", o.stdout, o.stderr, o.code)
}

// terminal is how a script begins: as the README tells a person to begin.
const terminal = `eval "$(sigwalk sandbox env --dir "$DIR")"` + "\n"

// terminal3 is the same for cosign 3.
const terminal3 = `eval "$(sigwalk sandbox env --cosign 3 --dir "$DIR")"` + "\n"

// signIn leaves a token of $OIDC_USER in SIGSTORE_ID_TOKEN, by the workshop's script with the real curl and jq.
const signIn = `. "$DIR/workspace/get-access-token.sh" >/dev/null` + "\n"

// sh runs a script that is to succeed, and returns what it printed. It is run by sh -eu.
func (b *bench) sh(t *testing.T, script string, more ...string) outcome {
	t.Helper()
	o := b.try(t, script, more...)
	if o.code != 0 {
		t.Fatalf("%s\n%s", script, o)
	}
	return o
}

// try runs a script that may fail.
func (b *bench) try(t *testing.T, script string, more ...string) outcome {
	t.Helper()
	return b.run(t, []string{"sh", "-eu", "-c", script}, more...)
}

// run runs a program.
func (b *bench) run(t *testing.T, words []string, more ...string) outcome {
	t.Helper()
	program := words[0]
	if path := filepath.Join(bin, program); !strings.Contains(program, "/") {
		if _, err := os.Lstat(path); err == nil {
			program = path
		}
	}
	cmd := exec.CommandContext(t.Context(), program, words[1:]...)
	cmd.Env, cmd.Dir = b.environment(more...), b.work
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		t.Errorf("%q: %v", words, err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// exec runs a line of the workshop shell.
func (b *bench) exec(t *testing.T, line string, more ...string) outcome {
	t.Helper()
	return b.run(t, []string{"sigwalk", "exec", "--dir", b.dir, "--", line}, more...)
}

// buffer collects what a process writes while others read it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var _ io.Writer = (*buffer)(nil)

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
