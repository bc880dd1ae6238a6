package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (a *app) verifyCommand() *cobra.Command {
	var policy verification.Policy
	var annotations []string
	var all bool
	var checkClaims bool
	cmd := &cobra.Command{
		Use:   "verify IMAGE",
		Short: "Verify an image and print its signatures as a table keyed by log index",
		Long: `Verify an image and print the signatures that verified as a table keyed by log index; --all prints the others
too, with the reason. The flags have cosign's names and meanings. Exit codes: 0 at least one signature matches,
10 no signature, 11 no such tag, 12 no match. (cosign keeps 13 for a signature without a certificate, and ends
with 12 there; so does sigwalk, with the code no-certificate as that signature's reason.)`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			policy.SkipClaims = !checkClaims
			var err error
			policy.Annotations, err = parseAnnotations(annotations)
			if err != nil {
				return err
			}
			p, err := a.open(cmd.Context(), nil)
			if err != nil {
				return err
			}
			defer p.close()
			p.policyDefaults(cmd.Flags(), &policy)
			verifier, err := p.verifier(actions.Discard)
			if err != nil {
				return err
			}
			report, err := verifier.Verify(cmd.Context(), args[0], policy)
			if err != nil {
				return err
			}
			return a.printReport(report, all)
		},
	}
	f := cmd.Flags()
	f.StringVar(&policy.Subject, "certificate-identity", "", "the identity that must have signed")
	f.StringVar(&policy.SubjectRegexp, "certificate-identity-regexp", "", "a regular expression for the identity; beats the exact one")
	f.StringVar(&policy.Issuer, "certificate-oidc-issuer", "", "the issuer that must have vouched for the identity")
	f.StringVar(&policy.IssuerRegexp, "certificate-oidc-issuer-regexp", "", "a regular expression for the issuer; beats the exact one")
	f.StringVar(&policy.KeyReference, "key", "", "public key: file, URL or env://NAME")
	f.StringArrayVarP(&annotations, "annotations", "a", nil, "annotation that must be signed, as key=value; may be repeated")
	f.BoolVar(&policy.IgnoreLog, "insecure-ignore-tlog", false, "do not look at the transparency log entry")
	f.BoolVar(&policy.IgnoreSCT, "insecure-ignore-sct", false, "do not look at the signed certificate timestamp")
	f.BoolVar(&policy.Offline, "offline", false, "never ask the transparency log")
	f.BoolVar(&policy.UseSignedTimestamps, "use-signed-timestamps", false, "use RFC 3161 timestamps")
	f.BoolVar(&checkClaims, "check-claims", true, "check that the signed digest is the image's")
	f.BoolVar(&all, "all", false, "print every signature, also those that did not verify")
	return printing(cmd, "table", "tsv", "json")
}

func parseAnnotations(pairs []string) (map[string]string, error) {
	annotations := map[string]string{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usage("--annotations %s: write it as key=value", pair)
		}
		annotations[key] = value
	}
	return annotations, nil
}

// policyDefaults takes what cosign would read from its environment for the flags that were not given.
func (p *place) policyDefaults(given *pflag.FlagSet, policy *verification.Policy) {
	for _, d := range []struct {
		flag, variable string
		field          *string
	}{
		{"certificate-identity", "COSIGN_CERTIFICATE_IDENTITY", &policy.Subject},
		{"certificate-identity-regexp", "COSIGN_CERTIFICATE_IDENTITY_REGEXP", &policy.SubjectRegexp},
		{"certificate-oidc-issuer", "COSIGN_CERTIFICATE_OIDC_ISSUER", &policy.Issuer},
		{"certificate-oidc-issuer-regexp", "COSIGN_CERTIFICATE_OIDC_ISSUER_REGEXP", &policy.IssuerRegexp},
	} {
		if v, ok := p.env.Get(d.variable); ok && !given.Changed(d.flag) {
			*d.field = v.Value
		}
	}
}

// printReport prints the report and returns its verdict.
func (a *app) printReport(report *verification.Report, all bool) error {
	rows := report.Verified()
	if all {
		rows = report.Signatures
	}
	verdict := report.Verdict()
	switch a.flags.output {
	case "json":
		a.printJSON(report)
	case "tsv":
		a.say("%s\n", strings.Join(header(all), "\t"))
		for _, s := range rows {
			a.say("%s\n", strings.Join(cells(s, all), "\t"))
		}
	default:
		var table strings.Builder
		w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, strings.Join(header(all), "\t"))
		for _, s := range rows {
			_, _ = fmt.Fprintln(w, strings.Join(cells(s, all), "\t"))
		}
		_ = w.Flush() // a strings.Builder takes everything
		a.say("%s", table.String())
	}
	if verdict != nil {
		a.complain(verdict)
		a.explainRows(report)
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

func header(all bool) []string {
	if all {
		return []string{"logIndex", "Subject", "Issuer", "Verified", "Reason"}
	}
	return []string{"logIndex", "Subject", "Issuer"}
}

func cells(s verification.Signature, all bool) []string {
	row := []string{logIndex(s), s.Subject, s.Issuer}
	if all {
		reason := ""
		if s.Reason != nil {
			reason = s.Reason.Error()
		}
		row = append(row, strconv.FormatBool(s.Verified), reason)
	}
	for i, cell := range row { // what a certificate or a registry says must not break the table, nor reach the terminal raw
		row[i] = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, cell)
	}
	return row
}

func logIndex(s verification.Signature) string {
	if s.LogIndex == nil {
		return "-"
	}
	return strconv.FormatInt(*s.LogIndex, 10)
}
