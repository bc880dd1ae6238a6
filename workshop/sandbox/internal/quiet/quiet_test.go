package quiet

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"
	"google.golang.org/grpc/grpclog"
	"k8s.io/klog/v2"
)

// Everything that libraries log is in the writer, and nothing on the standard streams; zap's Fatal does not end the
// process.
func TestEverythingGoesToTheWriter(t *testing.T) {
	stderr := captureStderr(t)
	var b bytes.Buffer
	development, err := zap.NewDevelopment()
	if err != nil {
		t.Fatal(err)
	}
	logger := development.Sugar()
	held := logger // as a library's other packages hold it

	To(&b)
	Zap(logger)
	Zap(logger)
	To(nil)
	held.Infof("from %s", "zap")
	klog.Warning("from klog")
	klog.Flush()
	grpclog.Error("from grpc")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("zap's Fatal did not panic")
			}
		}()
		held.Fatal("fatal from zap")
	}()

	for _, want := range []string{"from zap", "from klog", "from grpc", "fatal from zap"} {
		if n := strings.Count(b.String(), want); n < 1 {
			t.Errorf("%q is not in the writer: %s", want, b.String())
		}
	}
	if said := stderr(); said != "" {
		t.Errorf("on the standard error: %s", said)
	}
}

// captureStderr replaces the standard error with a file, before a logger takes hold of it, and returns what was written.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = file
	t.Cleanup(func() { os.Stderr = before })
	return func() string {
		data, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}
