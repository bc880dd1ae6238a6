package identity

import (
	"context"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sigwalk/sigwalk/actions"
)

// ClientCredentials gets an identity token for the client itself, with its secret (RFC 6749, section 4.4): nobody signs in.
// Such a token usually carries no e-mail address, and a Fulcio that certifies addresses refuses it. It reports the stage
// "provider", asks nothing, and fails as SignIn does.
func ClientCredentials(ctx context.Context, opts SignInOptions) (*Token, error) {
	if opts.Observer == nil {
		opts.Observer = actions.Discard
	}
	if opts.ClientSecret.IsZero() {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "the client " + opts.ClientID + " has no secret to sign in with",
			Next: "give the file that holds it with --oidc-client-secret-file",
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newCourier(ctx, opts.Transport, opts.Clock)
	var token *Token
	err := actions.RunStage(ctx, opts.Observer, opts.Clock, "provider", "Ask the identity provider for a token of the client",
		func(ctx context.Context) (string, error) {
			p, err := discover(ctx, c, opts)
			if err != nil {
				return "", err
			}
			config := p.config()
			request := clientcredentials.Config{
				ClientID: config.ClientID, ClientSecret: config.ClientSecret, TokenURL: config.Endpoint.TokenURL,
				Scopes: config.Scopes, AuthStyle: config.Endpoint.AuthStyle,
			}
			var answer *oauth2.Token
			if answer, err = request.Token(c.context(ctx)); err != nil {
				return "", p.explain(ctx, err, "get a token of its own")
			}
			if token, err = p.verify(ctx, answer, ""); err != nil {
				return "", err
			}
			return token.who(), nil
		})
	return token, err
}
