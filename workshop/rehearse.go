package workshop

import (
	"context"
	"fmt"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/loginpage"
)

// rehearse signs in at the provider's own page as the step says, in place of a person. It answers with the code where the
// page shows one; where the answer goes elsewhere, it waits until that has arrived.
func (s *Session) rehearse(ctx context.Context, step int, question actions.Question) (actions.Answer, error) {
	prompt, ok := question.Detail.(*identity.Prompt)
	rehearsal := s.opts.Lesson.Steps[step].Rehearsal
	switch {
	case rehearsal == nil, !ok && !question.Secret, ok && rehearsal.User == "":
		return actions.Answer{}, actions.ErrNobodyToAsk
	case !ok:
		return s.password(step, rehearsal)
	case prompt.Failure != nil:
		// Once is enough: the failure is what the rehearsal has found.
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	user, unset := expand(rehearsal.User, s.opts.Environment)
	password, more := expand(rehearsal.Password, s.opts.Environment)
	if unset = append(unset, more...); len(unset) > 0 {
		return actions.Answer{}, s.unrehearsed(step, unset)
	}
	clients, err := s.world.clients()
	if err != nil {
		return actions.Answer{}, err
	}
	code, err := loginpage.Visit{
		URL: prompt.URL, UserCode: prompt.UserCode, Username: user, Password: actions.NewSecret(password), Transport: clients.transport,
	}.Log(ctx)
	if err != nil {
		return actions.Answer{}, err
	}
	if prompt.Way == identity.WayCode {
		return actions.Answer{Text: code}, nil
	}
	<-ctx.Done()
	return actions.Answer{}, ctx.Err()
}

// password answers a question for a password, such as that of a private key.
func (s *Session) password(step int, rehearsal *Rehearsal) (actions.Answer, error) {
	password, unset := expand(rehearsal.Password, s.opts.Environment)
	if len(unset) > 0 {
		return actions.Answer{}, s.unrehearsed(step, unset)
	}
	return actions.Answer{Text: actions.NewSecret(password)}, nil
}

// Unrehearsable says why a rehearsal cannot do a step: it is for the sandbox alone, a variable that the step needs is not set, or it asks a person to
// sign in, and the variables that say who are not set. It returns "" for every other step.
func (s *Session) Unrehearsable(step int) string {
	if why := s.notHere(step); why != "" {
		return why
	}
	if lacks := s.lacks(step); lacks != "" {
		return "the step needs it: " + lacks
	}
	rehearsal := s.opts.Lesson.Steps[step].Rehearsal
	if rehearsal == nil {
		return ""
	}
	_, unset := expand(rehearsal.User, s.opts.Environment)
	_, more := expand(rehearsal.Password, s.opts.Environment)
	if unset = append(unset, more...); len(unset) == 0 {
		return ""
	}
	return "nobody is there to sign in: " + orList(unset) + " is not set"
}

// unrehearsed says which variables a rehearsal lacks.
func (s *Session) unrehearsed(step int, unset []string) error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "the sign-in of this step cannot be rehearsed", Why: orList(unset) + " is not set",
		Next: fmt.Sprintf("give the user and the password of %s, or leave this lesson out", s.opts.Lesson.Steps[step].Title),
	}
}
