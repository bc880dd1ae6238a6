package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/explain"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "Explain a code or a check, or the output of a command that failed",
		Long: `Explain what a code or a check of ` + "`sigwalk verify --explain`" + ` means: one sentence, why, what to do. Without a code it
reads the output of a command that failed, cosign's or skopeo's, from standard input, and names the likely cause, the
evidence and what to try next:

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

// entryJSON is one code in the form of `sigwalk explain CODE -o json`. Fields are added, never renamed or removed.
type entryJSON struct {
	Code actions.Code `json:"code"`
	What string       `json:"what"`
	Why  string       `json:"why"`
	Next string       `json:"next"`
}

func (a *app) explainCodes(codes []string) error {
	entries := []entryJSON{}
	for _, code := range codes {
		entry, ok := explain.Code(actions.Code(code))
		if !ok {
			next := "every code that sigwalk prints has an explanation: copy it as it stands"
			if near := explain.Near(actions.Code(code)); len(near) > 0 {
				names := make([]string, len(near))
				for i, n := range near {
					names[i] = string(n)
				}
				next = "did you mean " + strings.Join(names, ", ") + "?"
			}
			return usageNext(next, "there is no code %q", code)
		}
		entries = append(entries, entryJSON(entry))
	}
	if a.flags.output == "json" {
		a.printJSON(entries)
		return nil
	}
	for i, e := range entries {
		if i > 0 {
			a.say("\n")
		}
		a.say("%s: %s\n  why:  %s\n  next: %s\n", e.Code, e.What, e.Why, e.Next)
	}
	return nil
}

// causeJSON is one cause in the form of `sigwalk explain -o json`.
type causeJSON struct {
	Code     actions.Code `json:"code"`
	Cause    string       `json:"cause"`
	Evidence string       `json:"evidence"`
	Next     string       `json:"next"`
	Reported string       `json:"reported,omitempty"`
}

func (a *app) explainOutput(cmd *cobra.Command) error {
	causes, err := explain.Output(cmd.Context(), a.in)
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		out := make([]causeJSON, len(causes))
		for i, c := range causes {
			out[i] = causeJSON{c.Code, c.What, c.Evidence, c.Next, c.Reported}
		}
		a.printJSON(out)
	}
	if len(causes) == 0 {
		return &actions.Error{
			Code: actions.CodeNotVerified,
			What: "nothing in this output is known",
			Why:  "it holds none of the messages in the catalogue",
			Next: "give all of it, standard error included (2>&1); for an image, sigwalk verify IMAGE --explain looks for itself",
		}
	}
	if a.flags.output == "json" {
		return nil
	}
	for i, c := range causes {
		if i > 0 {
			a.say("\n")
		}
		a.say("%s\n  evidence: %s\n  next:     %s\n  more:     sigwalk explain %s\n", c.What, c.Evidence, c.Next, c.Code)
		if c.Reported != "" {
			a.say("  reported: %s\n", c.Reported)
		}
	}
	return nil
}
