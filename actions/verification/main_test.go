package verification_test

import (
	"io"
	"log"
	"os"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// TestMain keeps what cosign logs about broken time stamps out of the test's output. Our own code never lets it come to
// that, which TestQuiet checks.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(sandboxtest.Main(m))
}
