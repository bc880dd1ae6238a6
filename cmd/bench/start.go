//go:build bench

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
)

const (
	starts  = 7
	rows    = 24
	columns = 80
	// patience is how long a screen is waited for. It only ends a benchmark that hangs.
	patience = time.Minute
)

// frames measures from exec to the first full frame, on a terminal that answers what it is asked and on one that never
// does, and to the lesson's own screen, for which the sandbox has to be made the first time and only started the next.
func (b *bench) frames(ctx context.Context) error {
	var first, silent, made, started []took
	for i := range starts + 1 {
		for _, run := range []struct {
			dir          string
			answers      bool
			frame, ready *[]took
		}{
			{fmt.Sprintf("answers-%d", i), true, &first, &made},
			{fmt.Sprintf("silent-%d", i), false, &silent, &made},
			{fmt.Sprintf("silent-%d", i), false, &silent, &started},
		} {
			drawn, err := b.screen(ctx, filepath.Join(b.dir, run.dir), run.answers)
			if err != nil {
				return err
			}
			if i > 0 {
				*run.frame, *run.ready = append(*run.frame, drawn[0]), append(*run.ready, drawn[1])
			}
		}
	}
	b.table.alone("first frame", median(first), 150*time.Millisecond)
	b.table.alone("first frame, terminal never answers", median(silent), 150*time.Millisecond)
	b.table.line("the lesson's screen, first start", median(made).String(), "", "", "")
	b.table.line("the lesson's screen, next start", median(started).String(), "", "", "")
	return nil
}

// firstFrame reports whether output holds a whole frame: the cursor goes home, every row is drawn, and the cursor rests
// in the last one.
func firstFrame(output []byte) bool {
	_, frame, ok := bytes.Cut(output, []byte("\x1b[H\r"))
	if !ok {
		return false
	}
	frame, _, ok = bytes.Cut(frame, fmt.Appendf(nil, "\x1b[%d;H", rows))
	return ok && bytes.Count(frame, []byte("\r\n")) == rows-1
}

// lessonFrame reports whether the lesson's first step was drawn.
func lessonFrame(output []byte) bool { return bytes.Contains(output, []byte("step 1/")) }

// screen starts the program on a pseudo-terminal with its state in dir, and returns when the first full frame was drawn
// and when the lesson was.
func (b *bench) screen(ctx context.Context, dir string, answers bool) (drawn [2]took, err error) {
	at, output, err := b.draw(ctx, nil, answers, []func([]byte) bool{firstFrame, lessonFrame}, "--dir", dir)
	if err != nil {
		return drawn, err
	}
	drawn[0].wall, drawn[1].wall = at[0], at[1]
	if at[0] == 0 || at[1] == 0 {
		return drawn, fmt.Errorf("it was not drawn; there was %q", output)
	}
	return drawn, b.gone(ctx, dir)
}

// draw starts the program on a pseudo-terminal, ends it when all that is looked for was drawn, and returns how long each
// took, zero for what never was, and what was drawn.
func (b *bench) draw(
	ctx context.Context, env map[string]string, answers bool, looks []func(output []byte) bool, args ...string,
) (at []time.Duration, output []byte, err error) {
	running, quit := context.WithTimeout(ctx, patience)
	defer quit()
	on := map[string]string{"TERM": "xterm-256color"}
	maps.Copy(on, env)
	cmd := b.command(running, on, b.sigwalk, args...)
	// On SIGTERM it gives the terminal back and leaves its sandbox, which then ends.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	begin := time.Now()
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = terminal.Close() }()
	at = make([]time.Duration, len(looks))
	chunk := make([]byte, 64<<10)
	for err == nil { // a terminal ends with an error when the last program has closed it
		var n int
		n, err = terminal.Read(chunk)
		output = append(output, chunk[:n]...)
		if answers {
			answer(terminal, chunk[:n])
		}
		for i, shown := range looks {
			if at[i] == 0 && shown(output) {
				at[i] = time.Since(begin)
			}
		}
		if !slices.Contains(at, 0) {
			quit()
		}
	}
	_ = cmd.Wait() // it was told to end
	return at, output, ctx.Err()
}

// answer does what a terminal does that knows xterm's reports: its background, where the cursor is, what it is.
func answer(terminal io.Writer, asked []byte) {
	for _, report := range [][2]string{
		{"\x1b]11;?", "\x1b]11;rgb:0000/0000/0000\x1b\\"}, {"\x1b[6n", "\x1b[1;1R"}, {"\x1b[c", "\x1b[?62;22c"},
	} {
		if bytes.Contains(asked, []byte(report[0])) {
			_, _ = io.WriteString(terminal, report[1])
		}
	}
}

// sandboxes measures `sandbox up` until it says that it is ready.
func (b *bench) sandboxes(ctx context.Context) error {
	up := func(ctx context.Context, i int) (took, error) {
		begin := time.Now()
		box, err := b.up(ctx, filepath.Join(b.dir, fmt.Sprintf("up-%d", i)))
		t := took{wall: time.Since(begin)}
		if err != nil {
			return t, err
		}
		return t, box.stop()
	}
	first, next := up, up // in the same directory
	medians, err := race(ctx, starts, first, next)
	if err != nil {
		return err
	}
	b.table.alone("sandbox up, first start", medians[0], 400*time.Millisecond)
	b.table.alone("sandbox up, next start", medians[1], 400*time.Millisecond)
	return nil
}

// sandbox is a running `sandbox up`.
type sandbox struct{ stop func() error }

// up starts a sandbox in dir and returns when it is ready. The caller stops it.
func (b *bench) up(ctx context.Context, dir string) (*sandbox, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := b.command(ctx, nil, b.sigwalk, "sandbox", "up", "--dir", dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	stop := func() error {
		cancel()
		err := cmd.Wait()
		if errors.Is(err, context.Canceled) { // it was told to, and ended with 0
			err = nil
		}
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready" {
		return nil, errors.Join(fmt.Errorf("it said %q: %s", line, stderr.Bytes()), err, stop())
	}
	return &sandbox{stop}, nil
}

// gone waits until the sandbox that a screen started has ended with it, so that it takes no time of the next run.
func (b *bench) gone(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		r, err := b.start(ctx, nil, b.sigwalk, "sandbox", "status", "--dir", dir)
		if err != nil || r.code == 1 {
			return err
		}
	}
}
