//go:build bench

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// find returns the absolute path of a program.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// took is what a piece of work cost: time on the wall and of all processors, the time until something was printed, and the
// most memory that was resident at once, in bytes. What was not measured is zero.
type took struct {
	wall, cpu, first time.Duration
	resident         int64
}

// firstWrite notes when something was first written to it.
type firstWrite struct {
	text bytes.Buffer
	at   time.Time
}

// Write implements io.Writer.
func (w *firstWrite) Write(p []byte) (int, error) {
	if w.at.IsZero() {
		w.at = time.Now()
	}
	return w.text.Write(p)
}

// ran is a process that has ended.
type ran struct {
	took
	code   int
	stdout []byte
	stderr []byte
}

// start runs a program to its end with env and, beside it, only what a process cannot do without: nothing of the person's
// own is read or written. The time is that from before exec until the end was noticed.
func (b *bench) start(ctx context.Context, env map[string]string, program string, args ...string) (ran, error) {
	var stdout firstWrite
	var stderr bytes.Buffer
	cmd := b.command(ctx, env, program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err := cmd.Start()
	resident := func() int64 { return 0 }
	if err == nil {
		resident = watchResident(cmd.Process.Pid)
		err = cmd.Wait()
	}
	r := ran{took: took{wall: time.Since(begin)}, stdout: stdout.text.Bytes(), stderr: stderr.Bytes()}
	if !stdout.at.IsZero() {
		r.first = stdout.at.Sub(begin)
	}
	if cmd.ProcessState != nil {
		r.resident = resident()
		r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		r.code = cmd.ProcessState.ExitCode()
	}
	var ended *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &ended) {
		return r, errors.Join(ctx.Err(), err)
	}
	return r, nil
}

// watchResident looks at the most memory that a process ever had resident (VmHWM of proc(5)) until the function that it returns
// is called, which says what was seen last. Of a process that has ended only ru_maxrss is left (getrusage(2)), and that counts
// what the process that started it had, too.
func watchResident(pid int) func() int64 {
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
				if _, rest, found := strings.Cut(string(status), "VmHWM:"); found {
					var kib int64
					if _, err := fmt.Sscan(rest, &kib); err == nil {
						most.Store(kib << 10)
					}
				}
			}
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond): // the kernel tells nobody
			}
		}
	}()
	return func() int64 {
		close(done)
		<-ended
		return most.Load()
	}
}

// succeed is start for a program that must end with 0.
func (b *bench) succeed(ctx context.Context, env map[string]string, program string, args ...string) (ran, error) {
	r, err := b.start(ctx, env, program, args...)
	if err == nil && r.code != 0 {
		err = fmt.Errorf("%s %s: exit %d: %s", filepath.Base(program), strings.Join(args, " "), r.code, r.stderr)
	}
	return r, err
}

func (b *bench) command(ctx context.Context, env map[string]string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "TMPDIR=" + b.dir,
		"XDG_CONFIG_HOME=" + filepath.Join(b.dir, "config"), "XDG_DATA_HOME=" + filepath.Join(b.dir, "data"),
	}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// contestant does a piece of work; i tells the runs apart.
type contestant func(ctx context.Context, i int) (took, error)

// race has everybody run in turn, so that what else the machine does hits all alike, and returns the median of each after
// one run that does not count.
func race(ctx context.Context, rounds int, contestants ...contestant) ([]took, error) {
	runs := make([][]took, len(contestants))
	for i := range rounds + 1 {
		for k, c := range contestants {
			t, err := c(ctx, i)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				runs[k] = append(runs[k], t)
			}
		}
	}
	medians := make([]took, len(contestants))
	for k := range runs {
		medians[k] = median(runs[k])
	}
	return medians, nil
}

func median(runs []took) took {
	return took{
		wall: middle(runs, func(r took) time.Duration { return r.wall }), cpu: middle(runs, func(r took) time.Duration { return r.cpu }),
		first: middle(runs, func(r took) time.Duration { return r.first }), resident: middle(runs, func(r took) int64 { return r.resident }),
	}
}

func middle[T cmp.Ordered](runs []took, of func(took) T) T {
	values := make([]T, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
