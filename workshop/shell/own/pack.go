package own

import (
	"context"
	"fmt"
	"path"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/verification"
)

func (c *command) pack() *cobra.Command {
	var file string
	var force, noProofs bool
	cmd := &cobra.Command{
		Use:   "pack IMAGE",
		Short: "Write an image with its signatures and the trust root into one archive, for where there is no network",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.writePack(cmd.Context(), args[0], file, force, noProofs)
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the file to write; without it NAME-TAG.pack.tar here")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	cmd.Flags().BoolVar(&noProofs, "no-proofs", false, "do not ask the log for the inclusion proofs that signature tags do not carry")
	return cmd
}

func (c *command) writePack(ctx context.Context, image, file string, force, noProofs bool) error {
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
	verifier := verification.New(clients.Verification())
	seen, err := verifier.List(ctx, image)
	if err != nil {
		return err
	}
	req.Signers, req.KeyPairs = pack.SignersOf(seen), pack.KeyPairsOf(seen)
	if !noProofs {
		var note string
		if req.Proofs, note, err = pack.FetchProofs(ctx, verifier, seen); err != nil {
			return err
		}
		if note != "" {
			_, _ = fmt.Fprintln(c.call.Stderr, note)
		}
	}
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
