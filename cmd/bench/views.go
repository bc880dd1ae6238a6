//go:build bench

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// frame is how long a frame may take that nobody is to see coming.
const frame = 16 * time.Millisecond

// views runs the Go benchmarks that lie beside the screens.
func (b *bench) views(ctx context.Context) error {
	for _, view := range []struct {
		what, folder, name string
		aim                time.Duration
	}{
		{"a frame, table of 10,000 rows", "./tui/signatures", "BenchmarkView", 2 * time.Millisecond},
		{"a frame, tree of 10,000 rows", "./tui/tree", "BenchmarkView", 2 * time.Millisecond},
		{"reading the course", "./workshop", "BenchmarkCourse", frame},
		{"turning to a step, its Markdown rendered anew", "./tui/lesson", "BenchmarkTurn", frame},
		{"100,000 lines of output, in a thousand frames", "./tui/widget", "BenchmarkLog", 1000 * time.Second / 30},
	} {
		t, err := benchmark(ctx, view.folder, view.name)
		if err != nil {
			return fmt.Errorf("%s: %w", view.what, err)
		}
		b.table.alone(view.what, t, view.aim)
	}
	return nil
}

var perOperation = regexp.MustCompile(`(?m)^Benchmark\S+\s+\d+\s+([0-9.]+) ns/op`)

// benchmark runs a Go benchmark of a package several times and returns the median.
func benchmark(ctx context.Context, folder, name string) (took, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-ldflags=-w", "-run", "^$",
		"-bench", "^"+name+"$", "-count", "5", "-benchtime", "0.2s", folder)
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		return took{}, fmt.Errorf("%w: %s", err, printed)
	}
	var runs []took
	for _, m := range perOperation.FindAllSubmatch(printed, -1) {
		ns, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return took{}, err
		}
		runs = append(runs, took{wall: time.Duration(ns)})
	}
	if len(runs) == 0 {
		return took{}, errors.New("the benchmark printed no time: " + string(printed))
	}
	return median(runs), nil
}
