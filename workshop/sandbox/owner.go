package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// poll is how often something that can only be asked again is asked again.
const poll = 10 * time.Millisecond

// Files of a sandbox's home that are its own and no server's.
const (
	lockFile   = "lock"         // held by the owner
	launchFile = "launch"       // held by the surface that is starting an owner
	pidFile    = "owner.pid"    // who the owner is
	recordFile = "sandbox.json" // see record
)

// homeOf is where the sandbox of a state directory keeps everything.
func homeOf(dir string) string { return filepath.Join(dir, "sandbox") }

// ownership is the lock on a sandbox's directory. The system lets go of it when the process ends, however it ends.
type ownership struct {
	lock *flock.Flock
	pid  string // file that tells the others who it is
}

// own takes the directory, or fails with CodeOwned.
func own(dir string) (*ownership, error) {
	home := homeOf(dir)
	if err := state.MakeDir(home); err != nil {
		return nil, err
	}
	o := &ownership{
		lock: flock.New(filepath.Join(home, lockFile), flock.SetPermissions(0o600)),
		pid:  filepath.Join(home, pidFile),
	}
	taken, err := o.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	if !taken {
		return nil, owned(dir, o.pid)
	}
	if err := state.Write(o.pid, fmt.Appendf(nil, "%d\n", os.Getpid())); err != nil {
		return nil, errors.Join(err, o.lock.Unlock())
	}
	return o, nil
}

// release gives the directory back. The lock file stays: removing it would let two owners in.
func (o *ownership) release() error {
	_ = os.Remove(o.pid)
	return o.lock.Unlock()
}

func owned(dir, file string) *Error {
	who := "another process"
	next := "end that process first, or give another directory with --dir"
	// Who it is makes the message better; without it, it is still right.
	if text, err := os.ReadFile(file); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			who = fmt.Sprintf("process %d", pid)
		}
	}
	return &Error{
		Code: CodeOwned,
		What: "the sandbox in " + dir + " is already running",
		Why:  who + " owns the directory",
		Next: "use it as it is (`sigwalk sandbox env` says how), or " + next,
	}
}

// unowned fails with CodeOwned when another process owns the directory.
func unowned(dir string) error {
	home := homeOf(dir)
	lock := flock.New(filepath.Join(home, lockFile), flock.SetPermissions(0o600))
	free, err := lock.TryLock()
	if err != nil {
		return explain(dir, "start", fmt.Errorf("%w: %w", state.ErrUnwritable, err))
	}
	if !free {
		return owned(dir, filepath.Join(home, pidFile))
	}
	return lock.Unlock()
}

// evict takes the directory as soon as its owner lets go, which it tells the owner to do. One that is still starting does
// not listen yet, so it is told again.
func evict(ctx context.Context, dir string) (*ownership, error) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		held, err := own(dir)
		if !errors.Is(err, &Error{Code: CodeOwned}) {
			return held, err
		}
		if told := tell(ctx, dir, pathStop, nil); told != nil && !errors.Is(told, ErrNotRunning) && ctx.Err() == nil {
			return nil, told
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-ticker.C:
		}
	}
}
