package cosign

import (
	"context"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/options"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// signer is what the flags of sign and of attest say of who signs, with which services, and how it is kept.
type signer struct {
	key              string
	fulcio           options.FulcioOptions
	oidc             options.OIDCOptions
	rekor, timestamp string
	yes, log, bundle bool
}

// signerFlags are the flags that a signer is made of.
func signerFlags() []string {
	return []string{
		"fulcio-url", "identity-token", "rekor-url", "oidc-issuer", "oidc-client-id", "oidc-disable-ambient-providers", "yes",
		"timestamp-server-url", "fulcio-auth-flow", "key", "tlog-upload", "oidc-redirect-url", "oidc-provider",
		"oidc-client-secret-file", "new-bundle-format",
	}
}

// signature is the work of a line that signs, perhaps more than once.
type signature struct {
	*session
	ctx     context.Context //nolint:containedctx // it is that of one line, and ends with it
	clients *builtin.Clients
	request signing.Request
	with    func(context.Context, signing.Request) (*signing.Result, error)
	close   func()
}

// signWith gets ready to sign as the flags say. The caller closes what it returns.
func (s *session) signWith(cmd *cobra.Command, o *signer) (_ *signature, err error) {
	clients, err := s.call.Connect(s.narrator)
	if err != nil {
		return nil, err
	}
	clients.Endpoints.Fulcio, clients.Endpoints.Rekor = o.fulcio.URL, o.rekor
	clients.Endpoints.Timestamp = o.timestamp
	clients.Endpoints.OIDCIssuer, clients.Endpoints.OIDCClientID = o.oidc.Issuer, o.oidc.ClientID
	ctx, cancel := s.patient(cmd)
	w := &signature{
		session: s, ctx: ctx, clients: clients,
		request: signing.Request{Consented: o.yes, SkipLog: !o.log},
		close:   func() { cancel(); clients.Close() },
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if o.bundle {
		w.request.Form = signing.FormBundle
	}
	signer := clients.Signer()
	w.with = signer.SignWithKey
	if w.request.Key, err = s.signingKey(ctx, clients, cmd, o.key); err != nil {
		return nil, s.late(ctx, err)
	}
	if w.request.Key == nil {
		w.with = signer.SignWithToken
		if err := s.identify(cmd, o, clients, &w.request); err != nil {
			return nil, err
		}
	}
	s.narrateSigning(o.yes)
	return w, nil
}

// below are an image and everything that it names, in full.
func (w *signature) below(image string) ([]string, error) {
	digests, err := w.clients.Registry().Descend(w.ctx, image)
	if err != nil {
		return nil, w.late(w.ctx, err)
	}
	targets := make([]string, len(digests))
	for i, d := range digests {
		targets[i] = d.String()
	}
	return targets, nil
}

// sign signs one image.
func (w *signature) sign(image string) (*signing.Result, error) {
	w.request.Image = image
	result, err := w.with(w.ctx, w.request)
	if err != nil {
		return nil, w.late(w.ctx, err)
	}
	w.request.Consented = true // once a command line is enough, as in cosign
	w.call.Keep(result)
	if result.Restored > 0 {
		w.info("Put back %d %s that others had overwritten", result.Restored, w.noun(result.Restored))
	}
	return result, nil
}

// noun names n of what is signed.
func (w *signature) noun(n int) string {
	noun := "signature"
	switch {
	case w.request.Form == signing.FormBundle:
		noun = "bundle"
	case w.request.Attestation != nil:
		noun = "attestation"
	}
	if n != 1 {
		noun += "s"
	}
	return noun
}
