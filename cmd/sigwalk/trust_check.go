package main

import (
	"context"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (a *app) trustCheckCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check IMAGE",
		Short: "Say whether the trust root knows what an image's signatures rest on: authority, logs, timestamp authority",
		Long: `Say for each signature of an image whether the certificate authority, the logs and the timestamp authority that it names
are in the trust root. That one of them is missing is the commonest failure of private deployments: the trust root is
another deployment's, or older than a change of keys. Exit code 1 when one is missing, 10 without signatures.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error { return a.checkTrust(cmd.Context(), args[0], file) },
	}
	cmd.Flags().StringVar(&file, "trusted-root", "", "`FILE` with the trust root; without it, the deployment's")
	return printing(cmd, "text", "json")
}

func (a *app) checkTrust(ctx context.Context, image, file string) error {
	p, err := a.openFor(ctx, image)
	if err != nil {
		return err
	}
	defer p.close()
	flags := materialFlags{trustedRoot: file}
	material, err := flags.material(nil)
	if err != nil {
		return err
	}
	if material == nil {
		roots, err := p.roots(actions.Discard)
		if err != nil {
			return err
		}
		material = func(ctx context.Context) (root.TrustedMaterial, error) { return roots.Material(ctx) }
	}
	trusted, err := material(ctx)
	if err != nil {
		return err
	}
	verifier, err := p.verifierWith(actions.Discard, flags)
	if err != nil {
		return err
	}
	report, err := verifier.Everything(ctx, image, verification.Policy{})
	if err != nil {
		return err
	}
	rows := verification.FootingOf(report, trusted)
	if a.flags.output == "json" {
		a.printJSON(rows)
	} else {
		a.say("%s", verification.FootingText(rows))
	}
	if len(rows) == 0 {
		return report.Verdict()
	}
	return verification.FootingError(rows)
}

func (a *app) trustDiffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff A B [IMAGE]",
		Short: "Compare two trust roots, and say which signatures of an image verify under one of them only",
		Long: `Compare two trust roots: files, or "current" for the one of the state directory. With IMAGE also say why a signature that
verified under A does not under B, or the other way round. Exit code 1 when they differ.`,
		Example: `  sigwalk trust diff old.json current
  sigwalk trust diff old.json current quay.io/org/app:1.0`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 || len(args) == 3 {
				return nil
			}
			return usageNext(seeHelp(cmd), "%s wants two trust roots, and an IMAGE or none", cmd.CommandPath())
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.diffTrust(cmd.Context(), args) },
	}
	return printing(cmd, "text", "json")
}

// diffJSON is the form of `sigwalk trust diff -o json`. Fields are added, never renamed or removed.
type diffJSON struct {
	Changes []trust.Change `json:"changes"`
	// Signatures are those of IMAGE whose verdict differs; absent without one.
	Signatures []verification.Divergence `json:"signatures,omitempty"`
}

func (a *app) diffTrust(ctx context.Context, args []string) error {
	var roots [2]*root.TrustedRoot
	for i := range roots {
		var err error
		if roots[i], err = a.rootNamed(ctx, args[i]); err != nil {
			return err
		}
	}
	out := diffJSON{Changes: trust.Diff(trust.Describe(roots[0]), trust.Describe(roots[1]))}
	if len(args) == 3 {
		var err error
		if out.Signatures, err = a.underBoth(ctx, args[2], roots); err != nil {
			return err
		}
	}
	if a.flags.output == "json" {
		a.printJSON(out)
	} else {
		a.printDiff(out, args)
	}
	if len(out.Changes) > 0 {
		return exit(1)
	}
	return nil
}

func (a *app) printDiff(d diffJSON, args []string) {
	a.say("%s", trust.ChangesText(d.Changes))
	if len(args) > 2 {
		a.say("%s", verification.DivergenceText(d.Signatures, args[2], args[0], args[1]))
	}
}

// underBoth verifies the signatures of an image, whoever made them, under each of two trust roots.
func (a *app) underBoth(ctx context.Context, image string, roots [2]*root.TrustedRoot) ([]verification.Divergence, error) {
	p, err := a.openFor(ctx, image)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var reports [2]*verification.Report
	for i, trusted := range roots {
		verifier, err := p.verifierUnder(actions.Discard, trusted)
		if err != nil {
			return nil, err
		}
		if reports[i], err = verifier.List(ctx, image); err != nil {
			return nil, err
		}
	}
	return verification.Diverging(reports[0], reports[1]), nil
}
