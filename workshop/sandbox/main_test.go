package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// The environment variables that make this binary play a role in the directory instead of running the tests.
const (
	roleVariable = "SANDBOX_TEST_ROLE"
	dirVariable  = "SANDBOX_TEST_DIR"
)

// roles are what a test needs another process for. Each returns the exit code.
var roles = map[string]func(dir string) int{"surface": surface}

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		os.Exit(role(os.Getenv(dirVariable)))
	}
	os.Exit(sandboxtest.Main(m))
}

// surface joins the sandbox and hangs.
func surface(dir string) int {
	if _, err := sandbox.Join(context.Background(), dir); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("joined")
	select {}
}

// tryStart starts the sandbox and prints its error, or an empty one.
func tryStart(dir string) int {
	s, err := sandbox.Start(context.Background(), sandbox.Options{Dir: dir})
	var failed sandbox.Error
	if why := new(sandbox.Error); errors.As(err, &why) {
		failed = *why
	}
	if json.NewEncoder(os.Stdout).Encode(failed) != nil {
		return 1
	}
	if err == nil && s.Close() != nil {
		return 1
	}
	return 0
}
