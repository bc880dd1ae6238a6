//go:build unix

package ledger

import (
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A leaf that the disk has no room for is refused, leaves no trace, and can be logged when there is room again. The room
// ends in the middle of the record, so that the operating system takes some of it.
func TestNoRoomForTheJournal(t *testing.T) {
	o := open(t, t.TempDir())
	o.log("before")
	root, end := o.root(), o.tree.journal.end

	func() {
		defer limitFileSize(t, uint64(end)+40)()
		for range 2 {
			if _, err := o.queue("refused"); status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "cannot be written") {
				t.Errorf("a leaf that there is no room for: %v, want an internal error that says so", err)
			}
		}
		if got := o.root(); got.TreeSize != root.TreeSize {
			t.Errorf("the tree has %d leaves", got.TreeSize)
		}
		if stat, err := o.tree.journal.file.Stat(); err != nil || stat.Size() != end {
			t.Errorf("the journal has %d bytes (%v), want %d", stat.Size(), err, end)
		}
	}()

	if leaf := o.log("refused"); leaf.LeafIndex != 1 {
		t.Errorf("the leaf has the index %d, want 1", leaf.LeafIndex)
	}
	o = o.reopen()
	o.consistent(root)
	if got := o.root().TreeSize; got != 2 {
		t.Errorf("the tree has %d leaves, want 2", got)
	}
}

// limitFileSize has the operating system refuse to let any file of this process grow over size bytes, as a full disk
// would, until the function that it returns is called.
func limitFileSize(t *testing.T, size uint64) func() {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}
}
