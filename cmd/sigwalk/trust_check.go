package main

import (
	"context"
	"fmt"
	"strings"

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

// coverageJSON is one row of `sigwalk trust check -o json`. Fields are added, never renamed or removed.
type coverageJSON struct {
	LogIndex *int64                `json:"logIndex"`
	Kind     verification.Kind     `json:"kind"`
	Subject  string                `json:"subject"`
	Issuer   string                `json:"issuer"`
	Verified bool                  `json:"verified"` // for any identity
	Anchors  []verification.Anchor `json:"anchors"`
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
	rows, missing := []coverageJSON{}, 0
	for _, s := range report.Rows() {
		if s.Kind == verification.KindSBOM {
			continue
		}
		row := coverageJSON{s.LogIndex, s.Kind, s.Subject, s.Issuer, s.Verified, s.Anchors(trusted)}
		for _, anchor := range row.Anchors {
			if !anchor.Known {
				missing++
			}
		}
		rows = append(rows, row)
	}
	if a.flags.output == "json" {
		a.printJSON(rows)
	} else {
		a.printCoverage(rows)
	}
	switch {
	case len(rows) == 0:
		return report.Verdict()
	case missing > 0:
		return &actions.Error{
			Code: actions.CodeTrustRoot, What: fmt.Sprintf("the trust root lacks %s", plural(missing, "thing")+" that the signatures rest on"),
			Next: "run `cosign initialize` for the deployment that signed, or compare with its trust root: sigwalk trust diff current FILE",
		}
	}
	return nil
}

func (a *app) printCoverage(rows []coverageJSON) {
	for _, row := range rows {
		index := "-"
		if row.LogIndex != nil {
			index = fmt.Sprint(*row.LogIndex)
		}
		who := row.Subject
		if who == "" {
			who = "a key pair"
		}
		a.say("%s\n", strings.Join(printable([]string{index, string(row.Kind), who, row.Issuer}), "  "))
		for _, anchor := range row.Anchors {
			if anchor.Known {
				a.say("  ok       %-21s  %s  <- %s\n", anchor.Part, printable([]string{anchor.Name})[0], printable([]string{anchor.Entry})[0])
			} else {
				a.say("  x lacks  %-21s  %s\n", anchor.Part, printable([]string{anchor.Name})[0])
			}
		}
	}
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
	Signatures []verdictJSON `json:"signatures,omitempty"`
}

// verdictJSON is a signature under both trust roots.
type verdictJSON struct {
	LogIndex *int64 `json:"logIndex"`
	Subject  string `json:"subject"`
	Issuer   string `json:"issuer"`
	// A and B are empty where it verified under that root, and else why not.
	A string `json:"a"`
	B string `json:"b"`
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
	if len(d.Changes) == 0 {
		a.say("the two trust roots hold the same\n")
	}
	for _, c := range d.Changes {
		a.say("%s %s: %s\n", c.What, c.Part, printable([]string{c.Name})[0])
		if c.Name != c.ID {
			a.say("  id      %s\n", c.ID)
		}
		if c.Before != nil {
			a.say("  before  %s\n", c.Before)
		}
		if c.After != nil {
			a.say("  after   %s\n", c.After)
		}
		a.say("  means   %s\n", c.Means)
	}
	if len(args) < 3 {
		return
	}
	if len(d.Signatures) == 0 {
		a.say("\nevery signature of %s has the same verdict under both\n", args[2])
	}
	for _, s := range d.Signatures {
		index := "-"
		if s.LogIndex != nil {
			index = fmt.Sprint(*s.LogIndex)
		}
		a.say("\n%s\n", strings.Join(printable([]string{index, s.Subject, s.Issuer}), "  "))
		for _, side := range []struct{ name, why string }{{args[0], s.A}, {args[1], s.B}} {
			if side.why == "" {
				a.say("  verified under %s\n", side.name)
			} else {
				a.say("  not under %s: %s\n", side.name, printable([]string{side.why})[0])
			}
		}
	}
}

// underBoth verifies the signatures of an image, whoever made them, under each of two trust roots.
func (a *app) underBoth(ctx context.Context, image string, roots [2]*root.TrustedRoot) ([]verdictJSON, error) {
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
	var differ []verdictJSON
	for i := range reports[0].Signatures {
		first := &reports[0].Signatures[i]
		for j := range reports[1].Signatures {
			second := &reports[1].Signatures[j]
			if first.Manifest != second.Manifest || first.Position != second.Position || first.Verified == second.Verified {
				continue
			}
			v := verdictJSON{LogIndex: first.LogIndex, Subject: first.Subject, Issuer: first.Issuer}
			if !first.Verified {
				v.A = first.Reason.Error()
			}
			if !second.Verified {
				v.B = second.Reason.Error()
			}
			differ = append(differ, v)
		}
	}
	return differ, nil
}
