package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// bundleFlags are what a bundle that stands alone is verified with.
type bundleFlags struct{ bundle, artifact string }

func (b *bundleFlags) register(f *pflag.FlagSet) {
	f.StringVar(&b.bundle, "bundle", "", "file with a Sigstore bundle, to verify in place of an image")
	f.StringVar(&b.artifact, "artifact", "", "what the bundle is about: a file, or its digest as sha256:HEX")
}

// unused refuses what only goes with --bundle.
func (b *bundleFlags) unused(args []string) error {
	switch {
	case b.artifact != "":
		return usage("--artifact goes with --bundle")
	case len(args) == 0:
		return usage("verify what? name an image, or a file with --bundle")
	}
	return nil
}

// verifyBundle verifies a bundle that stands alone and prints the matrix.
func (a *app) verifyBundle(cmd *cobra.Command, args []string, policy verification.Policy, flags bundleFlags, material materialFlags) error {
	switch {
	case cmd.Flags().Changed("fetch-proofs"):
		return usage("--fetch-proofs goes with an image: a bundle is judged by what it carries, and no log is asked")
	case policy.Certificate != "":
		return usage("--certificate is for signatures in a tag that carry none: a bundle carries its own")
	case !slices.Contains([]string{"text", "table", "json"}, a.flags.output):
		return usage("--output %s: the matrix of a bundle has the forms text and json", a.flags.output)
	case len(args) > 0:
		return usage("--bundle is verified in place of an image: leave out %s", args[0])
	case flags.artifact == "":
		return usage("--bundle: say with --artifact what it should be about, a file or sha256:HEX")
	case len(policy.Annotations) > 0:
		return usage("--annotations goes with an image: bundles have no such annotations")
	}
	var err error
	req := verification.BundleRequest{Name: flags.bundle}
	if req.Content, err = readBundleFile(flags.bundle); err != nil {
		return err
	}
	if req.Open, req.Digest, err = artifact(flags.artifact); err != nil {
		return err
	}
	verifier, done, err := a.bundleVerifier(cmd, material, &policy)
	if err != nil {
		return err
	}
	defer done()
	req.Policy = policy
	report, err := verifier.VerifyBundle(cmd.Context(), req)
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		a.printJSON(report)
	} else {
		a.say("%s", verification.MatrixText(&report.Signature))
	}
	if verdict := report.Verdict(); verdict != nil {
		a.complain(verdict)
		return exit(max(1, actions.ExitCode(verdict)))
	}
	return nil
}

// bundleVerifier is a verifier with the trust root that the flags name, or else with the deployment's. done ends what it
// opened.
func (a *app) bundleVerifier(cmd *cobra.Command, flags materialFlags, policy *verification.Policy) (v *verification.Verifier, done func(), err error) {
	if flags.trustedRoot == "" {
		p, err := a.open(cmd.Context(), nil)
		if err != nil {
			return nil, nil, err
		}
		p.policyDefaults(cmd.Flags(), policy)
		v, err := p.verifierWith(actions.Discard, flags)
		if err != nil {
			p.close()
			return nil, nil, err
		}
		return v, p.close, nil
	}
	material, err := flags.material(nil)
	if err != nil {
		return nil, nil, err
	}
	return verification.New(verification.Options{Material: material, TrustFlags: flags.given()}), func() {}, nil
}

// readBundleFile reads a file that may be anything.
func readBundleFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage("--bundle %s: %v", path, errors.Unwrap(err))
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, usageNext("name the bundle in it; an OCI layout is verified by sigwalk verify oci:"+path, "%s is a directory and no bundle", path)
	}
	content, err := io.ReadAll(io.LimitReader(f, verification.MaxBundleBytes+1))
	if err != nil {
		return nil, usage("--bundle %s: %v", path, err)
	}
	if len(content) > verification.MaxBundleBytes {
		return nil, &actions.Error{
			Code: actions.CodeFormat, What: path + " cannot be a Sigstore bundle",
			Why: fmt.Sprintf("it has more than the %d bytes that are read", verification.MaxBundleBytes), Next: "give --bundle the bundle, and --artifact what it is about",
		}
	}
	return content, nil
}

// artifact is what a bundle should be about: a file, unless the text is a digest.
func artifact(text string) (open func() (io.ReadCloser, error), digest v1.Hash, err error) {
	if digest, ok := verification.ParseArtifactDigest(text); ok {
		return nil, digest, nil
	}
	if info, err := os.Stat(text); err != nil || info.IsDir() {
		if err == nil {
			err = errors.New("it is a directory")
		}
		what := usage("--artifact %s: %v", text, err)
		if algorithm, _, ok := strings.Cut(text, ":"); ok && strings.HasPrefix(algorithm, "sha") {
			what = usage("--artifact %s is neither a file nor a digest: write sha256:, sha384: or sha512: and the digest in hex", text)
		}
		return nil, v1.Hash{}, what
	}
	return func() (io.ReadCloser, error) { return os.Open(text) }, v1.Hash{}, nil
}
