package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/ci"
)

func (a *app) ciCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ci",
		Short: "Write a pipeline that signs an image, or find what is wrong in one",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.ciWriteCommand(ci.GitHub, ci.GitHubIssuer, "a workflow for GitHub Actions", ".github/workflows/sign.yaml"),
		a.ciWriteCommand(ci.GitLab, ci.GitLabIssuer, "a pipeline for GitLab CI", ".gitlab-ci.yml"),
		a.ciLintCommand(),
	)
	return cmd
}

func (a *app) ciWriteCommand(system, issuer, what, file string) *cobra.Command {
	settings := ci.Settings{Issuer: issuer, Cosign: ci.CosignVersion}
	cmd := &cobra.Command{
		Use:   system,
		Short: "Write " + what + " that builds, signs and verifies at the deployment in force",
		Long: `Write ` + what + ` that builds an image, pushes it, signs its digest with the identity that the CI system
vouches for, and verifies it: with the addresses of the deployment in force, the trust root pinned by its checksum, and
comments. Fulcio is asked for whom the token must be. Nothing in it is secret. Without a deployment, and without a sandbox that
runs, it is written for public Sigstore.`,
		Example: fmt.Sprintf("  sigwalk ci %s > %s\n  sigwalk ci %s --image quay.example.com/team/app", system, file, system),
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.writePipeline(cmd.Context(), system, settings) },
	}
	flags := cmd.Flags()
	flags.StringVar(&settings.Image, "image", "", "repository to push to, without a tag; without it, the CI system's own registry")
	flags.StringVar(&settings.Issuer, "ci-issuer", issuer, "issuer of the CI system's tokens, for a server of your own")
	flags.StringVar(&settings.Audience, "audience", "", "for whom the token must be; without it, Fulcio is asked")
	return cmd
}

func (a *app) writePipeline(ctx context.Context, system string, settings ci.Settings) error {
	if err := checkRepository(settings.Image); err != nil {
		return err
	}
	p, err := a.openAsItIs(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	settings.Endpoints = p.env.Endpoints()
	if settings.Audience == "" {
		transport, err := p.transport(actions.Discard)
		if err != nil {
			return err
		}
		audience, remark, err := ci.Audience(ctx, &http.Client{Transport: transport}, settings)
		if err != nil {
			return err
		}
		settings.Audience = audience
		if remark != "" {
			a.note("%s", remark)
		}
	}
	if settings.Endpoints.Fulcio != "" && settings.Endpoints.TUFRootChecksum == "" {
		a.note("the checksum of the first trust root is not known, so the pipeline does not pin it: give --root-checksum")
	}
	text, err := ci.Write(system, settings)
	if err != nil {
		return err
	}
	a.say("%s", text)
	return nil
}

func (a *app) ciLintCommand() *cobra.Command {
	var options ci.Options
	cmd := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Find the traps in a pipeline that signs: the line, why it matters, what to write instead",
		Long: `Find what goes wrong, or goes another way than it seems to, in workflows of GitHub Actions and pipelines of GitLab CI:
tags that are signed, tokens that are for somebody else, variables that cosign does not read, trust roots that are not
pinned, secrets where others see them. What it cannot see, such as a reusable workflow or an included file, it leaves alone.
- is standard input. Exit code 1 when something was found.`,
		Example: `  sigwalk ci lint .github/workflows/*.yaml
  sigwalk ci lint --audience trusted-artifact-signer .gitlab-ci.yml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageNext(seeHelp(cmd), "%s needs a FILE", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.lintPipelines(args, options) },
	}
	cmd.Flags().StringVar(&options.Audience, "audience", "", "the client that Fulcio's configuration names for the CI system")
	return printing(cmd, "text", "json")
}

// findingJSON is one row of `sigwalk ci lint -o json`. Fields are added, never renamed or removed.
type findingJSON struct {
	File string `json:"file"`
	ci.Finding
}

func (a *app) lintPipelines(files []string, options ci.Options) error {
	rows := []findingJSON{}
	for _, file := range files {
		found, err := a.lintPipeline(file, options)
		if err != nil {
			return err
		}
		for _, f := range found {
			rows = append(rows, findingJSON{file, f})
		}
		if a.flags.output != "json" {
			a.say("%s", ci.Text(file, found))
		}
	}
	if a.flags.output == "json" {
		a.printJSON(rows)
	}
	if len(rows) > 0 {
		return exit(1)
	}
	return nil
}

func (a *app) lintPipeline(file string, options ci.Options) ([]ci.Finding, error) {
	in := a.in
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, usage("%s cannot be read: %v", file, errors.Unwrap(err))
		}
		defer func() { _ = opened.Close() }()
		in = opened
	}
	found, err := ci.Lint(in, options)
	var failure *actions.Error
	if errors.As(err, &failure) {
		failure.What = file + ": " + failure.What
	} else if err != nil {
		err = usage("%s cannot be read: %v", file, cmp.Or(errors.Unwrap(err), err))
	}
	return found, err
}

// note says something beside the result.
func (a *app) note(format string, args ...any) {
	_, _ = io.WriteString(a.err, "sigwalk: "+fmt.Sprintf(format, args...)+"\n")
}

// checkRepository refuses what no image can be pushed to, or what has a tag already.
func checkRepository(image string) error {
	if image == "" {
		return nil
	}
	if _, err := name.NewRepository(image, name.StrictValidation); err != nil {
		return usageNext("write HOST/PATH, such as quay.example.com/team/app: the pipeline adds tag and digest",
			"--image %s is no repository of a registry", image)
	}
	return nil
}
