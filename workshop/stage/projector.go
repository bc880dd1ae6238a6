package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/socket"
)

// The socket speaks HTTP. GET /state answers with a stream of JSON States that stays open, the first at once and then one
// whenever something has changed; POST /command takes a Command.
const (
	socketName  = "present"
	pathState   = "/state"
	pathCommand = "/command"
)

// mostWaiting is how many commands wait for a projector that is busy; further ones are refused.
const mostWaiting = 64

// homeOf is where the projector of a state directory keeps its lock and its socket.
func homeOf(dir string) string { return filepath.Join(dir, "present") }

// Projector is the projector's end. It is safe for concurrent use.
type Projector struct {
	lock     *flock.Flock
	pid      string // the file that tells others who owns the directory
	unlink   func()
	server   *http.Server
	done     chan struct{} // closed when the server has ended
	commands chan Command
	joined   chan int

	mu        sync.Mutex
	state     json.RawMessage
	followers map[chan struct{}]struct{} // each is told that there is a new state
}

// Open makes this process the projector of dir until Close. It fails with CodeProjectorOwned where another one is.
func Open(ctx context.Context, dir string) (*Projector, error) {
	home := homeOf(dir)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, unwritable(home, err)
	}
	p := &Projector{
		lock: flock.New(filepath.Join(home, "lock"), flock.SetPermissions(0o600)), pid: filepath.Join(home, "owner.pid"),
		done: make(chan struct{}), commands: make(chan Command, mostWaiting), joined: make(chan int, 1),
		state: json.RawMessage("{}"), followers: map[chan struct{}]struct{}{},
	}
	taken, err := p.lock.TryLock()
	if err != nil {
		return nil, unwritable(home, err)
	}
	if !taken {
		return nil, owned(dir, p.pid)
	}
	// Who it is makes a message better, and nothing else depends on it.
	_ = os.WriteFile(p.pid, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600)
	listener, unlink, err := socket.Listen(ctx, home, socketName)
	if err != nil {
		return nil, errors.Join(unwritable(home, err), p.lock.Unlock())
	}
	p.unlink = unlink
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathState, p.serveState)
	mux.HandleFunc("POST "+pathCommand, p.serveCommand)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(p.done)
		_ = p.server.Serve(listener) // it ends by Close
	}()
	return p, nil
}

func owned(dir, file string) error {
	who := "another process"
	if text, err := os.ReadFile(file); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			who = fmt.Sprintf("process %d", pid)
		}
	}
	return &actions.Error{
		Code: actions.CodeProjectorOwned, What: "there is a projector for " + dir + " already", Why: who + " owns it",
		Next: "follow it with `sigwalk present --follow`, end it, or give another directory with --dir",
	}
}

func unwritable(home string, err error) error {
	return &actions.Error{
		Code: actions.CodeStateUnwritable, What: "the projector cannot use " + home, Why: err.Error(), Err: err,
		Next: "make room or give write permission, or give another directory with --dir",
	}
}

// Publish tells every follower where the projector is. It never waits; a follower that is slow misses what was in between.
func (p *Projector) Publish(state State) {
	state.PID = os.Getpid()
	text, err := json.Marshal(state)
	if err != nil {
		return // there is nothing in a State that cannot be encoded
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if string(text) == string(p.state) {
		return
	}
	p.state = text
	for changed := range p.followers {
		wake(changed)
	}
}

func wake(changed chan struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}

// Commands delivers what followers want, in their order.
func (p *Projector) Commands() <-chan Command { return p.commands }

// Joined delivers how many followers there are, whenever that changes.
func (p *Projector) Joined() <-chan int { return p.joined }

// Followers returns how many followers there are now.
func (p *Projector) Followers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.followers)
}

// Close ends it: followers lose it, and another process may become the projector.
func (p *Projector) Close() error {
	err := p.server.Close()
	<-p.done
	p.unlink()
	_ = os.Remove(p.pid)
	// The lock file stays: removing it would let two owners in.
	return errors.Join(err, p.lock.Unlock())
}

func (p *Projector) join() (changed chan struct{}, leave func()) {
	changed = make(chan struct{}, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.followers[changed] = struct{}{}
	p.count()
	return changed, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.followers, changed)
		p.count()
	}
}

// count tells how many there are; only the newest number counts. The caller holds p.mu.
func (p *Projector) count() {
	select {
	case <-p.joined:
	default:
	}
	p.joined <- len(p.followers)
}

func (p *Projector) current() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *Projector) serveState(w http.ResponseWriter, r *http.Request) {
	changed, leave := p.join()
	defer leave()
	w.Header().Set("Content-Type", "application/json")
	stream, control := json.NewEncoder(w), http.NewResponseController(w)
	for {
		if stream.Encode(p.current()) != nil || control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}

// longestCommand is far more than any command needs, in bytes.
const longestCommand = 4 << 10

func (p *Projector) serveCommand(w http.ResponseWriter, r *http.Request) {
	var command Command
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestCommand)).Decode(&command); err != nil || command.Intent == "" {
		http.Error(w, "no command", http.StatusBadRequest)
		return
	}
	select {
	case p.commands <- command:
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "the projector is busy", http.StatusServiceUnavailable)
	}
}
