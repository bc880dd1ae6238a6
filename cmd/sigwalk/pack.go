package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// packFlags are those of sigwalk pack.
type packFlags struct {
	file, trustedRoot string
	force, noProofs   bool
}

func (a *app) packCommand() *cobra.Command {
	var f packFlags
	cmd := &cobra.Command{
		Use:   "pack IMAGE",
		Short: "Write an image with its signatures and the trust root into one archive, for where there is no network",
		Long: `Write one archive with an image, all of its platforms, its signatures, attestations, SBOMs and whatever refers to it, the
trust root, checksums, and a README for the person at the other side, who verifies it with sigwalk verify --pack FILE, or
unpacked with cosign verify --local-image. It is an OCI layout, so that skopeo reads it, too. The inclusion proofs that signature
tags do not carry are fetched from the transparency log, as far as it answers. The same image gives the same bytes, but for
these proofs, which change as the log grows. A file that is there is not overwritten without a yes.`,
		Example: `  sigwalk pack $IMAGE
  sigwalk pack --file app.tar quay.io/org/app@sha256:...
  sigwalk verify --pack app.tar --certificate-identity=... --certificate-oidc-issuer=...`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error { return a.pack(cmd.Context(), args[0], f) },
	}
	cmd.Flags().StringVarP(&f.file, "file", "f", "", "the `FILE` to write; without it NAME-TAG.pack.tar here")
	cmd.Flags().StringVar(&f.trustedRoot, "trusted-root", "", "`FILE` with the trust root that goes along; without it, the deployment's")
	cmd.Flags().BoolVar(&f.noProofs, "no-proofs", false, "do not ask the transparency log for the inclusion proofs that signature tags do not carry")
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite FILE without asking")
	return printing(cmd, "text", "json")
}

func (a *app) pack(ctx context.Context, image string, f packFlags) error {
	var err error
	if f.file == "" {
		if f.file, err = pack.DefaultFile(image); err != nil {
			return err
		}
	}
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	teller := newTeller(a.in, a.err)
	req := pack.Request{Image: image, File: f.file}
	if req.Replace, err = mayReplace(ctx, teller, f); err != nil {
		return err
	}
	if req.TrustRoot, req.TrustSource, err = p.trustRoot(ctx, f.trustedRoot); err != nil {
		return err
	}
	verifier, err := p.verifierWith(actions.Discard, materialFlags{trustedRoot: f.trustedRoot})
	if err != nil {
		return err
	}
	seen, err := verifier.List(ctx, image)
	if err != nil {
		return err
	}
	req.Signers, req.KeyPairs = pack.SignersOf(seen), pack.KeyPairsOf(seen)
	if !f.noProofs {
		var note string
		if req.Proofs, note, err = pack.FetchProofs(ctx, verifier, seen); err != nil {
			return err
		}
		if note != "" {
			a.tell("%s", printable.Line(note, ' '))
		}
	}
	transport, err := p.transport(actions.Discard)
	if err != nil {
		return err
	}
	packer := pack.New(pack.Options{
		Registry:   registry.New(registry.Options{Homes: p.homes, Transport: transport, Observer: teller}),
		Repository: p.value("COSIGN_REPOSITORY"), Observer: teller,
	})
	result, err := packer.Write(ctx, req)
	if err != nil {
		return err
	}
	return a.proven(ctx, result)
}

// mayReplace asks whether a file that is there may be overwritten.
func mayReplace(ctx context.Context, obs actions.Observer, f packFlags) (bool, error) {
	if _, err := os.Lstat(f.file); err != nil || f.force {
		return f.force, nil //nolint:nilerr // what is wrong with the place is said when it is written to
	}
	answer, err := obs.Ask(ctx, actions.Question{
		ID: "overwrite", Text: f.file + " is there already.", Prompt: "Overwrite it? [y/N]", YesNo: true,
	})
	if errors.Is(err, actions.ErrNobodyToAsk) {
		return false, nil
	}
	return answer.Yes, err
}

// trustRoot is what goes along: the file's bytes, or the deployment's trust root.
func (p *place) trustRoot(ctx context.Context, file string) (content []byte, source string, err error) {
	if file != "" {
		if _, err := (&materialFlags{trustedRoot: file}).material(nil); err != nil {
			return nil, "", err
		}
		content, err := os.ReadFile(file)
		return content, "a file that the packer gave", err
	}
	roots, err := p.roots(actions.Discard)
	if err != nil {
		return nil, "", err
	}
	if content, err = roots.JSON(ctx); err != nil {
		return nil, "", err
	}
	status, err := roots.Status(ctx)
	if err != nil {
		return nil, "", err
	}
	return content, status.Remote, nil
}

// proven opens what was written, verifies it without the network as the other side will, and says what is seen there.
func (a *app) proven(ctx context.Context, result *pack.Result) error {
	proof, err := pack.Prove(ctx, result)
	switch {
	case err != nil:
		return err
	case a.flags.output == "json":
		a.printJSON(result)
	default:
		a.say("%s", proof.Text())
	}
	return nil
}
