// Package jq is jq for the workshop shell: gojq below, jq's own flags, exit codes and order of keys above. Colour is never
// written.
package jq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// The exit codes of jq 1.7.
const (
	exitFalsy    = 1 // -e, and the last output was false or null
	exitUsage    = 2 // or a file or input that cannot be read
	exitCompile  = 3
	exitNoOutput = 4 // -e, and there was no output
	exitError    = 5
)

// Command is the built-in.
type Command struct{}

// Name implements builtin.Builtin.
func (Command) Name() string { return "jq" }

// Summary implements builtin.Builtin.
func (Command) Summary() string { return "pick and reshape JSON" }

// Run implements builtin.Builtin.
func (Command) Run(ctx context.Context, call *builtin.Call) error {
	orders := newOrders()
	opts, err := parse(call, orders)
	if err != nil {
		_, _ = fmt.Fprintf(call.Stderr, "jq: error: %v\nUse jq --help for the options that are built in.\n", err)
		return builtin.Exit(exitUsage)
	}
	if opts.help {
		_, err := io.WriteString(call.Stdout, usage)
		return err
	}
	if opts.version {
		_, err := io.WriteString(call.Stdout, "jq-1.7 (gojq 0.12.17, built into sigwalk)\n")
		return err
	}
	r := &run{call: call, opts: opts, orders: orders}
	r.input = &inputs{call: call, opts: opts, orders: r.orders}
	defer r.input.close()
	code, err := r.compile()
	if err != nil {
		_, _ = fmt.Fprintf(call.Stderr, "jq: error: %v\njq: 1 compile error\n", err)
		return builtin.Exit(exitCompile)
	}
	return r.all(ctx, code)
}

// run is one call of jq.
type run struct {
	call   *builtin.Call
	opts   *options
	input  *inputs
	orders *orders

	printed bool
	falsy   bool // the last output was false or null
}

func (r *run) compile() (*gojq.Code, error) {
	query, err := gojq.Parse(r.opts.filter)
	if err != nil {
		return nil, err
	}
	if err := keepOrder(query); err != nil {
		return nil, err
	}
	return gojq.Compile(query,
		gojq.WithEnvironLoader(r.environ),
		gojq.WithVariables(r.opts.names),
		gojq.WithInputIter(r.input),
		gojq.WithFunction("keys_unsorted", 0, 0, r.orders.keysUnsorted),
		gojq.WithFunction(orderedName, 1, 1, r.orders.made),
		gojq.WithFunction(fromEntriesName, 0, 0, r.orders.fromEntries),
		gojq.WithFunction(toJSONName, 0, 0, r.orders.toJSON),
		gojq.WithFunction(fromJSONName, 0, 0, r.orders.fromJSON),
		gojq.WithFunction("input_filename", 0, 0, func(any, []any) any { return r.input.filename() }),
		gojq.WithFunction("debug", 0, 0, func(v any, _ []any) any {
			_, _ = fmt.Fprintf(r.call.Stderr, "%s\n", r.orders.encode([]any{"DEBUG:", v}, compact))
			return v
		}),
		gojq.WithFunction("stderr", 0, 0, func(v any, _ []any) any {
			_, _ = r.call.Stderr.Write(r.orders.encode(v, compact))
			return v
		}),
	)
}

// environ is what $ENV and env show: the variables of the lesson, never those of the process.
func (r *run) environ() []string {
	var list []string
	for _, v := range r.call.Environment.List() {
		list = append(list, v.Name+"="+v.Value)
	}
	return list
}

// all applies the filter to every input.
func (r *run) all(ctx context.Context, code *gojq.Code) error {
	exit := builtin.Exit(0)
	for first := true; ; first = false {
		var v any
		r.orders.forget()
		if r.opts.null {
			if !first {
				break
			}
		} else {
			next, ok := r.input.Next()
			if !ok {
				break
			}
			v = next
		}
		if err, ok := v.(error); ok {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			_, _ = fmt.Fprintf(r.call.Stderr, "jq: error: %v\n", err)
			exit = exitUsage
			if !r.input.goesOn(err) {
				break
			}
			continue
		}
		failed, halt, err := r.one(ctx, code, v)
		switch {
		case err != nil:
			return err
		case halt:
			return ended(failed)
		case failed != 0:
			exit = failed
		}
	}
	if r.input.failed {
		exit = exitUsage
	}
	switch {
	case exit != 0 || !r.opts.status:
		return ended(exit)
	case !r.printed:
		return builtin.Exit(exitNoOutput)
	case r.falsy:
		return builtin.Exit(exitFalsy)
	}
	return nil
}

func ended(code builtin.Exit) error {
	if code == 0 {
		return nil
	}
	return code
}

// one applies the filter to one input and prints what comes out. halt is true when the filter asked to stop.
func (r *run) one(ctx context.Context, code *gojq.Code, v any) (exit builtin.Exit, halt bool, err error) {
	iter := code.RunWithContext(ctx, v, r.opts.values...)
	for {
		v, ok := iter.Next()
		if !ok {
			return 0, false, nil
		}
		if failure, ok := v.(error); ok {
			if ctx.Err() != nil {
				return 0, false, ctx.Err()
			}
			var halted *gojq.HaltError
			if errors.As(failure, &halted) {
				r.sayHalt(halted)
				return builtin.Exit(halted.ExitCode()), true, nil
			}
			_, _ = fmt.Fprintf(r.call.Stderr, "jq: error (at %s): %v\n", r.input.place(), failure)
			return exitError, false, nil
		}
		if err := r.print(v); err != nil {
			return 0, false, err
		}
	}
}

func (r *run) sayHalt(halted *gojq.HaltError) {
	switch v := halted.Value().(type) {
	case nil:
	case string:
		_, _ = io.WriteString(r.call.Stderr, v)
	default:
		_, _ = fmt.Fprintf(r.call.Stderr, "%s\n", r.orders.encode(v, compact))
	}
}

func (r *run) print(v any) error {
	r.printed, r.falsy = true, v == nil || v == false
	text, isString := v.(string)
	if !isString || !r.opts.raw {
		style := r.opts.style
		text = string(r.orders.encode(v, style))
		if style.ascii {
			text = escape(text)
		}
	}
	if !r.opts.join {
		text += "\n"
	}
	_, err := io.WriteString(r.call.Stdout, text)
	return err
}

// escape writes every character beyond ASCII as \u.
func escape(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c < 0x80:
			b.WriteRune(c)
		case c < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		}
	}
	return b.String()
}
