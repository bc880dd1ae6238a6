package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui"
	"github.com/sigwalk/sigwalk/tui/plain"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

func (a *app) presentCommand() *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:   "present",
		Short: "Present the workshop to an audience, from a second terminal that follows the projector",
		Long: `Present the workshop to an audience, as sigwalk --present does: large, and without secrets even when asked for them.

With --follow, in a second terminal, it shows what is for whoever presents: the notes of the step, the command and the next one,
the time that has gone and the time that was planned. Its keys work on the projector: go on, run, jump, blank, type the
command out, go on by itself at a pace of your own. Several terminals may follow; each may come and go.

With --follow --plain it is the same line by line, for screen readers: what changes is printed, and nothing else, and a key is
typed with enter behind it.`,
		Example: `  sigwalk --present            # on the projector
  sigwalk present --follow     # in a terminal of your own, on the same machine`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if follow {
				return a.follow(cmd.Context())
			}
			a.flags.present = true
			return a.openWorkshop(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "follow the projector, from another terminal of this machine")
	cmd.Flags().BoolVar(&a.flags.plain, "plain", false, "with --follow: line by line, for screen readers and simple terminals")
	return cmd
}

// presentTo runs the workshop as one that an audience sees and other terminals follow, until the person quits.
func (a *app) presentTo(ctx context.Context, dir string, opts tui.Options, run func(context.Context, tui.Options) error) error {
	projector, err := stage.Open(ctx, dir)
	if err != nil {
		return err
	}
	opts.Stage = projector
	return firstOf(run(ctx, opts), projector.Close())
}

func (a *app) follow(ctx context.Context) error {
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if a.lineByLine() {
		return plain.Follow(ctx, plain.FollowOptions{In: a.in, Out: a.out, Link: stage.Link{Dir: dir}, Width: a.width()})
	}
	if !a.onTerminal() {
		return noScreen("present --follow", "use --plain, which prints what changes, line by line")
	}
	terminal, err := a.terminal(dir)
	if err != nil {
		return err
	}
	return tui.Follow(ctx, terminal, stage.Link{Dir: dir})
}

// noScreen is the error for a command that is nothing without a screen, where there is no terminal to draw one on.
func noScreen(command, next string) error {
	return &actions.Error{Code: actions.CodeUsage, What: command + " needs a terminal", Why: "input or output is not one", Next: next}
}
