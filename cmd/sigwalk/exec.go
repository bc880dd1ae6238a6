package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

func (a *app) execCommand() *cobra.Command {
	trace := ""
	cmd := &cobra.Command{
		Use:   "exec [--trace FILE] -- LINE",
		Short: "Run one line of the workshop shell; exit code and streams are the line's own",
		Example: `  sigwalk exec -- 'source ./copy-image-to-quay.sh; cosign initialize'
  sigwalk exec -- 'cosign verify --certificate-identity=user1@demo.redhat.com $IMAGE | jq'
  sigwalk exec --trace trace.json -- 'cosign sign $IMAGE'`,
		Args: aLine,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.line(cmd.Context(), strings.Join(args, " "), trace)
		},
	}
	cmd.Flags().StringVar(&trace, "trace", "", traceUsage)
	return cmd
}

const traceUsage = "a new file for a trace, in JSON: every stage with its time, what it made, and its network calls"

// cosignCommand passes its arguments on as they are: flags after cosign are cosign's.
func (a *app) cosignCommand() *cobra.Command {
	trace := ""
	cmd := &cobra.Command{
		Use:                "cosign [--dir DIR] [--trace FILE] ARGUMENT...",
		Short:              "Short for exec -- cosign ...; the arguments are cosign's own",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := a.takeOwnFlags(cmd, args)
			if err != nil {
				return err
			}
			words := []string{"cosign"}
			for _, arg := range args {
				quoted, err := syntax.Quote(arg, syntax.LangPOSIX)
				if err != nil {
					return usage("argument %q: %v", arg, err)
				}
				words = append(words, quoted)
			}
			return a.line(cmd.Context(), strings.Join(words, " "), trace)
		},
	}
	cmd.Flags().StringVar(&trace, "trace", "", traceUsage)
	return cmd
}

// ownFlags are those that may stand before cosign's.
func ownFlags() []string {
	return []string{"--dir", "--config", "--ca-file", "--trace", "--on", "--kubeconfig", "--context", "--namespace", "--securesign"}
}

// takeOwnFlags takes ownFlags from the front of the arguments; all that follows is cosign's.
func (a *app) takeOwnFlags(cmd *cobra.Command, args []string) ([]string, error) {
	own := 0
	for own < len(args) {
		name, _, joined := strings.Cut(args[own], "=")
		if !slices.Contains(ownFlags(), name) {
			break
		}
		own++
		if !joined {
			own++
		}
	}
	own = min(own, len(args))
	ours := pflag.NewFlagSet("cosign", pflag.ContinueOnError)
	ours.AddFlagSet(cmd.Root().PersistentFlags())
	ours.AddFlagSet(cmd.Flags())
	if err := ours.Parse(args[:own]); err != nil {
		return nil, usage("%v", err)
	}
	return args[own:], nil
}

// line runs a line, and writes a trace of it to the file trace unless that is empty. The file is there before the line runs,
// so that nothing is done of which the trace cannot be kept.
func (a *app) line(ctx context.Context, line, trace string) (err error) {
	observer := actions.Observer(newTerminalObserver(a.in, a.err))
	if trace != "" {
		recorder, save, err := recordTo(trace, observer)
		if err != nil {
			return err
		}
		observer = recorder
		defer func() {
			if failed := save(); err == nil {
				err = failed
			}
		}()
	}
	return a.lineWith(ctx, line, observer)
}

func (a *app) lineWith(ctx context.Context, line string, observer actions.Observer) error {
	p, err := a.openToWalk(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	sh, err := p.shell(identity.OpenBrowser)
	if err != nil {
		return err
	}
	defer func() { _ = sh.Close() }()
	result, err := sh.Run(ctx, line, shell.Streams{In: a.in, Out: a.out, Err: a.err}, observer)
	if err != nil {
		return err
	}
	if err := p.saveVariables(); err != nil {
		return err
	}
	if result.ExitCode != 0 {
		return exit(result.ExitCode)
	}
	return nil
}
