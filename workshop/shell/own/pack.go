package own

import (
	"context"
	"fmt"
	"path"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func (c *command) pack() *cobra.Command {
	var file string
	var force bool
	cmd := &cobra.Command{
		Use:   "pack IMAGE",
		Short: "Write an image with its signatures and the trust root into one archive, for where there is no network",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return c.writePack(cmd.Context(), args[0], file, force) },
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the file to write; without it NAME-TAG.pack.tar here")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	return cmd
}

func (c *command) writePack(ctx context.Context, image, file string, force bool) error {
	var err error
	if file == "" {
		if file, err = pack.DefaultFile(image); err != nil {
			return err
		}
	}
	host, err := c.newFile(file)
	if err != nil {
		return err
	}
	clients, err := c.call.Connect(c.call.Observer)
	if err != nil {
		return err
	}
	defer clients.Close()
	req := pack.Request{Image: image, File: host, Replace: force}
	roots := clients.Trust()
	if req.TrustRoot, err = roots.JSON(ctx); err != nil {
		return err
	}
	status, err := roots.Status(ctx)
	if err != nil {
		return err
	}
	req.TrustSource = status.Remote
	seen, err := verification.New(clients.Verification()).List(ctx, image)
	if err != nil {
		return err
	}
	req.Signers = pack.SignersOf(seen)
	result, err := pack.New(pack.Options{
		Registry: clients.Registry(), Repository: c.call.Getenv("COSIGN_REPOSITORY"), Observer: c.call.Observer, Clock: c.call.Clock,
	}).Write(ctx, req)
	if err != nil {
		return err
	}
	proof, err := pack.Prove(ctx, result)
	if err != nil {
		return err
	}
	// Where the lesson's directory lies on this machine is nobody's business.
	result.File = path.Clean(file)
	c.call.Keep(proof)
	return c.print(result, proof.Text)
}

// verify is `sigwalk verify --pack`: for images in a registry a lesson has cosign.
func (c *command) verify() *cobra.Command {
	var file, trustedRoot string
	var policy verification.Policy
	cmd := &cobra.Command{
		Use:   "verify --pack FILE",
		Short: "Verify what is in a pack, without the network",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return builtin.Usage("sigwalk verify wants --pack FILE here; an image in a registry is verified with cosign verify")
			}
			return c.verifyPack(cmd.Context(), file, trustedRoot, policy)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&file, "pack", "", "the pack")
	flags.StringVar(&trustedRoot, "trusted-root", "", "the trust root in place of the one that came with the pack")
	flags.StringVar(&policy.Subject, "certificate-identity", "", "who must have signed")
	flags.StringVar(&policy.SubjectRegexp, "certificate-identity-regexp", "", "the same, as a regular expression")
	flags.StringVar(&policy.Issuer, "certificate-oidc-issuer", c.call.Getenv("COSIGN_CERTIFICATE_OIDC_ISSUER"), "who must have vouched")
	flags.StringVar(&policy.IssuerRegexp, "certificate-oidc-issuer-regexp", "", "the same, as a regular expression")
	flags.StringVar(&policy.KeyReference, "key", "", "the public key, for signatures without a certificate")
	return cmd
}

// packText is what is said of a pack that was verified.
const packText = "%s  %s\ntrust root: %s\n%snetwork calls: %d\n"

func (c *command) verifyPack(ctx context.Context, file, trustedRoot string, policy verification.Policy) error {
	if err := policy.Validate(); err != nil {
		return err
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
	trusted, err := opened.Trusted()
	if err == nil && trustedRoot != "" {
		source = trustedRoot
		trusted, err = c.trustedRoot(trustedRoot)
	}
	if err != nil {
		return err
	}
	verifier, refusing := pack.Verifier(trusted, func(name string) ([]byte, error) { return c.call.Files.ReadFile(c.call.Dir, name) })
	report, err := verifier.Verify(ctx, opened.Reference(), policy)
	if err != nil {
		return err
	}
	c.call.Keep(report)
	if err := c.print(report, func() string {
		return fmt.Sprintf(packText, opened.Image, opened.Digest, source, pack.Sentences(report), refusing.Calls())
	}); err != nil {
		return err
	}
	return report.Verdict()
}
