package serve

import (
	"io"
	"net"
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

func TestCloseLetsARequestFinishAndLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	arrived, closing := make(chan struct{}), make(chan struct{})
	s := HTTP(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-closing
		_, _ = io.WriteString(w, "done")
	}), io.Discard)

	answered := make(chan string, 1)
	go func() {
		defer close(answered)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get(s.URL())
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		answered <- string(body)
	}()
	<-arrived
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	// The listener is closed before the request is let go.
	for {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(closing)
	if body := <-answered; body != "done" {
		t.Errorf("the answer is %q", body)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	<-answered
}
