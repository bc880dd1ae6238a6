package doctor_test

import (
	"os"
	"testing"

	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }
