package cosign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

// The flows of --fulcio-auth-flow.
const (
	flowNormal            = "normal"
	flowDevice            = "device"
	flowToken             = "token"
	flowClientCredentials = "client_credentials"
)

// identify makes the request say who signs: by a token that was given, or by a sign-in. As with cosign, a flow that was
// asked for counts for more than a token that is there.
func (s *session) identify(cmd *cobra.Command, o *signer, clients *builtin.Clients, req *signing.Request) error {
	var err error
	switch flow := o.fulcio.AuthFlow; flow {
	case "", flowToken:
		if req.Token, err = s.identityToken(cmd.Context(), o, clients); err != nil || !req.Token.IsZero() {
			return err
		}
		if flow == flowToken {
			return &actions.Error{
				Code: actions.CodeNoToken,
				What: "there is no identity token to sign with",
				Why:  "neither --identity-token nor SIGSTORE_ID_TOKEN has one, and no CI system offers one here",
				Next: "source ./get-access-token.sh, which sets SIGSTORE_ID_TOKEN, or leave --fulcio-auth-flow=token out to sign in",
			}
		}
		return s.signIn(cmd, o, clients, req, identity.SignIn, "")
	case flowNormal:
		return s.signIn(cmd, o, clients, req, identity.SignIn, "")
	case flowDevice:
		s.narrator.done["sign-in"] = func(actions.Stage) { s.info("Token received!") }
		return s.signIn(cmd, o, clients, req, identity.SignIn, identity.WayDevice)
	case flowClientCredentials:
		return s.signIn(cmd, o, clients, req, identity.ClientCredentials, "")
	default:
		return &actions.Error{
			Code: actions.CodeUsage, What: "unsupported oauth flow: " + flow,
			Next: "give --fulcio-auth-flow one of normal, device, token, client_credentials, or leave it out",
		}
	}
}

// signIn makes the request get its token by itself, once for all images of the line.
func (s *session) signIn(cmd *cobra.Command, o *signer, clients *builtin.Clients, req *signing.Request,
	get func(context.Context, identity.SignInOptions) (*identity.Token, error), way identity.Way,
) error {
	secret, err := s.clientSecret(cmd)
	if err != nil {
		return err
	}
	var token *identity.Token
	req.SignIn = func(ctx context.Context, digest name.Digest) (actions.Secret, error) {
		if token == nil {
			got, err := get(ctx, identity.SignInOptions{
				Issuer: o.oidc.Issuer, ClientID: o.oidc.ClientID, ClientSecret: secret, RedirectURL: o.oidc.RedirectURL,
				Way: way, Purpose: digest.RepositoryStr() + "@" + digest.DigestStr(), Open: s.call.OpenBrowser,
				Transport: clients.Transport, Observer: clients.Observer, Clock: s.call.Clock,
			})
			if err != nil {
				return actions.Secret{}, err
			}
			token = got
		}
		return token.Raw, nil
	}
	return nil
}

// clientSecret is what the file of --oidc-client-secret-file holds.
func (s *session) clientSecret(cmd *cobra.Command) (actions.Secret, error) {
	path, err := cmd.Flags().GetString("oidc-client-secret-file")
	if err != nil || path == "" {
		return actions.Secret{}, err
	}
	text, err := s.call.Files.ReadFile(s.call.Dir, path)
	if err != nil {
		return actions.Secret{}, fmt.Errorf("reading OIDC client secret: %w", err)
	}
	return actions.NewSecret(strings.TrimSpace(string(text))), nil
}

// identityToken is the token of --identity-token (which may be a file), else what the place offers: SIGSTORE_ID_TOKEN, a CI
// system, a workload's agent; empty when there is none.
func (s *session) identityToken(ctx context.Context, o *signer, clients *builtin.Clients) (actions.Secret, error) {
	given := strings.TrimSpace(o.fulcio.IdentityToken)
	if given == "" {
		if o.oidc.DisableAmbientProviders {
			return actions.Secret{}, nil
		}
		place, err := clients.Ambient()
		if err != nil {
			return actions.Secret{}, err
		}
		token, _, err := ambient.Token(ctx, place, o.oidc.Provider)
		return token, err
	}
	// A token has dots and no slashes worth a file name; cosign, too, takes it for a file only when there is one.
	text, err := s.call.Files.ReadFile(s.call.Dir, given)
	switch {
	case err == nil:
		return actions.NewSecret(strings.TrimSpace(string(text))), nil
	case confine.Outside(err) && strings.Contains(given, "/"):
		return actions.Secret{}, err
	case errors.Is(err, fs.ErrNotExist) || len(given) > 255:
		return actions.NewSecret(given), nil
	}
	return actions.Secret{}, errors.New("the file of --identity-token cannot be read")
}
