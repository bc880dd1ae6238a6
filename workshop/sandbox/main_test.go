package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// surfaceVariable makes this binary a surface that joins the sandbox of the directory and then hangs.
const surfaceVariable = "SANDBOX_TEST_SURFACE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(surfaceVariable); dir != "" {
		if _, err := sandbox.Join(context.Background(), dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("joined")
		select {}
	}
	os.Exit(sandboxtest.Main(m))
}
