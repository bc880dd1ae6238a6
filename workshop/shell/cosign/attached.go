package cosign

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/attachments"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// withAttached calls work with what works on what is attached to images.
func (s *session) withAttached(cmd *cobra.Command, work func(context.Context, *attachments.Client) error) error {
	if err := s.beside(cmd); err != nil {
		return err
	}
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	ctx, cancel := s.patient(cmd)
	defer cancel()
	return s.late(ctx, work(ctx, clients.Attachments()))
}

func (s *session) triangulate() *cobra.Command {
	o := &options.TriangulateOptions{}
	cmd := &cobra.Command{
		Use:     "triangulate",
		Short:   "Print where something that belongs to an image is kept",
		Example: "  cosign triangulate IMAGE\n  cosign triangulate --type attestation IMAGE",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "type"); err != nil {
				return err
			}
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				return s.doTriangulate(ctx, client, o.Type, args[0])
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doTriangulate(ctx context.Context, client *attachments.Client, kind, image string) error {
	var text string
	switch kind {
	case "signature", "attestation", "sbom":
		if kind == "sbom" {
			s.info("%s", options.SBOMAttachmentDeprecation)
		}
		tag, err := client.Tag(ctx, image, attachments.Kind(kind))
		if err != nil {
			return err
		}
		text = tag.Name()
	case "digest":
		tag, err := client.Tag(ctx, image, attachments.Signatures)
		if err != nil {
			return err
		}
		hex := strings.TrimSuffix(strings.TrimPrefix(tag.TagStr(), "sha256-"), ".sig")
		text = tag.Context().Name() + "@sha256:" + hex
	default:
		return fmt.Errorf("unknown attachment type %s", kind)
	}
	_, err := fmt.Fprintln(s.stdout, text)
	return err
}

func (s *session) download() *cobra.Command {
	cmd := &cobra.Command{Use: "download", Short: "Print what is attached to an image, as JSON"}
	flags := &options.RegistryOptions{}
	signature := &cobra.Command{
		Use: "signature", Short: "Print the signatures of an image", Example: "  cosign download signature IMAGE", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd); err != nil {
				return err
			}
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				texts, err := client.Signatures(ctx, args[0])
				return s.printJSON(texts, err)
			})
		},
	}
	flags.AddFlags(signature)
	o := &options.AttestationDownloadOptions{}
	attestation := &cobra.Command{
		Use: "attestation", Short: "Print what is said about an image",
		Example: "  cosign download attestation IMAGE\n  cosign download attestation --predicate-type spdxjson IMAGE", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "predicate-type", "platform"); err != nil {
				return err
			}
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				texts, err := client.Attestations(ctx, args[0], o.PredicateType, o.Platform)
				return s.printJSON(texts, err)
			})
		},
	}
	flags.AddFlags(attestation)
	o.AddFlags(attestation)
	cmd.AddCommand(signature, attestation, s.downloadSBOM())
	return cmd
}

// printJSON prints each text on a line of its own.
func (s *session) printJSON(texts []json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err := fmt.Fprintf(s.stdout, "%s\n", text); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) attach() *cobra.Command {
	cmd := &cobra.Command{Use: "attach", Short: "Attach something to an image that is there already"}
	o := &options.AttachSBOMOptions{}
	sbom := &cobra.Command{
		Use: "sbom", Short: "Attach a list of packages, unsigned", Args: cobra.ExactArgs(1),
		Example: "  cosign attach sbom --sbom sbom.spdx.json --type spdx IMAGE\n\nNobody signs it this way; cosign attest does.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "sbom", "type", "input-format"); err != nil {
				return err
			}
			s.info("%s", options.SBOMAttachmentDeprecation)
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				return s.doAttachSBOM(ctx, client, o, args[0])
			})
		},
	}
	o.AddFlags(sbom)
	cmd.AddCommand(sbom, s.attachSignature(), s.attachAttestation())
	return cmd
}

func (s *session) doAttachSBOM(ctx context.Context, client *attachments.Client, o *options.AttachSBOMOptions, image string) error {
	mediaType, err := o.MediaType()
	if err != nil {
		return err
	}
	s.warn("Attaching SBOMs this way does not sign them. To sign them, use 'cosign attest --predicate %s --key <key path>'.", o.SBOM)
	var content []byte
	switch o.SBOM {
	case "":
		return &actions.Error{Code: actions.CodeUsage, What: "no SBOM is named", Next: "give a file with --sbom, or - for standard input"}
	case "-":
		content, err = io.ReadAll(io.LimitReader(s.call.Stdin, mostPredicate))
	default:
		content, err = s.call.Files.ReadFile(s.call.Dir, o.SBOM)
	}
	if err != nil {
		return err
	}
	reference, tag, err := s.places(ctx, client, image)
	if err != nil {
		return err
	}
	s.info("Uploading SBOM file for [%s] to [%s] with mediaType [%s].\n", reference, tag, mediaType)
	attached, err := client.AttachSBOM(ctx, image, content, mediaType)
	if err != nil {
		return err
	}
	s.call.Keep(attached)
	return nil
}

func (s *session) clean() *cobra.Command {
	o := &options.CleanOptions{}
	cmd := &cobra.Command{
		Use: "clean", Short: "Remove the signatures of an image, and what else is attached to it",
		Example: "  cosign clean IMAGE\n  cosign clean --type signature IMAGE\n\nThe transparency log keeps every entry: sigwalk recover brings signatures back.",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "type", "force"); err != nil {
				return err
			}
			return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error {
				return s.doClean(ctx, client, o, args[0])
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doClean(ctx context.Context, client *attachments.Client, o *options.CleanOptions, image string) error {
	req := attachments.CleanRequest{Image: image, Agreed: o.Force}
	switch o.CleanType {
	case options.CleanTypeSignature:
		req.Kinds, req.What = []attachments.Kind{attachments.Signatures}, "all signatures"
	case options.CleanTypeAttestation:
		req.Kinds, req.What = []attachments.Kind{attachments.Attestations}, "all attestations"
	case options.CleanTypeSbom:
		req.Kinds, req.What = []attachments.Kind{attachments.SBOM}, "all SBOMs"
	case options.CleanTypeAll:
		req.Kinds, req.What = attachments.Kinds(), "all signatures, SBOMs and attestations"
	}
	removed, err := client.Clean(ctx, req)
	for _, r := range removed {
		if r.Err == nil {
			s.info("Removed %s from %s", r.Reference, image)
		} else {
			s.info("could not delete %s from %s:", r.Reference, image)
		}
	}
	if err == nil {
		s.call.Keep(removed)
	}
	return err
}

func (s *session) copyImage() *cobra.Command {
	o := &options.CopyOptions{}
	cmd := &cobra.Command{
		Use: "copy", Short: "Copy an image with what is attached to it",
		Example: `  cosign copy SOURCE DESTINATION
  cosign copy --only=sig,att SOURCE DESTINATION
  cosign copy -f SOURCE DESTINATION           # what is attached there already stays
  cosign copy --platform=linux/amd64 SOURCE DESTINATION`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "only", "sig-only", "force", "platform"); err != nil {
				return err
			}
			return s.doCopy(cmd, o, args)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doCopy(cmd *cobra.Command, o *options.CopyOptions, args []string) error {
	req := attachments.CopyRequest{Source: args[0], Destination: args[1], Force: o.Force, Platform: o.Platform}
	only := o.CopyOnly
	if o.SignatureOnly {
		s.info("--sig-only is deprecated, use --only=sig instead")
		only = append(only, "sig")
	}
	for _, name := range only {
		kind, ok := map[string]attachments.Kind{"sig": attachments.Signatures, "att": attachments.Attestations, "sbom": attachments.SBOM}[name]
		if !ok {
			return fmt.Errorf("invalid value for --only: %s, only the following values are supported: [sig sbom att]", name)
		}
		req.Only = append(req.Only, kind)
	}
	s.narrator.remarks = true
	return s.withAttached(cmd, func(ctx context.Context, client *attachments.Client) error { return client.Copy(ctx, req) })
}

// places are the full name of image and the tag of its SBOM.
func (s *session) places(ctx context.Context, client *attachments.Client, image string) (reference, tag string, err error) {
	t, err := client.Tag(ctx, image, attachments.SBOM)
	if err != nil {
		return "", "", err
	}
	ref, err := registry.Parse(image)
	if err != nil {
		return "", "", err
	}
	return ref.Name(), t.Name(), nil
}
