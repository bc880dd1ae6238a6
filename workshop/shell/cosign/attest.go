package cosign

import (
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
)

func (s *session) attest() *cobra.Command {
	o := &options.AttestOptions{}
	cmd := &cobra.Command{
		Use:   "attest",
		Short: "Say something about a container image, and sign that",
		Example: `  cosign attest --predicate provenance.json --type slsaprovenance1 IMAGE
  cosign attest --predicate sbom.json --type spdxjson --key cosign.key IMAGE
  cosign attest --predicate sbom.json --type cyclonedx --new-bundle-format IMAGE
  cosign attest --no-upload --predicate provenance.json --type slsaprovenance1 IMAGE > envelope.json
  echo '{"by":"hand"}' | cosign attest --predicate - --type https://example.com/checked IMAGE`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, append(signerFlags(), "predicate", "type", "rekor-entry-type", "no-upload")...); err != nil {
				return err
			}
			return s.doAttest(cmd, o, args)
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doAttest(cmd *cobra.Command, o *options.AttestOptions, images []string) (err error) {
	image := images[0]
	defer func() {
		if err != nil {
			err = fmt.Errorf("signing %s: %w", image, err)
		}
	}()
	entryType := signing.LogEntryType(o.RekorEntryType)
	switch {
	case o.Predicate.Path == "":
		return errors.New("predicate cannot be empty")
	case entryType != signing.EntryDSSE && entryType != signing.EntryInToto:
		return errors.New("unknown value for rekor-entry-type")
	case o.NoUpload && o.NewBundleFormat:
		return s.notBuilt("cosign attest --no-upload with --new-bundle-format")
	}
	if _, err := options.ParsePredicateType(o.Predicate.Type); err != nil {
		return err
	}
	for _, image = range images {
		if _, err := registry.Parse(image); err != nil {
			return err
		}
	}
	image = images[0]
	s.warnOfTag(image)
	predicate, err := s.predicate(o.Predicate.Path)
	if err != nil {
		return err
	}
	work, err := s.signWith(cmd, &signer{
		key: o.Key, fulcio: o.Fulcio, oidc: o.OIDC, rekor: o.Rekor.URL, timestamp: o.TSAServerURL,
		yes: o.SkipConfirmation, log: o.TlogUpload, bundle: o.NewBundleFormat,
	})
	if err != nil {
		return err
	}
	defer work.close()
	s.noticeAtLog()
	work.request.SkipAttach = o.NoUpload
	work.request.Attestation = &signing.Attestation{Type: o.Predicate.Type, Predicate: predicate, EntryType: entryType}
	for i := range images {
		if image = images[i]; i > 0 {
			s.warnOfTag(image)
			s.info("Using payload from: %s", o.Predicate.Path)
		}
		result, err := work.sign(image)
		if err != nil {
			return err
		}
		if o.NoUpload {
			if _, err := fmt.Fprintf(s.stdout, "%s\n", result.Envelope); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostPredicate is how large a predicate may be. Logs and registries take less.
const mostPredicate = 32 << 20

// predicate reads the file of --predicate, or standard input.
func (s *session) predicate(path string) ([]byte, error) {
	if path != "-" {
		s.info("Using payload from: %s", path)
		return s.call.Files.ReadFile(s.call.Dir, path)
	}
	s.info("Using payload from: standard input")
	text, err := io.ReadAll(io.LimitReader(s.call.Stdin, mostPredicate+1))
	if err == nil && len(text) > mostPredicate {
		err = &actions.Error{
			Code: actions.CodeUsage, What: "the predicate is too large", Why: fmt.Sprintf("it has more than %d bytes", mostPredicate),
			Next: "attest a digest of it, and keep it elsewhere",
		}
	}
	return text, err
}
