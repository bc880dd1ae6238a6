package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/muesli/cancelreader"
	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions"
)

// terminalObserver asks questions on the terminal. It shows no events: the built-ins print what the real tools print.
type terminalObserver struct {
	in  io.Reader
	err io.Writer
}

func newTerminalObserver(in io.Reader, err io.Writer) *terminalObserver {
	return &terminalObserver{in: in, err: err}
}

func (o *terminalObserver) Event(context.Context, actions.Event) {}

// Ask asks when standard input is a terminal. Elsewhere nobody is there to type; but where nothing is to be typed, whoever
// reads the question can do what it says somewhere else.
func (o *terminalObserver) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	file, ok := o.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		if q.NoText {
			_, _ = fmt.Fprintln(o.err, q.Text)
			<-ctx.Done()
			return actions.Answer{}, ctx.Err()
		}
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	_, _ = io.WriteString(o.err, q.Script())
	line, err := readLine(ctx, file, q.Secret)
	switch {
	case ctx.Err() != nil:
		if !q.NoText {
			_, _ = fmt.Fprintln(o.err)
		}
		return actions.Answer{}, ctx.Err()
	case err != nil && line == "":
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	return q.Read(line), nil
}

// readLine reads one line from a terminal, which hands over a line at a time, so that nothing of the next one is taken.
// It stops when ctx ends. A hidden line is not shown while it is typed.
func readLine(ctx context.Context, terminal *os.File, hidden bool) (string, error) {
	switch {
	case hidden:
		return abandon(ctx, func() (string, error) {
			text, err := term.ReadPassword(int(terminal.Fd()))
			return string(text), err
		})
	case runtime.GOOS == "windows":
		// There the reader that can be cancelled turns the echo off.
		return abandon(ctx, func() (string, error) { return untilNewline(terminal) })
	}
	in, err := cancelreader.NewReader(terminal)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	stop := context.AfterFunc(ctx, func() { in.Cancel() })
	defer stop()
	return untilNewline(in)
}

func untilNewline(in io.Reader) (string, error) {
	var line strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := in.Read(buffer)
		line.Write(buffer[:n])
		text, whole := strings.CutSuffix(line.String(), "\n")
		if whole || err != nil {
			return strings.TrimSpace(text), err
		}
	}
}

// abandon returns what read returns, or ctx's end. A read that cannot be cancelled is left behind with its goroutine.
func abandon(ctx context.Context, read func() (string, error)) (string, error) {
	type reply struct {
		text string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		text, err := read()
		replies <- reply{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-replies:
		return r.text, r.err
	}
}
