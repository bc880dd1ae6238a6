package signing

import (
	"context"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/sign/privacy"

	"github.com/sigwalk/sigwalk/actions"
)

// Statement and Confirmation are the notice of the transparency log in cosign's own words. It is a legal text, so it is
// taken from cosign and not told again.
const (
	Statement    = privacy.Statement
	Confirmation = privacy.StatementConfirmation
	// ConfirmPrompt is the question that cosign puts after them.
	ConfirmPrompt = "Are you sure you would like to continue? [y/N]"
	// QuestionConsent is the ID of the question.
	QuestionConsent = "transparency-log-consent"
)

// consent makes sure that a person agreed to the public record.
func (s *Signer) consent(ctx context.Context, req Request) error {
	if req.Consented || req.SkipLog || req.SkipAttach && req.Key != nil { // a certificate is a public record, too
		return nil
	}
	answer, err := s.opts.Observer.Ask(ctx, actions.Question{
		ID: QuestionConsent, Text: Statement + "\n" + Confirmation, Prompt: ConfirmPrompt, YesNo: true, Lasting: true,
	})
	if err != nil {
		return err
	}
	if answer.Yes {
		return nil
	}
	e := &actions.Error{
		Code: actions.CodeDeclined,
		What: "nothing was signed",
		Why:  "the notice of the transparency log was not agreed to",
		Next: "a signature with an identity always leaves a public record of that identity; answer y, or give --yes, when that is fine",
	}
	if req.Key != nil {
		e.Next = "answer y, or give --yes, when a public record is fine; with --tlog-upload=false a key pair signs without one"
	}
	return e
}
