// Command sigwalk is a workshop companion for signing container images.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// It puts the first garbage collection off until the program has started.
	_ "github.com/sigwalk/sigwalk/cmd/sigwalk/latergc"

	// It keeps the terminal library from questioning the terminal while packages initialise.
	"github.com/sigwalk/sigwalk/tui/quietterm"
)

func main() {
	quietterm.Restore()
	os.Exit(start())
}

func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second signal ends a program that does not end by itself.
	context.AfterFunc(ctx, stop)
	return newApp().run(ctx, os.Args[1:])
}
