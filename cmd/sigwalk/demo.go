package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/tui"
	"github.com/sigwalk/sigwalk/workshop/recording"
)

func (a *app) demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Record the workshop, and play a recording where there is no network",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.demoRecord(), a.demoPlay())
	return cmd
}

func (a *app) demoRecord() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "record FILE",
		Short: "Open the workshop and keep what it shows, or a talk, as an asciicast",
		Long: `Open the workshop, as sigwalk does, and keep in FILE what its screens show, with times and a marker for each step. The
format is asciicast, version 2, which asciinema plays, too.

Secrets are dots before they are kept, as in a transcript; what a shell (s) or a raw view (Y) writes to the terminal is not kept at
all. A password that you type into a command yourself stands there as you typed it. FILE is never overwritten.

With --present it is a talk that is recorded: this terminal is the projector, which sigwalk present --follow follows, and what is
kept is what the audience sees, blank where you blank it.`,
		Example: `  sigwalk demo record first-lesson.cast
  sigwalk demo record --present talk.cast`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.flags.record = args[0]
			return a.openWorkshop(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&a.flags.present, "present", false, "present it to an audience, as sigwalk --present does")
	return cmd
}

func (a *app) demoPlay() *cobra.Command {
	return &cobra.Command{
		Use:   "play FILE",
		Short: "Play a recording, marked as one, without any network",
		Long: `Play a recording that sigwalk demo record or asciinema has made (asciicast, version 2 or 3). Its first line says that it is
one, of when, and where it is. No connection is opened. What the recording writes is drawn by a terminal of its own inside the
program, so that a file from elsewhere can do nothing to yours.`,
		Example: `  sigwalk demo play first-lesson.cast`,
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := recording.Read(args[0])
			if err != nil {
				return err
			}
			if !a.onTerminal() {
				return noScreen("demo play", "play it in a terminal, or with another player of asciicasts")
			}
			terminal, err := a.terminal(os.TempDir())
			if err != nil {
				return err
			}
			terminal.Stray, terminal.Open = "", nil
			return tui.Replay(cmd.Context(), terminal, r)
		},
	}
}

// recordTo shows the workshop until the person quits, and keeps in a new file, the one of a.flags.record, what it shows.
func (a *app) recordTo(ctx context.Context, opts tui.Options) error {
	path := a.flags.record
	if !a.onTerminal() {
		return noScreen("demo record", "record in a terminal; sigwalk run walks the course without one")
	}
	width, height, err := term.GetSize(int(opts.Out.Fd()))
	if err != nil {
		return fmt.Errorf("ask the terminal for its size: %w", err)
	}
	writer, err := recording.Create(path, opts.Course.Title, width, height-tui.ReservedLines, time.Now())
	if err != nil {
		return err
	}
	opts.Record = writer
	err = tui.Run(ctx, opts)
	if err = firstOf(err, writer.Close()); err == nil {
		a.say("%s\n", path)
	}
	return err
}
