package signing

import (
	"context"
	"errors"
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

// checkToken refuses a token that cannot work, before it leaves this machine. What looks wrong from here is held against
// what Fulcio says it trusts: it may know another client, or another clock, and has the last word.
func (s *Signer) checkToken(ctx context.Context, raw actions.Secret) (*identity.Token, error) {
	if raw.IsZero() {
		return nil, &actions.Error{
			Code: actions.CodeNoToken,
			What: "there is no identity token to sign with",
			Next: "get one (source ./get-access-token.sh sets SIGSTORE_ID_TOKEN), or give it with --identity-token",
		}
	}
	token, err := identity.Parse(raw)
	if err != nil {
		return nil, err
	}
	var problem *actions.Error
	if !errors.As(s.likely(token), &problem) {
		return token, nil
	}
	report, err := s.inspect(ctx, token)
	switch {
	case err != nil:
		return nil, err
	case report.Verdict == inspect.Accepted:
		return token, nil
	}
	var told *actions.Error
	if errors.As(report.Problem(problem.Code), &told) {
		return nil, &actions.Error{Code: told.Code, What: problem.What, Why: told.Why, Next: told.Next, Err: problem}
	}
	return nil, problem
}

// likely is what looks wrong with the token, seen from this machine alone.
func (s *Signer) likely(token *identity.Token) error {
	if err := token.Check(s.opts.Clock.Now(), s.opts.Endpoints.OIDCClientID); err != nil {
		return err
	}
	if token.Email != "" && !token.EmailVerified {
		return &actions.Error{
			Code: actions.CodeTokenRefused,
			What: "the identity token for " + token.Email + " cannot be used",
			Why:  "it says that the e-mail address is not verified, and Fulcio certifies verified addresses only",
			Next: "have the address confirmed at " + token.Issuer + " (an administrator can mark it as verified), then get a new token",
		}
	}
	return nil
}

// inspect foretells what Fulcio does with the token.
func (s *Signer) inspect(ctx context.Context, token *identity.Token) (*inspect.Report, error) {
	return inspect.Inspect(ctx, token, inspect.Options{
		Fulcio: s.opts.Endpoints.Fulcio, Transport: s.opts.Transport, Clock: s.opts.Clock,
	})
}

// refusedByFulcio says what a refusal means: Fulcio itself says little on purpose, but it says what it trusts.
func (s *Signer) refusedByFulcio(ctx context.Context, reply *answer, token *identity.Token) error {
	fulcio := s.opts.Endpoints.Fulcio
	e := &actions.Error{What: "Fulcio at " + fulcio + " gave no certificate", Why: reply.reason()}
	switch {
	case reply.status == http.StatusNotFound || reply.status == http.StatusMethodNotAllowed:
		e.Code, e.Next = actions.CodeNotAsked, "check that this is the address of Fulcio"
		return e
	case reply.status >= http.StatusInternalServerError:
		e.Code, e.Next = actions.CodeServer, "try again in a while; its own logs say more"
		return e
	}
	e.Code = actions.CodeTokenRefused
	e.What = "Fulcio at " + fulcio + " refused the identity token"
	e.Next = "see what the token says, and what Fulcio trusts: sigwalk token"
	report, err := s.inspect(ctx, token)
	if err != nil {
		return err
	}
	var told *actions.Error
	if errors.As(report.Problem(actions.CodeTokenRefused), &told) {
		e.Code, e.Next = told.Code, told.Next
		e.Why = reply.reason() + ", which seems to mean: " + told.Why
	}
	return e
}
