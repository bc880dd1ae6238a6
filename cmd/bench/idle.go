//go:build bench && linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"

	world "github.com/sigwalk/sigwalk/workshop/sandbox"
)

const (
	// settle is how long a lesson has been open before it counts as idle, idleFor how long it is watched then.
	settle  = 5 * time.Second
	idleFor = 20 * time.Second
	// idleMost is what nobody sees: hundredths of a processor.
	idleMost = 1.0
)

// idle measures the processor time of a lesson that is open, with its checks in the background, while nobody does anything: of
// the program that draws it, and of its sandbox.
func (b *bench) idle(ctx context.Context) error {
	dir := filepath.Join(b.dir, "idle")
	running, quit := context.WithTimeout(ctx, patience+settle+idleFor)
	defer quit()
	cmd := b.command(running, map[string]string{"TERM": "xterm-256color"}, b.sigwalk, "--dir", dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return err
	}
	defer func() { _ = terminal.Close() }()
	drawn := make(chan struct{})
	go func() {
		var output []byte
		chunk, waiting := make([]byte, 64<<10), true
		for {
			n, err := terminal.Read(chunk)
			if err != nil {
				return
			}
			answer(terminal, chunk[:n])
			if output = append(output, chunk[:n]...); waiting && lessonFrame(output) {
				waiting = false
				close(drawn)
			}
		}
	}()
	select {
	case <-drawn:
	case <-running.Done():
		return errors.New("the lesson was not drawn")
	}
	status, err := world.StatusOf(running, dir)
	if err != nil {
		return err
	}
	time.Sleep(settle)
	for _, of := range []struct {
		what string
		pid  int
	}{{"idle lesson", cmd.Process.Pid}, {"its sandbox meanwhile", status.PID}} {
		began := time.Now()
		before, err := processorTime(of.pid)
		if err != nil {
			return err
		}
		time.Sleep(idleFor)
		used, err := processorTime(of.pid)
		if err != nil {
			return err
		}
		percent := 100 * float64(used-before) / float64(time.Since(began))
		b.table.line(of.what, fmt.Sprintf("%.2f %% of a processor", percent), "", "", aim(percent <= idleMost, fmt.Sprintf("%g %%", idleMost)))
	}
	quit()
	_ = cmd.Wait() // it was told to end
	return b.gone(ctx, dir)
}

// tick is the unit of the times in /proc, USER_HZ, which is the same on every Linux that Go runs on.
const tick = time.Second / 100

// processorTime is what a process has used so far, in user and in system mode (proc_pid_stat(5)).
func processorTime(pid int) (time.Duration, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(file)
	if err != nil {
		return 0, err
	}
	// The name in brackets may hold anything; utime and stime are the 12th and 13th field behind it.
	_, behind, _ := bytes.Cut(text[max(0, bytes.LastIndexByte(text, ')')):], []byte(")"))
	fields := strings.Fields(string(behind))
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s says nothing of times", file.Name())
	}
	var all time.Duration
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		all += time.Duration(ticks) * tick
	}
	return all, nil
}
