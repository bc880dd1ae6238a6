package cosign

import (
	"context"
	"fmt"
	"io"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/attachments"
)

func (s *session) attachSignature() *cobra.Command {
	o := &options.AttachSignatureOptions{}
	cmd := &cobra.Command{
		Use: "signature", Short: "Attach a signature that was made elsewhere", Args: cobra.ExactArgs(1),
		Example: `  cosign attach signature --signature sig.b64 --payload payload.json IMAGE
  cosign attach signature --signature sig.b64 --payload payload.json --certificate cert.pem --rekor-response bundle.json IMAGE`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "signature", "payload", "certificate", "certificate-chain", "tsr", "rekor-response"); err != nil {
				return err
			}
			parts, err := s.parts(o)
			if err != nil {
				return err
			}
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				_, err := client.AttachSignature(ctx, args[0], parts)
				return err
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

// parts reads the files that the flags name.
func (s *session) parts(o *options.AttachSignatureOptions) (attachments.Parts, error) {
	var p attachments.Parts
	var err error
	switch o.Signature {
	case "":
		err = &actions.Error{Code: actions.CodeUsage, What: "no signature is named", Next: "give a file with --signature, or - for standard input"}
	case "-":
		p.Signature, err = io.ReadAll(io.LimitReader(s.call.Stdin, mostPredicate))
	default:
		p.Signature, err = s.call.Files.ReadFile(s.call.Dir, o.Signature)
	}
	for _, part := range []struct {
		path string
		into *[]byte
	}{{o.Payload, &p.Payload}, {o.Cert, &p.Certificate}, {o.CertChain, &p.Chain}, {o.TimeStampedSig, &p.Timestamp}, {o.RekorBundle, &p.Log}} {
		if err == nil && part.path != "" {
			*part.into, err = s.call.Files.ReadFile(s.call.Dir, part.path)
		}
	}
	return p, err
}

func (s *session) attachAttestation() *cobra.Command {
	o := &options.AttachAttestationOptions{}
	cmd := &cobra.Command{
		Use: "attestation", Short: "Attach a signed attestation that was made elsewhere", Args: cobra.MinimumNArgs(1),
		Example: "  cosign attest --no-upload --predicate provenance.json --type slsaprovenance1 IMAGE > envelope.json\n  cosign attach attestation --attestation envelope.json IMAGE",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "attestation"); err != nil {
				return err
			}
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				return s.doAttachAttestations(ctx, client, o.Attestations, args[0])
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doAttachAttestations(ctx context.Context, client *attachments.Client, files []string, image string) error {
	for _, file := range files {
		_, _ = fmt.Fprintf(s.call.Stderr, "Using payload from: %s", file) // cosign ends no line here
		envelopes, err := s.call.Files.ReadFile(s.call.Dir, file)
		if err != nil {
			s.info("")
			return fmt.Errorf("attaching payload from %s: %w", file, err)
		}
		s.warnOfTag(image)
		if _, err := client.AttachAttestation(ctx, image, envelopes); err != nil {
			return fmt.Errorf("attaching payload from %s: %w", file, err)
		}
	}
	return nil
}

func (s *session) downloadSBOM() *cobra.Command {
	flags, o := &options.RegistryOptions{}, &options.SBOMDownloadOptions{}
	cmd := &cobra.Command{
		Use: "sbom", Short: "Print the list of packages that is attached to an image, unsigned", Example: "  cosign download sbom IMAGE", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "platform"); err != nil {
				return err
			}
			s.info("%s", options.SBOMAttachmentDeprecation)
			s.warn("Downloading SBOMs this way does not ensure its authenticity. If you want to ensure a tamper-proof SBOM, download it using 'cosign download attestation <image uri>'.")
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				content, mediaType, err := client.ReadSBOM(ctx, args[0], o.Platform)
				if err != nil {
					return err
				}
				s.info("Found SBOM of media type: %s", mediaType)
				_, err = s.call.Stdout.Write(content)
				return err
			})
		},
	}
	flags.AddFlags(cmd)
	o.AddFlags(cmd)
	return cmd
}
