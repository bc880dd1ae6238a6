package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/socket"
)

// Handle is a sandbox that runs in another process and was joined.
type Handle struct {
	dir       string
	settings  Settings
	notices   chan string
	body      io.Closer
	transport *http.Transport
	once      sync.Once
	read      chan struct{} // closed when the reader of the stream has ended
}

// Join joins the sandbox that runs for dir, or fails with ErrNotRunning. The sandbox stays up at least until Leave, unless
// somebody stops it.
func Join(ctx context.Context, dir string) (*Handle, error) {
	transport, err := dialOwner(dir)
	if err != nil {
		return nil, err
	}
	// The lease lasts longer than this call: ctx bounds the beginning alone.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	h, err := join(life, transport, dir)
	if !stop() && err == nil {
		err = errors.Join(ctx.Err(), h.Leave())
	}
	if err != nil {
		cancel()
		transport.CloseIdleConnections()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	go func() {
		<-h.read
		cancel()
	}()
	return h, nil
}

func join(ctx context.Context, transport *http.Transport, dir string) (*Handle, error) {
	response, err := ask(ctx, transport, http.MethodGet, pathJoin)
	if err != nil {
		return nil, err
	}
	stream := json.NewDecoder(response.Body)
	var first message
	if err := stream.Decode(&first); err != nil || first.Settings == nil {
		_ = response.Body.Close()
		return nil, ErrNotRunning
	}
	h := &Handle{
		dir: dir, settings: *first.Settings, notices: make(chan string, noticesHeld), body: response.Body,
		transport: transport, read: make(chan struct{}),
	}
	go h.listen(stream)
	return h, nil
}

// listen delivers notices until the owner ends or the lease is given up. The oldest make room when nobody reads.
func (h *Handle) listen(stream *json.Decoder) {
	defer close(h.read)
	defer close(h.notices)
	for {
		var next message
		if stream.Decode(&next) != nil {
			return
		}
		if next.Notice == "" {
			continue
		}
		select {
		case h.notices <- next.Notice:
		default:
			select {
			case <-h.notices:
			default:
			}
			h.notices <- next.Notice
		}
	}
}

// Settings say how to use it.
func (h *Handle) Settings() Settings { return h.settings }

// Notices delivers what the owner has to say while it runs, such as "put back 3 signatures that were overwritten". It is
// closed when the owner ends, and after Leave.
func (h *Handle) Notices() <-chan string { return h.notices }

// Stay asks the sandbox to stay up when the last surface has gone.
func (h *Handle) Stay(ctx context.Context) error { return tell(ctx, h.dir, pathStay, nil) }

// Leave lets go; a sandbox that a surface started ends with the last that leaves. Calling it again does nothing.
func (h *Handle) Leave() error {
	var err error
	h.once.Do(func() {
		err = h.body.Close()
		<-h.read
		h.transport.CloseIdleConnections()
	})
	return err
}

// StatusOf asks the sandbox that runs for dir how it is, without joining it, or fails with ErrNotRunning.
func StatusOf(ctx context.Context, dir string) (Status, error) {
	var status Status
	err := tell(ctx, dir, pathStatus, &status)
	return status, err
}

// Stop ends the sandbox that runs for dir, whoever has joined it, and waits until it has given the directory back. It
// fails with ErrNotRunning where there is none.
func Stop(ctx context.Context, dir string) error {
	if err := tell(ctx, dir, pathStop, nil); err != nil {
		return err
	}
	owner, err := evict(ctx, dir)
	if err != nil {
		return explain(dir, "end", err)
	}
	return owner.release()
}

// Reset ends the sandbox that runs for dir, if one does, and removes everything it kept: ports, passwords, keys, images,
// the log. The next start makes a new one, and what was signed before can no longer be verified.
func Reset(ctx context.Context, dir string) error {
	if _, err := os.Stat(homeOf(dir)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	owner, err := evict(ctx, dir)
	if err != nil {
		return explain(dir, "be reset", err)
	}
	return explain(dir, "be reset", errors.Join(wipe(homeOf(dir)), owner.release()))
}

// wipe removes what is in home, but for the locks, which other processes may be waiting on.
func wipe(home string) error {
	socket.Remove(home, controlName)
	entries, err := os.ReadDir(home)
	if err != nil {
		return fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	// The record goes first: without it, a wipe that was cut off leaves nothing that looks like a sandbox with other keys.
	if err := os.Remove(filepath.Join(home, recordFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	for _, entry := range entries {
		if entry.Name() == lockFile || entry.Name() == launchFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(home, entry.Name())); err != nil {
			return fmt.Errorf("%w: %w", state.ErrUnwritable, err)
		}
	}
	return nil
}

// dialOwner returns a transport to the owner of dir. ErrNotRunning says that nobody ever listened there.
func dialOwner(dir string) (*http.Transport, error) {
	transport, err := socket.Dial(homeOf(dir), controlName)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, explain(dir, "be reached", fmt.Errorf("%w: %w", state.ErrUnreadable, err))
	}
	return transport, nil
}

// ask sends one request to the owner. Whoever does not answer, or says that it is ending, does not run.
func ask(ctx context.Context, transport *http.Transport, method, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrNotRunning
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, ErrNotRunning
	}
	return response, nil
}

// tell sends one request to the owner of dir and reads its answer into result, where that is not nil.
func tell(ctx context.Context, dir, path string, result any) error {
	transport, err := dialOwner(dir)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	method := http.MethodPost
	if path == pathStatus {
		method = http.MethodGet
	}
	response, err := ask(ctx, transport, method, path)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if result == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(result)
}
