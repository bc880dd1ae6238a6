package main

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions/explain"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "Explain a code or a check, or the output of a command that failed",
		Long: `Explain what a code or a check of ` + "`sigwalk verify --explain`" + ` means: one sentence, why, what to do. Without a code it
reads the output of a command that failed, of cosign, skopeo, podman, crane or oras, from standard input, and names the
likely cause, the evidence and what to try next:

  cosign verify ... 2>&1 | sigwalk explain

Exit code 1 when nothing in it is known.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.explainCodes(args)
			}
			if in, ok := a.in.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
				return usageNext("sigwalk explain CODE, or COMMAND 2>&1 | sigwalk explain", "explain what? Name a code, or give the output of a command on standard input")
			}
			return a.explainOutput(cmd)
		},
	}
	return printing(cmd, "text", "json")
}

func (a *app) explainCodes(codes []string) error {
	entries, err := explain.Entries(codes)
	if err != nil {
		for _, code := range codes {
			if _, statErr := os.Stat(code); statErr == nil {
				return usageNext("sigwalk browse "+code+" for a bundle, sigwalk explain < "+code+" for what a command printed", "%s is a file, and no code", code)
			}
		}
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(entries)
		return nil
	}
	a.say("%s", explain.Text(entries))
	return nil
}

func (a *app) explainOutput(cmd *cobra.Command) error {
	causes, err := explain.Output(cmd.Context(), a.in)
	if causes == nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(causes)
	} else {
		a.say("%s", explain.CausesText(causes))
	}
	return err
}
