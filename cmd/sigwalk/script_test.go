//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is also the program (and so the sandbox's process, which the program starts from its own file), and three
// ways to run it that need the kernel's help.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sigwalk":      main,
		"crowded":      crowded,
		"unprivileged": unprivileged,
		"nostdin":      withoutInput,
	})
}

// TestScripts runs the program as people and scripts do: each file of testdata/script is a terminal session with its own
// home, and the servers that it talks to are the sandbox's own. commands_test.go has the commands that testscript lacks.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds:                scriptCommands(),
	})
}

// setUp gives a script nothing of the person who runs the tests, and a fresh home.
func setUp(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	env.Vars = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"XDG_DATA_HOME=" + filepath.Join(home, ".local", "share"),
		// The path of a socket must be short, and that of a script's directory is not.
		"TMPDIR=" + os.TempDir(),
		"WORK=" + env.WorkDir,
		"TERM=xterm-256color",
		"LC_ALL=C.UTF-8",
		"NO_PROXY=127.0.0.1,localhost",
	}
	env.Values[boxesKey] = boxes{}
	// Another user (see unprivileged) must get as far as the program and the script's directory.
	bin, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	for _, dir := range []string{filepath.Dir(bin), filepath.Dir(env.WorkDir), env.WorkDir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return os.Mkdir(home, 0o755)
}

// crowded SIZE PROGRAM ARGUMENT...: no file grows beyond SIZE kilobytes, as on a disk that is full.
func crowded() {
	var size uint64
	for _, digit := range os.Args[1] {
		size = size*10 + uint64(digit-'0')
	}
	limit := &syscall.Rlimit{Cur: size << 10, Max: size << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, limit); err != nil {
		panic(err)
	}
	become(os.Args[2:])
}

// unprivileged PROGRAM ARGUMENT...: runs as somebody for whom permissions count, which root is not.
func unprivileged() {
	if os.Geteuid() == 0 {
		if err := syscall.Setgroups(nil); err != nil {
			panic(err)
		}
		if err := syscall.Setgid(65534); err != nil {
			panic(err)
		}
		if err := syscall.Setuid(65534); err != nil {
			panic(err)
		}
	}
	become(os.Args[1:])
}

// nostdin PROGRAM ARGUMENT...: runs with standard input closed, as some services start programs.
func withoutInput() {
	if err := syscall.Close(0); err != nil {
		panic(err)
	}
	become(os.Args[1:])
}

func become(args []string) {
	for _, dir := range strings.Split(os.Getenv("PATH"), ":") {
		path := filepath.Join(dir, args[0])
		if _, err := os.Stat(path); err == nil {
			panic(syscall.Exec(path, args, os.Environ()))
		}
	}
	panic(args[0] + " is nowhere")
}
