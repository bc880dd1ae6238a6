package cosign

import (
	"context"
	"errors"
	"fmt"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
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
				"trusted-root", "certificate", "certificate-chain", "ca-roots", "ca-intermediates")
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
	extra, err := annotations(o.AnnotationOptions)
	if err != nil {
		return err
	}
	policy := policyOf(o.Key, o.CheckClaims, &o.CertVerify, &o.CommonVerifyOptions)
	policy.Annotations = extra
	return s.withVerifier(cmd, o.Rekor.URL, &o.CertVerify, &o.CommonVerifyOptions, func(ctx context.Context, verifier *verification.Verifier) error {
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
	})
}

func (s *session) verifyAttestation() *cobra.Command {
	o := &options.VerifyAttestationOptions{}
	cmd := &cobra.Command{
		Use:   "verify-attestation",
		Short: "Verify what is said about a container image",
		Example: `  cosign verify-attestation --type slsaprovenance1 --certificate-identity NAME --certificate-oidc-issuer URL IMAGE
  cosign verify-attestation --type spdxjson --key cosign.pub IMAGE | jq -r .payload | base64 -d | jq .predicate`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := s.only(cmd, "key", "certificate-identity", "certificate-identity-regexp", "certificate-oidc-issuer",
				"certificate-oidc-issuer-regexp", "insecure-ignore-sct", "insecure-ignore-tlog", "private-infrastructure",
				"offline", "use-signed-timestamps", "check-claims", "output", "rekor-url", "max-workers", "trusted-root", "type",
				"new-bundle-format", "certificate", "certificate-chain", "ca-roots", "ca-intermediates")
			if err != nil {
				return err
			}
			return s.doVerifyAttestation(cmd, o, args)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doVerifyAttestation(cmd *cobra.Command, o *options.VerifyAttestationOptions, images []string) error {
	policy := policyOf(o.Key, o.CheckClaims, &o.CertVerify, &o.CommonVerifyOptions)
	return s.withVerifier(cmd, o.Rekor.URL, &o.CertVerify, &o.CommonVerifyOptions, func(ctx context.Context, verifier *verification.Verifier) error {
		for _, image := range images {
			report, err := verifier.Attestations(ctx, image, policy)
			if err != nil {
				return s.late(ctx, err)
			}
			s.call.Keep(report)
			if err := verdict(report); err != nil {
				return err
			}
			attestations, err := report.OfType(o.Predicate.Type)
			if err != nil {
				return err
			}
			stderr, stdout, err := verification.CosignAttestations(attestations)
			if err != nil {
				return err
			}
			if err := s.printLines(append(verification.CosignHeader(report), stderr...), stdout); err != nil {
				return err
			}
		}
		return nil
	})
}

// withVerifier calls verify with a verifier that is as the flags say, which verify and verify-attestation have in common.
func (s *session) withVerifier(cmd *cobra.Command, rekor string, c *options.CertVerifyOptions, o *options.CommonVerifyOptions,
	verify func(context.Context, *verification.Verifier) error,
) error {
	if o.MaxWorkers == 0 {
		return errors.New("please set the --max-worker flag to a value that is greater than 0")
	}
	if o.IgnoreTlog && !o.PrivateInfrastructure {
		s.warn("Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the %s.",
			map[bool]string{true: "attestation", false: "signature"}[cmd.Name() == "verify-attestation"])
	}
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	clients.Endpoints.Rekor = rekor
	opts := clients.Verification()
	material, err := trust.Named{
		TrustedRoot: o.TrustedRootPath, CertificateChain: c.CertChain, CARoots: c.CARoots, CAIntermediates: c.CAIntermediates,
	}.Material(opts.ReadFile, opts.Trust.Material)
	if err != nil {
		return err
	}
	if material != nil {
		opts.Material = material
	}
	if c.Cert != "" {
		if _, err := trust.ReadCertificates(c.Cert, opts.ReadFile); err != nil {
			return err
		}
	}
	ctx, cancel := s.timeout(cmd)
	defer cancel()
	return verify(ctx, verification.New(opts))
}

// policyOf reads the flags that say whose signature counts.
func policyOf(key string, claims bool, c *options.CertVerifyOptions, common *options.CommonVerifyOptions) verification.Policy {
	return verification.Policy{
		Subject: c.CertIdentity, SubjectRegexp: c.CertIdentityRegexp,
		Issuer: c.CertOidcIssuer, IssuerRegexp: c.CertOidcIssuerRegexp,
		KeyReference: key, Certificate: c.Cert,
		IgnoreLog: common.IgnoreTlog || common.PrivateInfrastructure, IgnoreSCT: c.IgnoreSCT,
		Offline: common.Offline, UseSignedTimestamps: common.UseSignedTimestamps, SkipClaims: !claims,
	}
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
	header := verification.CosignHeader(report)
	if output == "text" {
		stderr, stdout := verification.CosignText(report)
		return s.printLines(append(header, stderr...), stdout)
	}
	if err := s.printLines(header, nil); err != nil {
		return err
	}
	text, err := verification.CosignJSON(report)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "\n%s\n", text)
	return err
}

// printLines prints lines to standard error, and others to standard output.
func (s *session) printLines(stderr, stdout []string) error {
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
