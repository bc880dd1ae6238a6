package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"sync"
)

// launcherVariable names the socket on which a launcher listens to the sandbox that it started. A pipe would not do: the
// sandbox outlives its launcher, and writing to a broken one must not end it.
const launcherVariable = "SIGWALK_SANDBOX_LAUNCHER"

// report is one line that a starting sandbox sends to its launcher.
type report struct {
	Progress string `json:"progress,omitempty"`
	Ready    bool   `json:"ready,omitempty"`
	Failed   *Error `json:"failed,omitempty"`
}

// launcher is the connection to the process that started this one; nil when nobody did.
type launcher struct {
	mu   sync.Mutex
	conn net.Conn
	gone chan struct{} // closed when the launcher has hung up
}

// dialLauncher connects to the launcher that the environment names. One that has gone meanwhile wants no sandbox any more.
func dialLauncher(ctx context.Context) (*launcher, error) {
	path := os.Getenv(launcherVariable)
	if path == "" {
		return nil, nil
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, &Error{
			Code: CodeFailed, What: "the sandbox was not started", Why: "whoever wanted it has gone", Err: err,
		}
	}
	l := &launcher{conn: conn, gone: make(chan struct{})}
	go func() {
		defer close(l.gone)
		// It sends nothing: this returns when it hangs up.
		_, _ = io.Copy(io.Discard, conn)
	}()
	return l, nil
}

// bind returns a context that ends with ctx, or when the launcher hangs up.
func (l *launcher) bind(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if l != nil {
		go func() {
			select {
			case <-l.gone:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}

// progress returns a function that tells the launcher, if there is one, and then next, if that is not nil.
func (l *launcher) progress(next func(string)) func(string) {
	if l == nil {
		return next
	}
	return func(what string) {
		l.send(report{Progress: what})
		if next != nil {
			next(what)
		}
	}
}

// ready tells the launcher that it can join. When it hangs up, it has joined or given up: left is called.
func (l *launcher) ready(left func()) {
	if l == nil {
		return
	}
	l.send(report{Ready: true})
	go func() {
		<-l.gone
		_ = l.conn.Close()
		left()
	}()
}

// failed tells the launcher why there is no sandbox, and hangs up.
func (l *launcher) failed(err error) {
	if l == nil {
		return
	}
	var why *Error
	if !errors.As(err, &why) {
		why = &Error{Code: CodeFailed, What: "the sandbox did not start", Why: err.Error()}
	}
	l.send(report{Failed: why})
	_ = l.conn.Close()
}

func (l *launcher) send(r report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The launcher may have gone: there is nobody left to tell.
	_ = json.NewEncoder(l.conn).Encode(r)
}

// readReports reads what a starting sandbox sends until it is ready or has failed, and returns that. A sandbox that hung
// up before gives the zero report.
func readReports(from io.Reader, progress func(string)) report {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var next report
		if json.Unmarshal(lines.Bytes(), &next) != nil {
			continue
		}
		if next.Ready || next.Failed != nil {
			return next
		}
		if progress != nil {
			progress(next.Progress)
		}
	}
	return report{}
}
