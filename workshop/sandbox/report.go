package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
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
}

// dialLauncher connects to the launcher that the environment names. One that has gone is no reason not to start.
func dialLauncher(ctx context.Context) *launcher {
	path := os.Getenv(launcherVariable)
	if path == "" {
		return nil
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil
	}
	return &launcher{conn: conn}
}

func (l *launcher) send(r report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The launcher may have gone: there is nobody left to tell.
	_ = json.NewEncoder(l.conn).Encode(r)
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

// ended tells the launcher how starting ended, and hangs up.
func (l *launcher) ended(err error) {
	if l == nil {
		return
	}
	r := report{Ready: err == nil}
	if err != nil && !errors.As(err, &r.Failed) {
		r.Failed = &Error{Code: CodeFailed, What: "the sandbox did not start", Why: err.Error()}
	}
	l.send(r)
	_ = l.conn.Close()
}

// readReports reads what a starting sandbox sends until it hangs up, and returns its last line.
func readReports(conn net.Conn, progress func(string)) report {
	defer func() { _ = conn.Close() }()
	var last report
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var next report
		if json.Unmarshal(lines.Bytes(), &next) != nil {
			continue
		}
		if next.Progress != "" && progress != nil {
			progress(next.Progress)
		}
		last = next
	}
	return last
}
