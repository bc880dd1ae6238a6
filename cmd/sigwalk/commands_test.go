//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/itchyny/gojq"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are the commands that the scripts have beside testscript's own.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":       exits,
		"json":        jsonHolds,
		"sandbox":     startSandbox,
		"stop":        stopSandbox,
		"crash":       crashSandbox,
		"variables":   readVariables,
		"closed":      closedPort,
		"take":        takePort,
		"interrupt":   interrupt,
		"damage":      damage,
		"only":        onlyVariables,
		"expand":      expand,
		"tls":         terminateTLS,
		"break":       breakService,
		"keysigned":   signWithKey,
		"lose":        loseSignatures,
		"notimage":    pushNote,
		"token":       badToken,
		"github":      serveGitHub,
		"forall":      inEveryFile,
		"bundles":     writeBundles,
		"signedimage": signedImage,
	}
}

// limit is how long a script waits for anything; a loaded machine is slow, and what never comes fails the test all the same.
const limit = 2 * time.Minute

// exits CODE PROGRAM ARGUMENT...: runs the program and wants that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var status *exec.ExitError
		if !errors.As(err, &status) {
			ts.Fatalf("%v", err)
		}
		got = status.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// json EXPRESSION...: each jq expression is true of the JSON on standard output.
func jsonHolds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: json EXPRESSION...")
	}
	text := ts.ReadFile("stdout")
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		ts.Fatalf("standard output is no JSON: %v\n%s", err, text)
	}
	for _, expression := range args {
		query, err := gojq.Parse(expression)
		ts.Check(err)
		if got, _ := query.Run(value).Next(); got != true {
			ts.Fatalf("%s is %v of\n%s", expression, got, text)
		}
	}
}

// boxes are the sandboxes that a script runs in the background, by their directory.
type boxes map[string]*exec.Cmd

const boxesKey = "boxes"

func box(ts *testscript.TestScript, dir string) *exec.Cmd {
	process := ts.Value(boxesKey).(boxes)[dir]
	if process == nil {
		ts.Fatalf("no sandbox was started in %s", dir)
	}
	return process
}

// command is a program of the script, not yet started, with the script's directory and environment.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	path, err := exec.LookPath(name)
	ts.Check(err)
	process := exec.Command(path, args...)
	process.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR", "TERM", "LC_ALL", "NO_PROXY", "SIGSTORE_ID_TOKEN"} {
		process.Env = append(process.Env, name+"="+ts.Getenv(name))
	}
	return process
}

// sandbox DIR [FLAG...]: runs `sigwalk sandbox up --dir DIR` until the script ends, and goes on when it is ready.
func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sandbox DIR [FLAG...]")
	}
	process := command(ts, "sigwalk", append([]string{"sandbox", "up", "--dir", args[0]}, args[1:]...)...)
	out, err := process.StdoutPipe()
	ts.Check(err)
	process.Stderr = os.Stderr
	ts.Check(process.Start())
	ts.Value(boxesKey).(boxes)[args[0]] = process
	ts.Defer(func() {
		if process.ProcessState == nil {
			_ = process.Process.Kill()
			_ = process.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "ready\n" {
		ts.Fatalf("sigwalk sandbox up printed %q (%v)", line, err)
	}
}

// stop DIR: ends a sandbox by SIGTERM and wants exit code 0.
func stopSandbox(ts *testscript.TestScript, _ bool, args []string) {
	process := box(ts, args[0])
	ts.Check(process.Process.Signal(syscall.SIGTERM))
	if err := process.Wait(); err != nil {
		ts.Fatalf("sandbox up ended with %v after SIGTERM", err)
	}
}

// crash DIR: ends a sandbox as a power cut does.
func crashSandbox(ts *testscript.TestScript, _ bool, args []string) {
	process := box(ts, args[0])
	ts.Check(process.Process.Kill())
	_ = process.Wait() // its exit code says that it was killed
}

// variables DIR [PREFIX]: sets what `sigwalk sandbox env` prints, each name behind PREFIX.
func readVariables(ts *testscript.TestScript, _ bool, args []string) {
	prefix := ""
	if len(args) > 1 {
		prefix = args[1]
	}
	out, err := command(ts, "sigwalk", "sandbox", "env", "-o", "json", "--dir", args[0]).Output()
	ts.Check(err)
	var values map[string]string
	ts.Check(json.Unmarshal(out, &values))
	for name, value := range values {
		ts.Setenv(prefix+name, value)
	}
}

// only PREFIX NAME...: sets NAME to the value of PREFIX+NAME.
func onlyVariables(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		ts.Setenv(name, ts.Getenv(args[0]+name))
	}
}

// expand FILE...: replaces the variables in the files.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// closed NAME: sets NAME to an address at which nobody listens.
func closedPort(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], listener.Addr().String())
	ts.Check(listener.Close())
}

// take ADDRESS: listens there until the script ends.
func takePort(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", args[0])
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
}

// interrupt CODE TEXT PROGRAM ARGUMENT...: runs the program, sends SIGINT when it has printed a line with TEXT, and wants
// that exit code.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	process := command(ts, args[2], args[3:]...)
	out, err := process.StdoutPipe()
	ts.Check(err)
	var errs strings.Builder
	process.Stderr = &errs
	ts.Check(process.Start())
	watch := time.AfterFunc(limit, func() { _ = process.Process.Kill() })
	defer watch.Stop()
	lines := bufio.NewScanner(out)
	seen := false
	for lines.Scan() {
		if !seen && strings.Contains(lines.Text(), args[1]) {
			seen = true
			ts.Check(process.Process.Signal(syscall.SIGINT))
		}
	}
	_ = process.Wait() // the exit code says more
	if got := process.ProcessState.ExitCode(); fmt.Sprint(got) != args[0] || !seen {
		ts.Fatalf("exit code %d after SIGINT (sent: %v), want %s\n%s", got, seen, args[0], errs.String())
	}
	if strings.Contains(errs.String(), "goroutine ") {
		ts.Fatalf("a stack was printed:\n%s", errs.String())
	}
}

// damage PATTERN HOW: changes the one file that matches. HOW is how many bytes it keeps, as a negative number how many it
// loses at its end, or +TEXT to append.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	paths, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(paths) != 1 {
		ts.Fatalf("%d files match %s", len(paths), args[0])
	}
	path := paths[0]
	if text, ok := strings.CutPrefix(args[1], "+"); ok {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		ts.Check(err)
		_, err = file.WriteString(text)
		ts.Check(errors.Join(err, file.Close()))
		return
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if size < 0 {
		info, err := os.Stat(path)
		ts.Check(err)
		size += info.Size()
	}
	ts.Check(os.Truncate(path, size))
}

// forall [!] PATTERN DIR [EXCEPT]: some file below DIR matches the regular expression; with !, none does. Files whose path
// matches EXCEPT do not count.
func inEveryFile(ts *testscript.TestScript, neg bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	except := regexp.MustCompile(`^$`)
	if len(args) > 2 {
		except = regexp.MustCompile(args[2])
	}
	files, found := 0, ""
	err := filepath.WalkDir(ts.MkAbs(args[1]), func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || except.MatchString(path) {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		text, err := io.ReadAll(file)
		files++
		if pattern.Match(text) {
			found = path
		}
		return err
	})
	ts.Check(err)
	switch {
	case files == 0:
		ts.Fatalf("there is no file below %s", args[1])
	case neg && found != "":
		ts.Fatalf("%s holds %s", found, args[0])
	case !neg && found == "":
		ts.Fatalf("none of %d files below %s holds %s", files, args[1], args[0])
	}
}
