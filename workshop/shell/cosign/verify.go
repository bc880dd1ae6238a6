package cosign

import (
	"context"
	"errors"
	"fmt"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (s *session) verify() *cobra.Command {
	o := &options.VerifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify the signatures of a container image",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := s.only(cmd, "key", "certificate-identity", "certificate-identity-regexp", "certificate-oidc-issuer",
				"certificate-oidc-issuer-regexp", "insecure-ignore-sct", "insecure-ignore-tlog", "private-infrastructure",
				"offline", "use-signed-timestamps", "check-claims", "annotations", "output", "rekor-url", "max-workers",
				"trusted-root")
			if err != nil {
				return err
			}
			return s.doVerify(cmd, o, args)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doVerify(cmd *cobra.Command, o *options.VerifyOptions, images []string) error {
	policy, err := policyOf(o)
	if err != nil {
		return err
	}
	if o.CommonVerifyOptions.MaxWorkers == 0 {
		return errors.New("please set the --max-worker flag to a value that is greater than 0")
	}
	if o.CommonVerifyOptions.IgnoreTlog && !o.CommonVerifyOptions.PrivateInfrastructure {
		s.warn("Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.")
	}
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	clients.Endpoints.Rekor = o.Rekor.URL
	opts := clients.Verification()
	if path := o.CommonVerifyOptions.TrustedRootPath; path != "" {
		text, err := s.call.Files.ReadFile(s.call.Dir, path)
		if err != nil {
			return fmt.Errorf("loading trusted root: %w", err)
		}
		trusted, err := root.NewTrustedRootFromJSON(text)
		if err != nil {
			return fmt.Errorf("loading trusted root: %w", err)
		}
		opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
	}
	ctx, cancel := s.timeout(cmd)
	defer cancel()
	verifier := verification.New(opts)
	for _, image := range images {
		report, err := verifier.Verify(ctx, image, policy)
		if err != nil {
			return s.late(ctx, err)
		}
		s.call.Keep(report)
		if err := verdict(report); err != nil {
			return err
		}
		if err := s.printReport(report, o.Output); err != nil {
			return err
		}
	}
	return nil
}

// policyOf reads the flags that say whose signature counts.
func policyOf(o *options.VerifyOptions) (verification.Policy, error) {
	extra, err := annotations(o.AnnotationOptions)
	if err != nil {
		return verification.Policy{}, err
	}
	c, common := o.CertVerify, o.CommonVerifyOptions
	return verification.Policy{
		Subject: c.CertIdentity, SubjectRegexp: c.CertIdentityRegexp,
		Issuer: c.CertOidcIssuer, IssuerRegexp: c.CertOidcIssuerRegexp,
		KeyReference: o.Key, Annotations: extra,
		IgnoreLog: common.IgnoreTlog || common.PrivateInfrastructure, IgnoreSCT: c.IgnoreSCT,
		Offline: common.Offline, UseSignedTimestamps: common.UseSignedTimestamps, SkipClaims: !o.CheckClaims,
	}, nil
}

// verdict is the report's verdict with cosign's words in front.
func verdict(report *verification.Report) error {
	err := report.Verdict()
	var e *actions.Error
	if !errors.As(err, &e) {
		return err
	}
	said := *e
	if text := verification.CosignError(report); text != "" {
		said.What = text
		if e.Why == "" {
			said.Why = e.What
		}
	}
	return &said
}

// printReport prints the header to standard error, so that the JSON on standard output can be piped to jq.
func (s *session) printReport(report *verification.Report, output string) error {
	for _, line := range verification.CosignHeader(report) {
		s.info("%s", line)
	}
	if output == "text" {
		stderr, stdout := verification.CosignText(report)
		for _, line := range stderr {
			s.info("%s", line)
		}
		for _, line := range stdout {
			if _, err := fmt.Fprintln(s.stdout, line); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := verification.CosignJSON(report)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "\n%s\n", text)
	return err
}
