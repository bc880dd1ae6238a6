//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// questions are what programs ask terminals: colours, the place of the cursor, what kind of terminal it is and what it
// can do.
var questions = []string{
	"\x1b]10;?", "\x1b]11;?", "\x1b]4;", "\x1b[6n", "\x1b[5n", "\x1b[?6n", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[>0c", "\x1b[=c",
	"\x1b[>q", "\x1b[?u", "\x1b[14t", "\x1b[18t", "\x1bP+q", "\x1bP$q", "$p",
}

// TestAsksNothing pins that the program asks the terminal nothing, whatever it is called for: Bubble Tea asks for the
// background while packages initialise, and waits five seconds for a terminal that never answers (see tui/quietterm).
func TestAsksNothing(t *testing.T) {
	for _, args := range [][]string{{}, {"version"}, {"--help"}, {"sandbox", "status"}, {"browse", "127.0.0.1:1/nothing/here:latest"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			m := open(t, setting{args: args})
			switch {
			case len(args) == 0:
				m.see("1 Copy the image", "enter runs the command")
				m.press("^L", "q")
			case args[0] == "browse":
				m.see("127.0.0.1:1/nothing/here:latest", "next")
				m.press("q")
			}
			m.end()
			for _, question := range questions {
				if strings.Contains(m.wrote(), question) {
					t.Errorf("%q asks the terminal %q", args, question)
				}
			}
		})
	}
}

// TestNoMouse holds that the mouse stays the terminal's, so that text can be selected and copied with it.
func TestNoMouse(t *testing.T) {
	m := open(t, setting{})
	m.see("1 Copy the image", "enter runs the command")
	m.press("q")
	m.end()
	for _, mode := range []string{"9", "1000", "1001", "1002", "1003", "1005", "1006", "1015", "1016"} {
		if strings.Contains(m.wrote(), "\x1b[?"+mode+"h") {
			t.Errorf("mouse mode %s is on", mode)
		}
	}
}

// TestNothingPrinted lets a library print while the screen is drawn. Go's own HTTP client does: it logs to standard error
// what a server sends that nobody has asked for.
func TestNothingPrinted(t *testing.T) {
	const nobodyAsked = "HTTP/1.1 200 OK\r\nX-Nobody-Asked: printed by a library\r\n\r\n"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := conn.Read(make([]byte, 4096)); err == nil {
				_, _ = fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
				_, _ = fmt.Fprint(conn, nobodyAsked)
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-served
	})

	m := open(t, setting{})
	m.see("1 Copy the image", "enter runs the command")
	stray := filepath.Join(m.dir, "stray.log")
	for line := 1; ; line++ {
		change(m, fmt.Sprintf("curl http://%s/; echo line %d", listener.Addr(), line))
		m.see(fmt.Sprintf("line %d", line), "x failed")
		if text, _ := os.ReadFile(stray); strings.Contains(string(text), "Unsolicited response") {
			break // the client sees it when the connection has become idle, if that comes first
		}
	}
	m.press("^L")
	m.see("1 Copy the image", "x failed")
	if strings.Contains(m.wrote(), "Unsolicited") || strings.Contains(m.wrote(), "Nobody") {
		t.Errorf("what a library printed reached the screen:\n%s", m.text())
	}
	m.press("q")
	m.end()
}

// change runs another line in place of the step's command.
func change(m *terminal, line string) {
	m.t.Helper()
	m.press("c")
	m.see("enter runs the line")
	for range 8 { // a line, its line break, the line before
		m.press("^U")
	}
	m.send(line)
	m.press("enter")
}
