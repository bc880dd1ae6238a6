package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// stallTime is how long a transfer may stand still before its connections are given up.
const stallTime = 60 * time.Second

// errStalled ends a transfer in which nothing moves any more.
var errStalled error = stalled{}

type stalled struct{}

// Error implements error.
func (stalled) Error() string { return "the transfer stood still" }

// Timeout tells web.Explain what it is.
func (stalled) Timeout() bool { return true }

// errAnew is an upload that has to begin anew, which the next attempt does. A stream that the HTTP client is done with
// returns it too: the client wanted to send the same body again, with a fresh token.
var errAnew = errors.New("the upload has to begin anew")

// stream reads a blob from the source. When the connection is cut it asks for the rest, so that an upload fed by it
// notices nothing. It checks the digest of what it read from the beginning to the end.
type stream struct {
	ctx   context.Context //nolint:containedctx // an io.Reader has no other way to end
	from  *endpoint
	blob  *blob
	at    int64
	sum   hash.Hash // nil when it does not read from the beginning
	meter *meter    // may be nil
	alive func(bool)
	wait  *patience
	read  atomic.Int64

	// The HTTP client may close a request's body while it still reads it.
	mu     sync.Mutex
	body   io.ReadCloser
	closed bool
	err    error
}

func (e *endpoint) stream(ctx context.Context, b *blob, at int64, m *meter) *stream {
	s := &stream{ctx: ctx, from: e, blob: b, at: at, meter: m, wait: newPatience(), alive: func(bool) {}}
	if at == 0 {
		switch b.digest.Algorithm {
		case "sha256":
			s.sum = sha256.New()
		case "sha512":
			s.sum = sha512.New()
		}
	}
	if m != nil {
		m.set(at)
	}
	return s
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errAnew
	}
	n, err := s.readOnce(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// failure returns the error that ended the stream, or nil.
func (s *stream) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *stream) readOnce(p []byte) (int, error) {
	for {
		if s.at >= s.blob.size {
			return 0, s.finish()
		}
		if s.body == nil {
			if err := s.open(); err != nil {
				if worthRetrying(err) && s.wait.again(s.ctx) {
					continue
				}
				return 0, err
			}
		}
		n, err := s.body.Read(p[:min(int64(len(p)), s.blob.size-s.at)])
		if n > 0 {
			s.took(p[:n])
			return n, nil
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the size says that there is more
		}
		if err != nil {
			_ = s.body.Close()
			s.body = nil
			if !worthRetrying(err) || !s.wait.again(s.ctx) {
				return 0, err
			}
		}
	}
}

func (s *stream) took(p []byte) {
	if s.sum != nil {
		s.sum.Write(p)
	}
	s.at += int64(len(p))
	s.read.Add(int64(len(p)))
	s.wait.renew()
	s.alive(s.at < s.blob.size)
	if s.meter != nil {
		s.meter.set(s.at)
	}
}

func (s *stream) finish() error {
	if s.sum == nil {
		return io.EOF
	}
	if got := hex.EncodeToString(s.sum.Sum(nil)); got != s.blob.digest.Hex {
		return &actions.Error{
			Code: actions.CodeDigestMismatch,
			What: fmt.Sprintf("%s of %s is not what its digest says", s.blob.title, s.from.repo),
			Why:  fmt.Sprintf("%s was named and %s:%s arrived", s.blob.digest, s.blob.digest.Algorithm, got),
			Next: "try again; if it stays so, the source is damaged or something between changes the bytes",
		}
	}
	return io.EOF
}

// open asks the source for the blob from where the reading stopped.
func (s *stream) open() error {
	if s.blob.data != nil {
		s.body = io.NopCloser(bytes.NewReader(s.blob.data[min(s.at, int64(len(s.blob.data))):]))
		return nil
	}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.from.url("blobs/"+s.blob.digest.String(), nil), http.NoBody)
	if err != nil {
		return err
	}
	if s.at > 0 {
		// Both ends of the range are named: not every registry understands one that is open.
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", s.at, s.blob.size-1))
	}
	resp, err := s.from.send(req, http.StatusOK, http.StatusPartialContent)
	if isMissing(err) {
		return s.from.lacks(s.blob.title, err)
	}
	if err != nil {
		return err
	}
	if s.at > 0 && resp.StatusCode == http.StatusOK {
		// A server that knows no ranges begins anew.
		if _, err := io.CopyN(io.Discard, resp.Body, s.at); err != nil {
			_ = resp.Body.Close()
			return err
		}
	}
	s.body = resp.Body
	return nil
}

// Close implements io.Closer. It waits for a Read that is under way, which ends with the context.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.body == nil {
		return nil
	}
	err := s.body.Close()
	s.body = nil
	return err
}

// lacks is the error for something that a manifest names and the repository has not got.
func (e *endpoint) lacks(what string, err error) error {
	return &actions.Error{
		Code: actions.CodeImageNotFound,
		What: fmt.Sprintf("%s is incomplete: %s is missing", e.repo, what),
		Why:  "a manifest there names it, and the registry does not have it",
		Next: "push the image to the source again",
		Err:  err,
	}
}

// stallWatch gives a transfer up when nothing moves for stallTime.
type stallWatch struct{ timer *time.Timer }

func watchStall(stop context.CancelCauseFunc) *stallWatch {
	return &stallWatch{time.AfterFunc(stallTime, func() { stop(errStalled) })}
}

// alive tells that something moved. When nothing more is to come, the registry may take its time to store it.
func (w *stallWatch) alive(more bool) {
	if more {
		w.timer.Reset(stallTime)
	} else {
		w.timer.Stop()
	}
}

func (w *stallWatch) end() { w.timer.Stop() }
