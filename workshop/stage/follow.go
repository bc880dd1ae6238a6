package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/socket"
)

// ErrNoProjector is what Follow and Send fail with where there is no projector.
var ErrNoProjector = &actions.Error{
	Code: actions.CodeNoProjector, What: "there is no projector for this directory",
	Next: "start one with `sigwalk --present` in the terminal that the audience sees",
}

// Follower is a follower's end of the stream of states. Its methods may be called by one goroutine, but for Close.
type Follower struct {
	stream    *json.Decoder
	body      io.Closer
	transport *http.Transport
	once      sync.Once
}

// Follow joins the projector of dir until Close, or until ctx ends. It fails with ErrNoProjector.
func Follow(ctx context.Context, dir string) (*Follower, error) {
	transport, response, err := ask(ctx, dir, http.MethodGet, pathState, nil) //nolint:bodyclose // it is the stream, which Close closes
	if err != nil {
		return nil, err
	}
	return &Follower{stream: json.NewDecoder(response.Body), body: response.Body, transport: transport}, nil
}

// Next waits for the next state; the first one comes at once. It fails with ErrNoProjector when the projector has gone.
func (f *Follower) Next() (State, error) {
	var state State
	if err := f.stream.Decode(&state); err != nil {
		return State{}, ErrNoProjector
	}
	return state, nil
}

// Close leaves the projector. Calling it again does nothing.
func (f *Follower) Close() {
	f.once.Do(func() {
		_ = f.body.Close()
		f.transport.CloseIdleConnections()
	})
}

// Send tells the projector of dir what is wanted. It fails with ErrNoProjector where there is none; that nothing came of a
// command is seen in the next state.
func Send(ctx context.Context, dir string, command Command) error {
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	transport, response, err := ask(ctx, dir, http.MethodPost, pathCommand, text)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	transport.CloseIdleConnections()
	return nil
}

// ask sends one request to the projector of dir.
func ask(ctx context.Context, dir, method, path string, body []byte) (*http.Transport, *http.Response, error) {
	transport, err := socket.Dial(homeOf(dir), socketName)
	if err != nil {
		return nil, nil, ErrNoProjector
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://projector"+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		transport.CloseIdleConnections()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, ErrNoProjector
	}
	if response.StatusCode < 300 {
		return transport, response, nil
	}
	why, _ := io.ReadAll(io.LimitReader(response.Body, longestCommand))
	_ = response.Body.Close()
	transport.CloseIdleConnections()
	return nil, nil, fmt.Errorf("the projector refused it: %s", strings.TrimSpace(string(why)))
}

// Link leads to the projector of a state directory, whether or not there is one now.
type Link struct{ Dir string }

// Follow is Follow.
func (l Link) Follow(ctx context.Context) (Stream, error) { return Follow(ctx, l.Dir) }

// Send is Send.
func (l Link) Send(ctx context.Context, command Command) error { return Send(ctx, l.Dir, command) }

// Stream delivers states; its methods are those of Follower.
type Stream interface {
	Next() (State, error)
	Close()
}
