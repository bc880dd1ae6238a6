package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
)

// usage is an error about the command line itself.
func usage(format string, args ...any) error {
	return usageNext("see sigwalk help", format, args...)
}

func usageNext(next, format string, args ...any) error {
	return &actions.Error{Code: actions.CodeUsage, What: fmt.Sprintf(format, args...), Next: next}
}

func seeHelp(cmd *cobra.Command) string { return "see " + cmd.CommandPath() + " --help" }

// noArguments refuses arguments. One where a subcommand is wanted is taken for a misspelt name.
func noArguments(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasAvailableSubCommands():
		return usageNext(seeHelp(cmd), "%s takes no arguments, and got %q", cmd.CommandPath(), args[0])
	}
	next := seeHelp(cmd)
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		next = "did you mean " + cmd.CommandPath() + " " + strings.Join(like, ", or ") + "? Else " + next
	}
	return usageNext(next, "there is no command %s %s", cmd.CommandPath(), args[0])
}

// oneImage wants the name of one image.
func oneImage(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] != "" {
		return nil
	}
	got := "none"
	if len(args) > 1 {
		got = fmt.Sprint(len(args))
	}
	return usageNext(seeHelp(cmd), "%s wants one IMAGE, such as 127.0.0.1:5000/demo:latest, and got %s", cmd.CommandPath(), got)
}

// aLine wants a line for the shell.
func aLine(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return usageNext("give one, such as: sigwalk exec -- 'echo $IMAGE'", "%s wants a LINE to run", cmd.CommandPath())
}

// formsKey marks the commands that print a result with the forms that it may have.
const formsKey = "forms"

// printing says which forms of --output a command has; the first is what text, the default, stands for.
func printing(cmd *cobra.Command, forms ...string) *cobra.Command {
	cmd.Annotations = map[string]string{formsKey: strings.Join(forms, " ")}
	return cmd
}

// checkForm refuses a form that the command does not have, before anything is done.
func (a *app) checkForm(cmd *cobra.Command) error {
	forms := strings.Fields(cmd.Annotations[formsKey])
	if a.flags.output == "text" || slices.Contains(forms, a.flags.output) {
		return nil
	}
	if len(forms) == 0 {
		return usageNext(seeHelp(cmd), "--output %s: %s prints no result that has another form than text", a.flags.output, cmd.CommandPath())
	}
	if !slices.Contains(forms, "text") {
		forms = append([]string{"text"}, forms...)
	}
	return usageNext("choose one of "+strings.Join(forms, ", "), "--output %s is no form of %s", a.flags.output, cmd.CommandPath())
}

// helpCommand is cobra's, but for a topic that does not exist: that is wrong usage.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noArguments(root, args)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
