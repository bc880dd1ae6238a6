package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// app is one invocation of the program: its streams, what it was called as, and the flags that every subcommand shares.
type app struct {
	in       io.Reader
	out, err io.Writer
	// lookup reads the process's environment; tests give their own.
	lookup func(string) (string, bool)
	// executable is our own binary, which runs the sandbox in a process of its own.
	executable func() (string, error)

	flags flags
}

// exit is how a subcommand ends with a code of its own after it has said all there is to say.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// run runs one command line and returns the program's exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	var code exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	a.complain(err)
	return actions.ExitCode(asAction(err))
}

// complain says what, why and what next.
func (a *app) complain(err error) {
	err = asAction(err)
	if errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(a.err, "sigwalk: interrupted")
		return
	}
	_, _ = fmt.Fprintln(a.err, "sigwalk: "+err.Error())
	var what *actions.Error
	if errors.As(err, &what) && what.Next != "" {
		_, _ = fmt.Fprintln(a.err, "  next: "+what.Next)
	}
}

// asAction gives a sandbox's error the type that everything else speaks; the sandbox itself imports nothing of ours.
func asAction(err error) error {
	var s *sandbox.Error
	if errors.As(err, &s) {
		return &actions.Error{Code: actions.Code(s.Code), What: s.What, Why: s.Why, Next: s.Next, Err: s.Err}
	}
	return err
}

// usage is an error about the command line itself.
func usage(format string, args ...any) error {
	return &actions.Error{
		Code: actions.CodeUsage,
		What: fmt.Sprintf(format, args...),
		Next: "see sigwalk help",
	}
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "sigwalk",
		Short: "Learn to sign container images, in a terminal, with a whole Sigstore on your own machine",
		Long: `sigwalk walks you through signing a container image: copy it, trust, log in, sign, look, verify.
Without a deployment of your own it starts a complete local Sigstore first. The same lesson runs against
yours: give its addresses as flags, as the variables cosign reads, or in a configuration file.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return a.openWorkshop(cmd.Context()) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &actions.Error{Code: actions.CodeUsage, What: err.Error(), Next: "see " + cmd.CommandPath() + " --help"}
	})
	a.flags.register(root.PersistentFlags())
	root.Flags().BoolVar(&a.flags.plain, "plain", false, "no full screen: one thing after another, for screen readers and simple terminals")
	root.AddCommand(
		a.runCommand(), a.execCommand(), a.cosignCommand(),
		a.verifyCommand(), a.treeCommand(), a.browseCommand(),
		a.sandboxCommand(), a.envCommand(), a.versionCommand(),
	)
	for _, cmd := range root.Commands() {
		wrapArgs(cmd)
	}
	wrapArgs(root)
	return root
}

// wrapArgs makes a wrong number of arguments a usage error (exit code 2) like a wrong flag.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &actions.Error{Code: actions.CodeUsage, What: err.Error(), Next: "see " + cmd.CommandPath() + " --help"}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

func newApp() *app {
	return &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, lookup: os.LookupEnv, executable: os.Executable}
}
