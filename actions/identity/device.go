package identity

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/sigwalk/sigwalk/actions"
)

// pollFailures is how many polls in a row may fail for reasons of the network before the device grant is given up.
const pollFailures = 3

// device makes a link by the device authorization grant (RFC 8628).
func (s *signIn) device(ctx context.Context, l *link) error {
	grant, err := l.config.DeviceAuth(s.courier.context(ctx), oauth2.S256ChallengeOption(l.verifier))
	if err != nil {
		return s.provider.explain(ctx, err, "begin a sign-in with a device")
	}
	l.nonce = "" // the grant has none: nothing comes back through a browser
	l.userCode, l.page, l.url = grant.UserCode, grant.VerificationURI, grant.VerificationURIComplete
	if l.url == "" {
		l.url = l.page
	}
	if l.url == "" || l.userCode == "" || grant.DeviceCode == "" {
		return s.provider.unusable("its answer to a device names no code or no page")
	}
	if !grant.Expiry.IsZero() {
		l.patience = time.Until(grant.Expiry).Round(time.Second)
		l.expires = s.opts.Clock.Now().Add(l.patience)
	}
	l.watch = func(ctx context.Context) outcome { return s.poll(ctx, l, grant) }
	return nil
}

// poll asks for the token at the pace that the provider sets, until the person has entered the code.
func (s *signIn) poll(ctx context.Context, l *link, grant *oauth2.DeviceAuthResponse) outcome {
	for failures := 1; ; failures++ {
		answer, err := l.config.DeviceAccessToken(s.courier.context(ctx), grant, oauth2.VerifierOption(l.verifier))
		switch {
		case err == nil:
			return outcome{answer: answer}
		case ctx.Err() != nil:
			return outcome{err: ctx.Err()}
		}
		var refused *oauth2.RetrieveError
		said := errors.As(err, &refused)
		switch {
		case said && refused.ErrorCode == "expired_token", errors.Is(err, context.DeadlineExceeded):
			return outcome{err: s.tooLate(l)}
		case said && refused.ErrorCode == "access_denied":
			return outcome{err: cancelled(refused.ErrorDescription)}
		case said && refused.ErrorCode != "", failures >= pollFailures:
			return outcome{err: s.provider.explain(ctx, err, "ask for the token of a device")}
		}
	}
}

// cancelled is the error for a login that was broken off at the provider's page.
func cancelled(description string) error {
	why := "the identity provider says that the login was cancelled or not allowed (access_denied)"
	if text := Quoted(description); text != "" {
		why += ": " + text
	}
	return &actions.Error{
		Code: actions.CodeSignInCancelled,
		What: "nobody was signed in",
		Why:  why,
		Next: "get a new link and log in, or sign in as somebody who may use this client",
	}
}
