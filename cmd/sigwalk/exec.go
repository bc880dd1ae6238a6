package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"mvdan.cc/sh/v3/syntax"

	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

func (a *app) execCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "exec -- LINE",
		Short: "Run one line of the workshop shell; exit code and streams are the line's own",
		Example: `  sigwalk exec -- 'source ./copy-image-to-quay.sh; cosign initialize'
  sigwalk exec -- 'cosign verify --certificate-identity=user1@demo.redhat.com $IMAGE | jq'`,
		Args: aLine,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.line(cmd.Context(), strings.Join(args, " "))
		},
	}
}

// cosignCommand passes its arguments on as they are: flags after cosign are cosign's.
func (a *app) cosignCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "cosign [--dir DIR] ARGUMENT...",
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
			return a.line(cmd.Context(), strings.Join(words, " "))
		},
	}
}

// takeOwnFlags takes --dir and --config from the front of the arguments; all that follows is cosign's.
func (a *app) takeOwnFlags(cmd *cobra.Command, args []string) ([]string, error) {
	own := 0
	for own < len(args) {
		name, _, joined := strings.Cut(args[own], "=")
		if name != "--dir" && name != "--config" && name != "--ca-file" {
			break
		}
		own++
		if !joined {
			own++
		}
	}
	own = min(own, len(args))
	if err := cmd.Root().PersistentFlags().Parse(args[:own]); err != nil {
		return nil, usage("%v", err)
	}
	return args[own:], nil
}

func (a *app) line(ctx context.Context, line string) error {
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	sh, err := p.shell(identity.OpenBrowser)
	if err != nil {
		return err
	}
	defer func() { _ = sh.Close() }()
	observer := newTerminalObserver(a.in, a.err)
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
