//go:build bench

// Command bench measures sigwalk beside the tools that do the same work, on one machine in one run, and prints a table.
// `make bench` builds what it needs and runs it; docs/performance.md says how to read it.
//
// Before anything is timed, and again in every timed run, it is checked that the tools agree: the same verdict, the same
// digest, a signature that is there. A number that cannot be had ends the program with an error; a slow one does not.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

// bench is what every measurement needs.
type bench struct {
	sigwalk, cosign, crane, skopeo string // the programs' paths

	dir   string // a temporary directory, which is also everybody's home
	table *table
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{table: &table{out: os.Stdout}}
	for _, program := range []struct {
		path *string
		name string
	}{{&b.sigwalk, "sigwalk"}, {&b.cosign, "cosign"}, {&b.crane, "crane"}, {&b.skopeo, "skopeo"}} {
		flag.StringVar(program.path, program.name, program.name, "path of "+program.name)
	}
	only := flag.String("only", "", "regular expression: which parts to measure; empty for all")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	for _, path := range []*string{&b.sigwalk, &b.cosign, &b.crane, &b.skopeo} {
		if *path, err = find(*path); err != nil {
			return err
		}
	}
	if b.dir, err = os.MkdirTemp("", "sigwalk-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()

	if err := b.heading(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"size", b.size},
		{"frames", b.frames},
		{"idle", b.idle},
		{"sandbox", b.sandboxes},
		{"sign", b.signing},
		{"copy", b.copying},
		{"verify", b.verifying},
		{"tree", b.trees},
		{"views", b.views},
	} {
		if !wanted.MatchString(part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// size is that of the program, as it is installed.
func (b *bench) size(context.Context) error {
	info, err := os.Stat(b.sigwalk)
	if err != nil {
		return err
	}
	b.table.line("size of the program", fmt.Sprintf("%d MB", info.Size()/1e6), "", "", aim(float64(info.Size()) <= 150e6, "150 MB"))
	return nil
}

// home makes a directory of the given name that only this benchmark uses.
func (b *bench) home(name string) (string, error) {
	dir := filepath.Join(b.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}
