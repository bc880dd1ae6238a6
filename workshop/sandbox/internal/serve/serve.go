// Package serve runs an HTTP server on a listener that is already bound, and stops it without leaving a goroutine.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// grace is how long requests that are under way may take to finish when the server stops.
const grace = 2 * time.Second

// Server is a running HTTP server.
type Server struct {
	http   *http.Server
	url    string
	done   chan struct{}
	failed error
}

// HTTP serves handler on l until Close. What net/http has to say goes to logs.
func HTTP(l net.Listener, handler http.Handler, logs io.Writer) *Server {
	// HTTP/2 without TLS is for gRPC, which knows nothing else.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &Server{
		http: &http.Server{
			Handler:           handler,
			Protocols:         protocols,
			ErrorLog:          log.New(logs, "", log.LstdFlags),
			ReadHeaderTimeout: time.Minute,
		},
		url:  "http://" + l.Addr().String(),
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed = err
		}
	}()
	return s
}

// URL is the base URL of the server, without a slash at the end.
func (s *Server) URL() string { return s.url }

// Close stops accepting, lets requests finish for a moment, cuts the rest and waits. It returns why the server had
// stopped by itself, if it had.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	if s.failed != nil {
		return fmt.Errorf("serve %s: %w", s.url, s.failed)
	}
	return err
}
