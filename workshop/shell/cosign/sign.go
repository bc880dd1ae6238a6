package cosign

import (
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
)

// byTag is cosign's warning for an image that is named by its tag.
const byTag = `Image reference %s uses a tag, not a digest, to identify the image to sign.
    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to cosign. The ability to refer to
    images by tag will be removed in a future release.
`

func (s *session) sign() *cobra.Command {
	o := &options.SignOptions{}
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Sign a container image",
		Example: `  cosign sign IMAGE
  cosign sign --identity-token=TOKEN IMAGE
  cosign sign --key cosign.key IMAGE
  cosign sign -a stage=test IMAGE
  cosign sign --recursive IMAGE              # and every platform of it
  cosign sign --new-bundle-format IMAGE      # as cosign 3 keeps it`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, append(signerFlags(), "annotations", "output-certificate", "recursive")...); err != nil {
				return err
			}
			if err := s.doSign(cmd, o, args); err != nil {
				return fmt.Errorf("signing %v: %w", args, err)
			}
			return nil
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doSign(cmd *cobra.Command, o *options.SignOptions, images []string) error {
	extra, err := annotations(o.AnnotationOptions)
	if err != nil {
		return err
	}
	for _, image := range images {
		if _, err := registry.Parse(image); err != nil {
			return err
		}
	}
	services := []string{"rekor-url"}
	if o.Key == "" {
		services = []string{"fulcio-url", "rekor-url"}
	}
	if !o.TlogUpload {
		services = services[:len(services)-1]
	}
	if err := s.together(cmd, services...); err != nil {
		return err
	}
	s.warnOfTag(images[0])
	work, err := s.signWith(cmd, &signer{
		key: o.Key, fulcio: o.Fulcio, oidc: o.OIDC, rekor: o.Rekor.URL, timestamp: o.TSAServerURL,
		yes: o.SkipConfirmation, log: o.TlogUpload, bundle: o.NewBundleFormat,
	})
	if err != nil {
		return err
	}
	defer work.close()
	work.request.Annotations = extra
	if o.NewBundleFormat {
		s.noticeAtLog()
		delete(s.narrator.done, "log") // cosign says nothing of it there
	}
	for i, image := range images {
		if i > 0 {
			s.warnOfTag(image)
		}
		if !o.NewBundleFormat {
			s.narrator.started["push"] = func() { s.info("Pushing signature to: %s", s.destination(image)) }
		}
		targets := []string{image}
		if o.Recursive {
			if targets, err = work.below(image); err != nil {
				return err
			}
		}
		for _, target := range targets {
			result, err := work.sign(target)
			if err != nil {
				return err
			}
			if err := s.writeCertificate(o.OutputCertificate, result); err != nil {
				return err
			}
		}
	}
	return nil
}

// warnOfTag warns when image, whose name was read before, is named by a tag.
func (s *session) warnOfTag(image string) {
	if ref, err := registry.Parse(image); err == nil {
		if _, digest := ref.(name.Digest); !digest {
			s.warn(byTag, image)
		}
	}
}

// narrateSigning prints cosign's lines at the moments at which cosign prints them.
func (s *session) narrateSigning(consented bool) {
	told := !consented // the one who was asked has read it
	notice := func() {
		if !told {
			told = true
			s.info("%s", signing.Statement)
			s.info("%s", signing.Confirmation)
		}
	}
	n := s.narrator
	n.started["key"] = func() { s.info("Generating ephemeral keys...") }
	n.started["certificate"] = func() { s.info("Retrieving signed certificate...") }
	n.done["sct"] = func(actions.Stage) { s.info("Successfully verified SCT...") }
	n.started["timestamp"] = notice
	n.done["timestamp"] = func(stage actions.Stage) {
		if at, err := time.Parse(time.RFC3339, stage.Detail); err == nil {
			s.info("Timestamp fetched with time:  %s", at.UTC())
		}
	}
	n.started["log"] = notice
	n.started["log-existing"] = func() { s.info("Signature already exists. Fetching and verifying inclusion proof.") }
	n.done["log"] = func(stage actions.Stage) {
		// The detail is a sentence for people that ends in the index.
		s.info("tlog entry created with index: %s", stage.Detail[strings.LastIndexByte(stage.Detail, ' ')+1:])
	}
}

// noticeAtLog shows the notice when the log is written, as cosign does where it makes a statement. Else it does so earlier.
func (s *session) noticeAtLog() { delete(s.narrator.started, "timestamp") }

// repositoryOf is where the signature of image goes. The image's name was read before.
func repositoryOf(image string) string {
	ref, err := registry.Parse(image)
	if err != nil {
		return image
	}
	return ref.Context().Name()
}

func (s *session) writeCertificate(path string, result *signing.Result) error {
	if path == "" {
		return nil
	}
	text, err := cryptoutils.MarshalPublicKeyToPEM(result.PublicKey) // in place of a certificate, as cosign does
	if err != nil {
		return err
	}
	if result.Certificate != nil {
		text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: result.Certificate.Raw})
	}
	if err := s.call.Files.WriteFile(s.call.Dir, path, text, 0o600); err != nil {
		return fmt.Errorf("create certificate file: %w", err)
	}
	s.info("Certificate wrote in the file %s", path)
	return nil
}

// destination is where cosign says that it puts a signature: beside the image, or in the repository of COSIGN_REPOSITORY, which it
// names without the host.
func (s *session) destination(image string) string {
	other, err := name.NewRepository(s.call.Getenv("COSIGN_REPOSITORY"))
	if err != nil {
		return repositoryOf(image)
	}
	return other.RepositoryStr()
}
