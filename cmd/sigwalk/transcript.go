package main

import (
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/workshop/transcript"
)

func (a *app) transcriptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "transcript [FILE]",
		Short: "Print what you have run in the course, with times, exit codes and results, as Markdown",
		Long: `Print what was run in the course by the workshop's screen or --plain: each line with its time, exit code, results and
output. Secrets were taken out before it was kept. With FILE it is written there; a file that is there is never overwritten.`,
		Example: `  sigwalk transcript > what-i-did.md
  sigwalk transcript -o json | jq '.[] | select(.exit != 0) | .line'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.showTranscript(args) },
	}
	return printing(cmd, "text", "markdown", "json")
}

func (a *app) showTranscript(args []string) error {
	course, err := a.course()
	if err != nil {
		return err
	}
	dir, err := a.dirName()
	if err != nil {
		return err
	}
	progress, err := a.progressDir(dir)
	if err != nil {
		return err
	}
	entries, broken, err := transcript.Read(transcriptFile(progress))
	if err != nil {
		return err
	}
	if broken > 0 {
		a.tell("%d lines of the transcript cannot be read, and are left out", broken)
	}
	text := transcript.Markdown(course.Title, course.Titles(), entries)
	switch {
	case a.flags.output == "json" && len(args) > 0:
		return usage("FILE is written as Markdown: leave out -o json, or redirect its output")
	case a.flags.output == "json":
		a.printJSON(append([]transcript.Entry{}, entries...))
	case len(args) > 0:
		if err := transcript.WriteNew(args[0], text); err != nil {
			return err
		}
		a.say("%s\n", args[0])
	default:
		a.say("%s", text)
	}
	return nil
}
