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
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
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
	// unwritten is why standard output could not be written to.
	unwritten error
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
	if err == nil && a.unwritten != nil {
		err = unprintable(a.unwritten)
	}
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
	_, _ = fmt.Fprint(a.err, builtin.Describe("sigwalk: ", err))
}

// asAction gives a sandbox's error the type that everything else speaks; the sandbox itself imports nothing of ours.
func asAction(err error) error {
	var s *sandbox.Error
	if errors.As(err, &s) {
		return &actions.Error{Code: actions.Code(s.Code), What: s.What, Why: s.Why, Next: s.Next, Err: s.Err}
	}
	return err
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "sigwalk",
		Short: "Learn to sign container images, in a terminal, with a whole Sigstore on your own machine",
		Long: `sigwalk walks you through signing a container image: copy it, trust, log in, sign, look, verify.
Without a deployment of your own it starts a complete local Sigstore first. The same lesson runs against
yours: give its addresses as flags, as the variables cosign reads, or in a configuration file.`,
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if b := a.flags.background; b != "" && b != "dark" && b != "light" {
				return usage("--background %s: the background of a terminal is dark or light", b)
			}
			return a.checkForm(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.openWorkshop(cmd.Context()) },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageNext(seeHelp(cmd), "%v", err)
	})
	root.SetHelpCommand(helpCommand(root))
	a.flags.register(root.PersistentFlags())
	root.Flags().BoolVar(&a.flags.plain, "plain", false, "no full screen: one thing after another, for screen readers and simple terminals")
	root.Flags().BoolVar(&a.flags.present, "present", false, "for a projector: large, without secrets, followed by sigwalk present --follow")
	root.AddCommand(
		a.runCommand(), a.execCommand(), a.cosignCommand(),
		a.verifyCommand(), a.explainCommand(), a.doctorCommand(), a.treeCommand(), a.browseCommand(), a.diffCommand(), a.recoverCommand(), a.pageCommand(), a.tokenCommand(),
		a.packCommand(), a.trustCommand(), a.workshopCommand(), a.presentCommand(), a.demoCommand(), a.transcriptCommand(), a.organizationCommand(), a.technicalUserCommand(), a.audienceMapperCommand(), a.ciCommand(),
		a.sandboxCommand(), a.envCommand(), a.versionCommand(),
	)
	return root
}

func newApp() *app {
	return &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, lookup: os.LookupEnv, executable: os.Executable}
}
