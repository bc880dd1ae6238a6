package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/changes"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (a *app) diffCommand() *cobra.Command {
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "diff IMAGE",
		Short: "Say what was signed, lost or moved since the last look at an image",
		Long: `Say what was signed, lost or moved since the last look at an image: everything that is attached counts, whoever signed
it. The look is kept below --dir and takes the place of the last one; the first look has nothing to compare with. A tag that
was moved leads to another digest, whose signatures are others.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.openFor(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer p.close()
			verifier, err := p.verifier(actions.Discard)
			if err != nil {
				return err
			}
			store := changes.Store{Dir: filepath.Join(p.dir, "looks")}
			before, seen, err := store.Last(args[0])
			if err != nil {
				return err
			}
			report, err := verifier.Everything(cmd.Context(), args[0], verification.Policy{})
			if err != nil {
				return err
			}
			now := changes.LookOf(report, time.Now())
			if !seen {
				before = changes.Look{Digest: now.Digest, Rows: now.Rows, At: now.At}
			}
			d := changes.Compare(before, now)
			a.printLookDiff(args[0], now, d, seen)
			if a.unwritten != nil {
				return nil // nobody read it: the next look shall show it again
			}
			if err := store.Keep(now); err != nil {
				return err
			}
			if exitCode && !d.None() {
				return exit(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "end with 1 when something is different")
	return printing(cmd, "text", "json")
}

// lookDiffJSON is the form of `sigwalk diff -o json`. It is stable: fields are added, never renamed or removed.
type lookDiffJSON struct {
	Image  string `json:"image"`
	Digest string `json:"digest"`
	First  bool   `json:"first"` // there was no look before
	changes.Diff
}

func (a *app) printLookDiff(image string, now changes.Look, d changes.Diff, seen bool) {
	switch {
	case a.flags.output == "json":
		a.printJSON(lookDiffJSON{image, now.Digest, !seen, d})
	case !seen:
		a.say("first look at %s: what the next one is compared with\n", now.Digest)
		for _, row := range now.Rows {
			a.say("%s\n", printable.Line(row.Line(), ' '))
		}
	case d.None():
		a.say("nothing is different since %s\n", d.Since.Format(time.RFC3339))
	default:
		a.say("since %s\n", d.Since.Format(time.RFC3339))
		for _, line := range eachPrintable(d.Lines()) {
			a.say("%s\n", line)
		}
	}
}
