package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/export"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

func (a *app) verifyCommand() *cobra.Command {
	var asked own.PolicyFlags
	var show shown
	var alone bundleFlags
	var material materialFlags
	var packed string
	var watch watchFlags
	cmd := &cobra.Command{
		Use:   "verify IMAGE | verify --pack FILE | verify --bundle FILE --artifact FILE|sha256:HEX",
		Short: "Verify an image and print its signatures as a table keyed by log index",
		Long: `Verify an image and print the signatures that verified as a table keyed by log index; --all prints the others
too, with the reason, and --explain every check of each. -o json, markdown and html write everything that was found with
every check; -o cosign what cosign verify prints. The flags have cosign's names and meanings. Exit codes: 0 at least
one signature matches, 10 no signature, 11 no such tag, 12 no match. (cosign keeps 13 for a signature without a certificate,
and ends with 12 there; so does sigwalk, with the code no-certificate as that signature's reason.)

IMAGE is in a registry, or on the disk with skopeo's names: oci:DIR[:TAG] for an OCI layout, oci-archive:FILE[:TAG] for
one in a tar. What cosign save, oras and others keep beside an image there is found, and no log is asked.

With --pack it verifies an archive that sigwalk pack wrote, where no network is used at all. The trust root that came with
it is used unless --trusted-root names another.

With --bundle it verifies a Sigstore bundle that stands alone (version 0.1 to 0.3, over a file or an attestation about it)
and explains it; exit code 0 only when it verifies.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if alone.bundle != "" || packed != "" {
				return nil
			}
			return oneImage(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := watch.check(a.flags.output, packed != "" || alone.bundle != ""); err != nil {
				return err
			}
			spendMemory()
			policy, err := asked.Policy()
			if err != nil {
				return err
			}
			if packed != "" {
				if alone.bundle != "" || alone.artifact != "" {
					return usage("--pack and --bundle contradict each other")
				}
				return a.verifyPack(cmd, packed, args, policy, show, material)
			}
			if alone.bundle != "" {
				return a.verifyBundle(cmd, args, policy, alone, material)
			}
			if err := alone.unused(args); err != nil {
				return err
			}
			image, err := imageAt(args[0])
			if err != nil {
				return err
			}
			return a.verifyImage(cmd, image, policy, show, material, watch)
		},
	}
	f := cmd.Flags()
	asked.Register(f)
	f.BoolVar(&show.all, "all", false, "print every signature, also those that did not verify")
	f.BoolVar(&show.explain, "explain", false, "print every check of every signature: expected, found, where each came from, what to do; with --all of attestations, too")
	f.BoolVar(&show.fetchProofs, "fetch-proofs", false, "ask the transparency log for the inclusion proofs that signature tags do not carry")
	f.StringVar(&packed, "pack", "", "`FILE` that sigwalk pack wrote, to verify in place of an image; every network call is refused and counted")
	watch.register(f)
	alone.register(f)
	material.register(f)
	return printing(cmd, "table", "tsv", "json", "cosign", "markdown", "html")
}

// shown is what of a report is printed.
type shown struct{ all, explain, fetchProofs bool }

func (a *app) verifyImage(cmd *cobra.Command, image string, policy verification.Policy, show shown, material materialFlags, watch watchFlags) error {
	p, err := a.openFor(cmd.Context(), image)
	if err != nil {
		return err
	}
	defer p.close()
	p.policyDefaults(cmd.Flags(), &policy)
	verifier, err := p.verifierWith(actions.Discard, material)
	if err != nil {
		return err
	}
	if watch.on {
		return a.verifyWatch(cmd.Context(), verifier, image, policy, watch)
	}
	look := verifier.Verify
	if a.whole() || show.explain && show.all {
		if err := policy.Validate(); err != nil {
			return err
		}
		look = verifier.Everything
	}
	report, err := look(cmd.Context(), image, policy)
	if err != nil {
		return err
	}
	if a.whole() || show.explain {
		if err := report.Explain(cmd.Context()); err != nil {
			return err
		}
	}
	if show.fetchProofs {
		if err := verifier.FetchProofs(cmd.Context(), report); err != nil {
			return err
		}
	}
	if err := a.sayUnproven(cmd.Context(), report); err != nil {
		return err
	}
	return a.printReport(cmd.Context(), report, show)
}

// sayUnproven says, where the policy leaves checks out, what of the signatures that verified is no longer proven, and until
// when they will verify.
func (a *app) sayUnproven(ctx context.Context, report *verification.Report) error {
	lines, err := report.Unproven(ctx)
	for _, line := range lines {
		a.tell("%s", printable.Line(line, ' '))
	}
	return err
}

// policyDefaults takes what cosign would read from its environment for the flags that were not given.
func (p *place) policyDefaults(given *pflag.FlagSet, policy *verification.Policy) {
	own.PolicyDefaults(given, func(variable string) (string, bool) {
		v, ok := p.env.Get(variable)
		return v.Value, ok
	}, policy)
}

// whole reports whether the form of the output has everything that was found, with every check.
func (a *app) whole() bool {
	return slices.Contains([]export.Form{export.JSON, export.Markdown, export.HTML}, export.Form(a.flags.output))
}

// printReport prints the report and returns its verdict.
func (a *app) printReport(ctx context.Context, report *verification.Report, show shown) error {
	verdict := report.Verdict()
	form := export.Form(a.flags.output)
	if form == "text" {
		form = export.Table
	}
	if show.explain && (form == export.Table || form == export.TSV) {
		explained := report.Signatures
		if show.all {
			explained = report.Rows()
		}
		a.say("%s", verification.MatricesText(explained))
	} else {
		var text bytes.Buffer
		if err := export.Write(ctx, &text, report, export.Options{Form: form, All: show.all}); err != nil {
			return err
		}
		a.sayBytes(text.Bytes())
	}
	if verdict != nil {
		a.complain(verdict)
		if !show.explain {
			a.explainRows(report)
		}
		return exit(actions.ExitCode(verdict))
	}
	return nil
}

// explainRows says of each signature that did not verify why, under a verdict that nothing matched.
func (a *app) explainRows(report *verification.Report) {
	for _, s := range report.Signatures {
		var reason *actions.Error
		if errors.As(asError(s.Reason), &reason) {
			_, _ = fmt.Fprintf(a.err, "  %s  %s: %s\n", logIndex(s), s.Subject, reason.Error())
		}
	}
}

func asError(e *actions.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// eachPrintable keeps what a certificate or a registry says from breaking the table, and from reaching the terminal raw.
func eachPrintable(row []string) []string {
	for i, cell := range row {
		row[i] = printable.Line(cell, ' ')
	}
	return row
}

func logIndex(s verification.Signature) string {
	if s.LogIndex == nil {
		return "-"
	}
	return strconv.FormatInt(*s.LogIndex, 10)
}
