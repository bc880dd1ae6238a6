package own

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/export"
	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// asking is what a verification is asked.
type asking struct {
	policy       PolicyFlags
	named        trust.Named // in place of the trust root in use
	all, explain bool
}

func (c *command) verify() *cobra.Command {
	var a asking
	var file string
	cmd := &cobra.Command{
		Use:   "verify IMAGE | verify --pack FILE",
		Short: "Verify an image, or what is in a pack, and say of every signature why; --explain shows every check",
		Long: `Verify an image and print the signatures that match as a table keyed by log index; --all prints the others too, with the
reason, and --explain every check of each. --pack verifies what is in a pack, without the network. The flags have cosign's
names and meanings. -o is text, json, tsv, cosign, markdown or html.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			policy, err := a.policy.Policy()
			if err != nil {
				return err
			}
			PolicyDefaults(cmd.Flags(), func(name string) (string, bool) {
				value := c.call.Getenv(name)
				return value, value != ""
			}, &policy)
			if err := policy.Validate(); err != nil {
				return err
			}
			if policy.Certificate != "" {
				if _, err := trust.ReadCertificates(policy.Certificate, c.readFile); err != nil {
					return err
				}
			}
			switch {
			case file == "" && len(args) == 0:
				return builtin.Usage("verify what? Name an image, or a pack with --pack FILE")
			case file != "" && len(args) > 0:
				return builtin.Usage("--pack is verified in place of an image: leave out %s", args[0])
			case file != "":
				return c.verifyPack(cmd.Context(), file, &a, policy)
			}
			return c.verifyImage(cmd.Context(), args[0], &a, policy)
		},
	}
	flags := cmd.Flags()
	a.policy.Register(flags)
	flags.StringVar(&file, "pack", "", "the pack")
	flags.StringVar(&a.named.TrustedRoot, "trusted-root", "", "the trust root in place of the one in use, or of the one that came with the pack")
	flags.StringVar(&a.named.CertificateChain, "certificate-chain", "", "PEM file of the certificate authority that is trusted in place of the trust root's")
	flags.StringVar(&a.named.CARoots, "ca-roots", "", "PEM file of roots, each of which is trusted in place of the trust root's authorities")
	flags.StringVar(&a.named.CAIntermediates, "ca-intermediates", "", "PEM file of what may stand between --ca-roots and a signer")
	flags.BoolVar(&a.all, "all", false, "print every signature, also those that did not verify")
	flags.BoolVar(&a.explain, "explain", false, "print every check of every signature: expected, found, where each came from, what to do")
	return cmd
}

func (c *command) verifyImage(ctx context.Context, image string, a *asking, policy verification.Policy) error {
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	opts := clients.Verification()
	if opts.Material, err = a.named.Material(opts.ReadFile, opts.Trust.Material); err != nil {
		return err
	}
	report, err := verification.New(opts).Verify(ctx, image, policy)
	if err != nil {
		return err
	}
	unproven, err := c.explained(ctx, report, a)
	if err != nil {
		return err
	}
	c.call.Keep(report)
	for _, line := range unproven {
		_, _ = fmt.Fprintln(c.call.Stderr, line)
	}
	if err := c.printReport(ctx, report, a); err != nil {
		return err
	}
	return report.Verdict()
}

// explained makes the checks that will be printed, before anybody else holds the report, and says what the policy leaves
// unproven.
func (c *command) explained(ctx context.Context, report *verification.Report, a *asking) ([]string, error) {
	if a.explain || c.output != "text" {
		if err := report.Explain(ctx); err != nil {
			return nil, err
		}
	}
	return report.Unproven(ctx)
}

// printReport prints what was found in the form that was asked for.
func (c *command) printReport(ctx context.Context, report *verification.Report, a *asking) error {
	form := export.Form(c.output)
	if form == "text" {
		form = export.Table
	}
	if !slices.Contains([]export.Form{export.Table, export.TSV, export.JSON, export.Cosign, export.Markdown, export.HTML}, form) {
		return builtin.Usage("--output %s: choose text, tsv, json, cosign, markdown or html", c.output)
	}
	if !a.explain || form != export.Table {
		return export.Write(ctx, c.call.Stdout, report, export.Options{Form: form, All: a.all})
	}
	_, err := io.WriteString(c.call.Stdout, verification.MatricesText(report.Signatures))
	return err
}

func (c *command) verifyPack(ctx context.Context, file string, a *asking, policy verification.Policy) error {
	if strings.Contains(policy.KeyReference, "://") && !strings.HasPrefix(policy.KeyReference, "env://") {
		return builtin.Usage("--key %s is read over the network, and --pack is verified without it: give a file", policy.KeyReference)
	}
	host, err := c.call.Files.Host(c.call.Dir, file)
	if err != nil {
		return err
	}
	opened, err := pack.Open(ctx, host)
	if err != nil {
		return err
	}
	source := "came with the pack, sha256 " + opened.TrustRoot + "; compare it with what whoever runs the signing service says"
	if a.named.TrustedRoot != "" {
		source = a.named.TrustedRoot
	}
	trusted, err := c.trustedWith(ctx, opened, a)
	if err != nil {
		return err
	}
	verifier, refusing := pack.Verifier(trusted, c.readFile)
	report, err := verifier.Verify(ctx, opened.Reference(), policy)
	if err != nil {
		return err
	}
	unproven, err := c.explained(ctx, report, a)
	if err != nil {
		return err
	}
	if a.explain || c.output != "text" {
		if err := opened.Add(ctx, report); err != nil {
			return err
		}
	}
	c.call.Keep(report)
	for _, line := range unproven {
		_, _ = fmt.Fprintln(c.call.Stderr, line)
	}
	if c.output != "text" || a.explain {
		err = c.printReport(ctx, report, a)
	} else {
		_, err = fmt.Fprintf(c.call.Stdout, "%s  %s\ntrust root: %s\n%s", opened.Image, opened.Digest, source, pack.Sentences(report))
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(c.call.Stderr, "network calls: %d\n", refusing.Calls())
	return report.Verdict()
}

// readFile reads a file of the lesson.
func (c *command) readFile(name string) ([]byte, error) {
	return c.call.Files.ReadFile(c.call.Dir, name)
}

// trustedWith is what a pack is held against: its own trust root, or what the flags name.
func (c *command) trustedWith(ctx context.Context, opened *pack.Pack, a *asking) (root.TrustedMaterial, error) {
	own, err := opened.Trusted()
	if err != nil {
		return nil, err
	}
	material, err := a.named.Material(c.readFile, func(context.Context) (*root.TrustedRoot, error) { return own, nil })
	if err != nil || material == nil {
		return own, err
	}
	return material(ctx)
}
