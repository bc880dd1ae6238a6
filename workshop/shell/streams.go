package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// connection is a line's streams as the interpreter wants them.
type connection struct {
	in       io.Reader
	out, err io.Writer
	close    func()
}

// connect makes the streams of a line ready for the interpreter.
func (s *Shell) connect(streams Streams) (*connection, error) {
	var mu sync.Mutex
	out := newGuard(streams.Out, &mu, s.opts.Environment, s.opts.RevealSecrets)
	err := newGuard(streams.Err, &mu, s.opts.Environment, s.opts.RevealSecrets)
	c := &connection{out: out, err: err}
	closeInput, problem := c.feed(streams.In)
	c.close = func() {
		closeInput()
		out.flush()
		err.flush()
	}
	return c, problem
}

// feed makes a reader the line's input. One that is no file goes through a pipe, which is closed with the line.
func (c *connection) feed(reader io.Reader) (closeInput func(), err error) {
	switch in := reader.(type) {
	case nil:
	case *os.File:
		if in != nil {
			c.in = in
		}
	default:
		r, w, err := os.Pipe()
		if err != nil {
			return func() {}, fmt.Errorf("connect the line's input: %w", err)
		}
		go func() {
			// It ends with the line: the reading end is closed then, and writing fails.
			_, _ = io.Copy(w, in)
			_ = w.Close()
		}()
		c.in = r
		return func() { _ = r.Close() }, nil
	}
	return func() {}, nil
}

// errBrokenPipe is why a command was ended whose reader had gone.
var errBrokenPipe = errors.New("nobody reads the output any more")

// output is the standard output of a built-in. When its reader has gone, as after `| head -1`, the command is ended, as a
// program is by SIGPIPE.
type output struct {
	w    io.Writer
	stop context.CancelCauseFunc
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil {
		o.stop(errBrokenPipe)
		return n, errBrokenPipe
	}
	return n, nil
}

// piped reports whether a command reads from a pipe or a file. /dev/null is neither, as for the C library's programs: it
// is a device, as terminals are.
func piped(r io.Reader) bool {
	file, ok := r.(*os.File)
	if !ok || file == nil {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice == 0
}

// input is the standard input of a built-in, whose reads end when the command is cancelled.
type input struct {
	ctx  context.Context //nolint:containedctx // io.Reader takes none, and the reader lives as long as one call
	file *os.File        // with deadlines, or nil
	slow io.Reader
	stop func() bool

	pending chan chunk
}

type chunk struct {
	data []byte
	err  error
}

func newInput(ctx context.Context, r io.Reader) *input {
	in := &input{ctx: ctx}
	if file, ok := r.(*os.File); ok && file.SetReadDeadline(time.Time{}) == nil {
		in.file = file
		in.stop = context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })
		return in
	}
	in.slow = r
	return in
}

func (in *input) Read(p []byte) (int, error) {
	switch {
	case in.ctx.Err() != nil:
		return 0, in.ctx.Err()
	case in.file != nil:
		return in.file.Read(p)
	case in.slow == nil:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	// A terminal has no deadlines: the read is left behind when the command is cancelled.
	if in.pending == nil {
		in.pending = make(chan chunk, 1)
		go func(n int, pending chan<- chunk) {
			data := make([]byte, n)
			n, err := in.slow.Read(data)
			pending <- chunk{data[:n], err}
		}(len(p), in.pending)
	}
	select {
	case <-in.ctx.Done():
		return 0, in.ctx.Err()
	case c := <-in.pending:
		n := copy(p, c.data)
		if rest := c.data[n:]; len(rest) > 0 {
			in.pending <- chunk{rest, c.err}
			return n, nil
		}
		in.pending = nil
		return n, c.err
	}
}

// release gives the file back to the next command of the line.
func (in *input) release() {
	if in.stop != nil && !in.stop() {
		_ = in.file.SetReadDeadline(time.Time{})
	}
}
