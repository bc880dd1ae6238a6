//go:build interop || keycloak || browser || kube

// Package interop proves that sigwalk and the tools of other people work on each other's results: unmodified cosign 2 and 3,
// crane, rekor-cli and skopeo against `sigwalk sandbox`, as a person would use them, in a POSIX shell. `make interop` builds
// the tools and names them in the environment; docs/interop.md says what is proven.
package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs are what scripts call: the variable that names the binary, and what scripts call it.
var programs = []struct{ variable, name string }{
	{"SIGWALK", "sigwalk"},
	{"COSIGN2", "cosign2"},
	{"COSIGN3", "cosign3"},
	{"CRANE", "crane"},
	{"REKOR_CLI", "rekor-cli"},
}

// installed are programs that come with the system.
var installed = []string{"sh", "skopeo", "jq", "curl", "column"}

// bin is the directory that leads the PATH of scripts.
var bin string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "interop-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = dir
	for _, p := range programs {
		path, err := program(p.variable)
		if err != nil {
			return 1, err
		}
		if err := os.Symlink(path, filepath.Join(bin, p.name)); err != nil {
			return 1, err
		}
	}
	for _, name := range installed {
		if _, err := exec.LookPath(name); err != nil {
			return 1, fmt.Errorf("these tests need %s, which is not on the PATH; `make interop` says how to install it: %w", name, err)
		}
	}
	return m.Run(), nil
}

// program is the path of the binary that a variable names.
func program(variable string) (string, error) {
	path := os.Getenv(variable)
	if path == "" {
		return "", fmt.Errorf("these tests need the variable %s to name a binary; run them with `make interop`, which builds it and sets that", variable)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s names a binary that is not there: %w", variable, err)
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%s names %s, which is no program", variable, path)
	}
	return filepath.Abs(path)
}
