//go:build unix

package tui

import (
	"bytes"
	"context"
	"errors"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/sigwalk/sigwalk/tui/lesson"
)

// A signal ends the context, as in main, and with it the screen. Several rounds, because it was a race that the program
// lost more often than not.
func TestSignalEndsTheScreen(t *testing.T) {
	for range 10 {
		terminal, program, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
			t.Fatal(err)
		}
		ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
		go func() {
			var drawn []byte
			for told := false; ; {
				chunk := make([]byte, 4096)
				n, err := terminal.Read(chunk)
				if err != nil {
					return
				}
				drawn = append(drawn, chunk[:n]...)
				if !told && bytes.Contains(drawn, []byte("starting")) {
					told = true
					_ = syscall.Kill(syscall.Getpid(), syscall.SIGTERM)
				}
			}
		}()
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, Terminal{In: program, Out: program}, &school{open: func(ctx context.Context, _ string, _ func(string)) (lesson.Session, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}})
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("the screen did not end")
		}
		stop()
		_ = program.Close()
		_ = terminal.Close()
	}
}
