package cosign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

func (s *session) generateKeyPair() *cobra.Command {
	o := &options.GenerateKeyPairOptions{}
	cmd := &cobra.Command{
		Use:   "generate-key-pair",
		Short: "Make a private key, encrypted with a password, and its public key",
		Example: `  cosign generate-key-pair
  cosign generate-key-pair --output-key-prefix my-name
  cosign generate-key-pair k8s://NAMESPACE/NAME

The password is asked for twice, or taken from COSIGN_PASSWORD.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.only(cmd, "output-key-prefix"); err != nil {
				return err
			}
			return s.withKeys(cmd.Context(), func(ctx context.Context, client *keys.Client) error {
				return s.doGenerate(ctx, client, o.OutputKeyPrefix, args)
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) doGenerate(ctx context.Context, client *keys.Client, prefix string, args []string) error {
	if len(args) > 0 {
		return s.generateElsewhere(ctx, client, args[0])
	}
	pair, err := client.Generate(ctx)
	if err != nil {
		return err
	}
	return s.saveKeys(ctx, client, prefix, pair, false)
}

// generateElsewhere makes a pair in a place that is no file.
func (s *session) generateElsewhere(ctx context.Context, client *keys.Client, reference string) error {
	scheme, place, ok := strings.Cut(reference, "://")
	switch {
	case !ok:
		return errors.New("could not parse scheme, use <scheme>://<ref> format")
	case keys.Unsupported(reference) != nil:
		return s.notBuilt("cosign generate-key-pair " + reference)
	case scheme != "k8s":
		return fmt.Errorf("undefined provider: %s", scheme)
	}
	files, err := client.GenerateInCluster(ctx, keyFiles{s.call}, reference)
	if err != nil {
		return err
	}
	s.call.Keep(files)
	namespace, name, _ := strings.Cut(place, "/")
	s.info("Successfully created secret %s in namespace %s", name, namespace)
	s.info("Public key written to %s", files.Public)
	return nil
}

func (s *session) importKeyPair() *cobra.Command {
	o := &options.ImportKeyPairOptions{}
	cmd := &cobra.Command{
		Use:   "import-key-pair",
		Short: "Bring a private key of another program into cosign's format",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.only(cmd, "key", "output-key-prefix", "yes"); err != nil {
				return err
			}
			if o.Key == "" {
				return &actions.Error{
					Code: actions.CodeUsage, What: "there is no key to import", Why: "--key is not given",
					Next: "name the file of a private key in PEM: `cosign import-key-pair --key FILE`",
				}
			}
			return s.withKeys(cmd.Context(), func(ctx context.Context, client *keys.Client) error {
				path, err := s.call.Files.Host(s.call.Dir, o.Key)
				if err != nil {
					return err
				}
				pair, err := client.Import(ctx, path)
				if err != nil {
					return err
				}
				return s.saveKeys(ctx, client, o.OutputKeyPrefix, pair, o.SkipConfirmation)
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) saveKeys(ctx context.Context, client *keys.Client, prefix string, pair *keys.Pair, yes bool) error {
	files, err := client.Save(ctx, keyFiles{s.call}, prefix, pair, yes)
	if err != nil {
		return err
	}
	s.call.Keep(files)
	s.info("Private key written to %s", files.Private)
	s.info("Public key written to %s", files.Public)
	return nil
}

func (s *session) publicKey() *cobra.Command {
	o := &options.PublicKeyOptions{}
	cmd := &cobra.Command{
		Use:   "public-key",
		Short: "Print the public key that belongs to a private one",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !options.OneOf(o.Key, o.SecurityKey.Use) {
				return &options.KeyParseError{}
			}
			if err := s.only(cmd, "key", "outfile"); err != nil {
				return err
			}
			return s.withKeys(cmd.Context(), func(ctx context.Context, client *keys.Client) error {
				key, err := s.key(ctx, client, cmd, o.Key)
				if err != nil {
					return err
				}
				return s.writePublicKey(ctx, client, o.OutFile, key)
			})
		},
	}
	o.AddFlags(cmd)
	return cmd
}

func (s *session) writePublicKey(ctx context.Context, client *keys.Client, path string, key *keys.Key) error {
	if path == "" {
		_, err := s.stdout.Write(key.PublicPEM)
		return err
	}
	there, err := s.call.Files.ReadFile(s.call.Dir, path)
	if err != nil || !bytes.Equal(there, key.PublicPEM) {
		if err := client.SavePublic(ctx, keyFiles{s.call}, path, key.PublicPEM); err != nil {
			return err
		}
	}
	s.info("Public key written to %s", path)
	return nil
}

// withKeys runs work with what makes and loads keys.
func (s *session) withKeys(ctx context.Context, work func(context.Context, *keys.Client) error) error {
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return err
	}
	defer clients.Close()
	ctx, cancel := context.WithTimeout(ctx, s.ro.Timeout)
	defer cancel()
	return s.late(ctx, work(ctx, clients.Keys()))
}

// key loads the private key of --key. For one that the real cosign alone can use, it shows that command line.
func (s *session) key(ctx context.Context, client *keys.Client, cmd *cobra.Command, reference string) (*keys.Key, error) {
	if keys.Unsupported(reference) != nil {
		return nil, s.notBuilt(cmd.CommandPath() + " --key " + reference)
	}
	return client.Signer(ctx, reference)
}

// signingKey is the key of --key, or nil where none is given and an identity signs.
func (s *session) signingKey(ctx context.Context, clients *builtin.Clients, cmd *cobra.Command, reference string) (*keys.Key, error) {
	if reference == "" {
		return nil, nil
	}
	key, err := s.key(ctx, clients.Keys(), cmd, reference)
	if err != nil && actions.CodeOf(err) != actions.CodeNotBuiltIn {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	return key, err
}
