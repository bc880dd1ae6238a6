package jq

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// inputs delivers the inputs of a call one by one. It implements gojq.Iter, for input and inputs.
type inputs struct {
	call   *builtin.Call
	opts   *options
	orders *orders

	started bool
	next    int // index into opts.files
	name    string
	closer  io.Closer
	reader  io.Reader
	decoder *decoder
	buffer  *bufio.Reader
	slurped bool
	failed  bool // a file could not be read
}

// missing is the error for a file that cannot be read; jq goes on with the next.
type missing struct{ err error }

func (m *missing) Error() string { return "Could not open file: " + m.err.Error() }
func (m *missing) Unwrap() error { return m.err }

// goesOn reports whether there may be inputs after err.
func (in *inputs) goesOn(err error) bool {
	var m *missing
	return errors.As(err, &m)
}

// Next implements gojq.Iter: a value, an error, or false at the end.
func (in *inputs) Next() (any, bool) {
	if !in.opts.slurp {
		return in.single()
	}
	if in.slurped {
		return nil, false
	}
	in.slurped = true
	list, text := []any{}, strings.Builder{}
	for {
		v, ok := in.piece()
		if !ok {
			break
		}
		if err, bad := v.(error); bad {
			if in.goesOn(err) {
				in.failed = true
				_, _ = fmt.Fprintf(in.call.Stderr, "jq: error: %v\n", err)
				continue
			}
			return err, true
		}
		if in.opts.lines {
			text.WriteString(v.(string))
			continue
		}
		list = append(list, v)
	}
	if in.opts.lines {
		return text.String(), true
	}
	return list, true
}

func (in *inputs) single() (any, bool) {
	v, ok := in.piece()
	if line, isLine := v.(string); ok && isLine && in.opts.lines {
		return strings.TrimSuffix(line, "\n"), true
	}
	return v, ok
}

// piece returns the next JSON value, or line with its end, of any file.
func (in *inputs) piece() (any, bool) {
	for {
		if in.reader == nil {
			if err := in.open(); err != nil {
				return err, true
			}
			if in.reader == nil {
				return nil, false
			}
		}
		var v any
		var err error
		if in.opts.lines {
			v, err = in.line()
		} else {
			v, err = in.decoder.value()
		}
		switch {
		case err == nil:
			return v, true
		case errors.Is(err, io.EOF):
			in.close()
			continue
		}
		in.close()
		in.next = len(in.opts.files) // what follows a broken input is not read, as in jq
		return err, true
	}
}

func (in *inputs) line() (any, error) {
	if in.buffer == nil {
		in.buffer = bufio.NewReader(in.reader)
	}
	text, err := in.buffer.ReadString('\n')
	if err != nil && text == "" {
		return nil, err
	}
	return strings.ToValidUTF8(text, "\ufffd"), nil
}

// open opens the next file, or standard input when none is named. It leaves reader nil at the end.
func (in *inputs) open() error {
	if len(in.opts.files) == 0 {
		if !in.started {
			in.reader = in.call.Stdin
		}
	} else if in.next < len(in.opts.files) {
		name := in.opts.files[in.next]
		in.next++
		file, err := in.call.Files.Open(in.call.Dir, name)
		if err != nil {
			return &missing{err}
		}
		in.reader, in.closer, in.name = file, file, name
	}
	in.started = true
	in.buffer = nil
	if in.reader != nil {
		in.decoder = newDecoder(in.reader, in.orders)
	}
	return nil
}

func (in *inputs) close() {
	if in.closer != nil {
		_ = in.closer.Close()
	}
	in.reader, in.closer = nil, nil
}

// filename is what input_filename returns.
func (in *inputs) filename() any {
	if in.name == "" {
		return nil
	}
	return in.name
}

// place names the input for an error.
func (in *inputs) place() string {
	switch {
	case in.opts.null:
		return "<unknown>"
	case in.name != "":
		return in.name
	}
	return "<stdin>"
}
