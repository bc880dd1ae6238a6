//go:build bench

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// table prints rows as they come: some take minutes.
type table struct{ out io.Writer }

func (t *table) line(what, ours, theirs, ratio, aim string) {
	line := fmt.Sprintf("%-36s %18s   %-26s %9s   %s", what, ours, theirs, ratio, aim)
	_, _ = fmt.Fprintln(t.out, strings.TrimRight(line, " "))
}

// alone is a row without a counterpart.
func (t *table) alone(what string, ours took, most time.Duration) {
	t.line(what, ours.String(), "", "", aim(ours.wall <= most, duration(most)))
}

// beside is a row with one. The ratio says how many times longer theirs takes.
func (t *table) beside(what string, ours took, name string, theirs took, least float64) {
	r := ratio(theirs, ours)
	said := ""
	if least > 0 {
		said = aim(r >= least, fmt.Sprintf("%g x", least))
	}
	t.line(what, ours.String(), theirs.String()+" "+name, fmt.Sprintf("%.1f x", r), said)
}

func ratio(a, b took) float64 { return float64(a.wall) / float64(b.wall) }

// aim says what was aimed at and whether that is reached.
func aim(reached bool, what string) string {
	if reached {
		return what + "  ok"
	}
	return what + "  missed"
}

// String is the time on the wall and, where it is known, that of all processors.
func (t took) String() string {
	if t.cpu == 0 {
		return duration(t.wall)
	}
	return duration(t.wall) + " (" + duration(t.cpu) + ")"
}

// duration has three digits.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	case d < 100*time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// heading says what is compared, and where.
func (b *bench) heading(ctx context.Context) error {
	ours, err := b.succeed(ctx, nil, b.sigwalk, "version")
	if err != nil {
		return err
	}
	skopeo, err := b.succeed(ctx, nil, b.skopeo, "--version")
	if err != nil {
		return err
	}
	t := b.table.out
	_, _ = fmt.Fprintf(t, "%s, %s, %s\n", filepath.Base(b.cosign), filepath.Base(b.crane), bytes.TrimSpace(skopeo.stdout))
	_, _ = fmt.Fprintf(t, "%s\n", bytes.TrimSpace(ours.stdout))
	_, _ = fmt.Fprintf(t, "%d processors%s, %s/%s\n", runtime.NumCPU(), processor(), runtime.GOOS, runtime.GOARCH)
	_, _ = fmt.Fprintln(t, "medians of several runs; time on the wall, and in brackets that of all processors")
	_, _ = fmt.Fprintln(t)
	b.table.line("", "sigwalk", "beside it", "ratio", "aim")
	return nil
}

// processor names the model, where the system tells.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return ", " + strings.TrimSpace(model)
		}
	}
	return ""
}

func megabytes(t took) string { return fmt.Sprintf("%d MB", t.resident/1e6) }
