package keys

import (
	"context"

	"github.com/sigwalk/sigwalk/actions"
)

// PasswordFunc returns a password without asking a person. The empty secret is a password, too; false means that a person
// must be asked.
type PasswordFunc func(ctx context.Context) (actions.Secret, bool, error)

// The questions for the password of a private key.
const (
	QuestionPassword       = "key-password"
	QuestionRepeatPassword = "key-password-again"

	promptPassword       = "Enter password for private key:"
	promptRepeatPassword = "Enter password for private key again:"
)

// password gets the password of a private key. A new one is asked for twice, so that a slip of the finger does not lock
// the key for ever.
func (c *Client) password(ctx context.Context, isNew bool) ([]byte, error) {
	if c.opts.Password != nil {
		given, known, err := c.opts.Password(ctx)
		if known || err != nil {
			return []byte(given.Reveal()), err
		}
	}
	first, err := c.ask(ctx, QuestionPassword, promptPassword)
	if err != nil || !isNew {
		return []byte(first.Reveal()), err
	}
	again, err := c.ask(ctx, QuestionRepeatPassword, promptRepeatPassword)
	if err != nil {
		return nil, err
	}
	if first != again {
		return nil, &actions.Error{
			Code: actions.CodeKeyPassword,
			What: "passwords do not match",
			Why:  "the password was typed twice, and not the same way",
			Next: "nothing was written: start again, or set COSIGN_PASSWORD",
		}
	}
	return []byte(first.Reveal()), nil
}

func (c *Client) ask(ctx context.Context, id, prompt string) (actions.Secret, error) {
	answer, err := c.opts.Observer.Ask(ctx, actions.Question{ID: id, Prompt: prompt, Secret: true})
	if actions.CodeOf(err) == actions.CodeNobodyToAsk {
		return actions.Secret{}, &actions.Error{
			Code: actions.CodeNobodyToAsk,
			What: "the password of the private key is wanted, and nobody is there to type it",
			Next: "set COSIGN_PASSWORD, or run this on a terminal",
		}
	}
	return answer.Text, err
}
