package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// startLimit is how long a launched sandbox may take to be ready. The first start on a slow disk takes seconds.
const startLimit = time.Minute

// Launch configures JoinOrLaunch.
type Launch struct {
	Dir        string
	Executable string   // our own binary; it is run as `Executable sandbox up --dir Dir --until-unused`
	Args       []string // more arguments for it
	// Progress is told what the sandbox is starting, in words; nil for nobody.
	Progress func(string)
	// Stderr receives what the sandbox's process wrote before it ended without a reason; nil for nobody. (It also stands
	// in the sandbox's log.)
	Stderr io.Writer
}

// JoinOrLaunch joins the sandbox of Launch.Dir, or starts one in a process of its own and joins that. Surfaces that call it
// at the same time end up with the same sandbox. It fails with the error of the sandbox's own Start.
func JoinOrLaunch(ctx context.Context, launch Launch) (*Handle, error) {
	dir, err := filepath.Abs(launch.Dir)
	if err != nil {
		return nil, err
	}
	launch.Dir = dir
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, &Error{
		Code: CodeFailed, What: "the sandbox in " + dir + " did not start in " + startLimit.String(),
		Next: "see sandbox/" + logFile + " in that directory",
	})
	defer cancel()
	for {
		// One that runs is joined at once, without a turn.
		h, err := Join(ctx, dir)
		if !errors.Is(err, ErrNotRunning) {
			return h, err
		}
		h, err = launch.inTurn(ctx)
		// An owner that is just ending, or was started by hand and is not ready, still has the directory.
		if !errors.Is(err, &Error{Code: CodeOwned}) && !errors.Is(err, ErrNotRunning) {
			return h, err
		}
		select {
		case <-ctx.Done():
			if errors.Is(err, &Error{Code: CodeOwned}) {
				return nil, err
			}
			return nil, context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}

// inTurn starts a sandbox, unless another surface just has, and joins it. Surfaces take turns.
func (l Launch) inTurn(ctx context.Context) (*Handle, error) {
	home := homeOf(l.Dir)
	if err := state.MakeDir(home); err != nil {
		return nil, explain(l.Dir, "start", err)
	}
	turn := flock.New(filepath.Join(home, launchFile), flock.SetPermissions(0o600))
	if ok, err := turn.TryLockContext(ctx, poll); !ok || err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, explain(l.Dir, "start", fmt.Errorf("%w: %w", state.ErrUnwritable, err))
	}
	defer func() { _ = turn.Close() }()
	if h, err := Join(ctx, l.Dir); !errors.Is(err, ErrNotRunning) {
		return h, err
	}
	if err := unowned(l.Dir); err != nil {
		return nil, err
	}
	hangUp, err := l.start(ctx)
	// Not before the sandbox was joined: one that sees its launcher go, and nobody else, ends.
	defer hangUp()
	if err != nil {
		return nil, err
	}
	return Join(ctx, l.Dir)
}

// start starts the sandbox's process and returns when it is ready, or why it is not.
func (l Launch) start(ctx context.Context) (hangUp func(), err error) {
	hangUp = func() {}
	// The path of a socket must be short.
	dir, err := os.MkdirTemp("", "sigwalk-")
	if err != nil {
		return hangUp, explain(l.Dir, "start", fmt.Errorf("%w: %w", state.ErrUnwritable, err))
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", filepath.Join(dir, "launch.sock"))
	if err != nil {
		return hangUp, explain(l.Dir, "start", err)
	}
	output, from, err := openOutput(homeOf(l.Dir))
	if err != nil {
		return hangUp, errors.Join(explain(l.Dir, "start", err), listener.Close())
	}
	defer func() { _ = output.Close() }()

	process := l.process(listener.Addr().String(), output)
	if err := process.Start(); err != nil {
		return hangUp, errors.Join(&Error{
			Code: CodeFailed, What: "the sandbox's process could not be started", Why: err.Error(), Err: err,
			Next: "check that " + l.Executable + " can be run",
		}, listener.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	reports := make(chan report, 1)
	hungUp := make(chan struct{})
	go l.listen(listener, reports, hungUp)
	hangUp = func() {
		close(hungUp)
		_ = listener.Close()
	}

	var last report
	select {
	case <-ctx.Done():
		return hangUp, context.Cause(ctx)
	case last = <-reports:
	case err := <-ended:
		// It may have reported and ended before this was looked at.
		select {
		case last = <-reports:
		case <-time.After(poll):
		}
		ended <- err
	}
	switch {
	case last.Ready:
		return hangUp, nil
	case last.Failed != nil:
		return hangUp, last.Failed
	}
	return hangUp, l.died(<-ended, output, from)
}

// process is the sandbox's, not yet started. It is no CommandContext: the sandbox outlives the surface, and ends when
// nobody has joined it.
func (l Launch) process(socket string, output *os.File) *exec.Cmd {
	arguments := append([]string{"sandbox", "up", "--dir", l.Dir, "--until-unused"}, l.Args...)
	process := exec.Command(l.Executable, arguments...) //nolint:noctx // see above
	process.Env = append(os.Environ(), launcherVariable+"="+socket)
	process.Dir = l.Dir
	process.Stdout, process.Stderr = output, output
	detach(process)
	return process
}

// listen reads what the sandbox reports, and keeps the connection until hungUp is closed.
func (l Launch) listen(listener net.Listener, reports chan<- report, hungUp <-chan struct{}) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	go func() { reports <- readReports(conn, l.Progress) }()
	<-hungUp
}

// died explains a process that ended before it said anything.
func (l Launch) died(err error, output *os.File, from int64) error {
	if l.Stderr != nil {
		if _, seek := output.Seek(from, io.SeekStart); seek == nil {
			_, _ = io.Copy(l.Stderr, io.LimitReader(output, 1<<16))
		}
	}
	why := "its process ended before it was ready"
	if err != nil {
		why += " (" + err.Error() + ")"
	}
	return &Error{
		Code: CodeFailed, What: "the sandbox in " + l.Dir + " did not start", Why: why, Err: err,
		Next: "see sandbox/" + logFile + " in that directory",
	}
}

// openOutput opens the sandbox's log for what its process writes to the standard streams, such as a crash; from is where
// that begins.
func openOutput(home string) (file *os.File, from int64, err error) {
	file, err = os.OpenFile(filepath.Join(home, logFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	if from, err = file.Seek(0, io.SeekEnd); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, from, nil
}
