package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/sigwalk/sigwalk/actions"
)

// outcome is what the waiting at a link came to: a choice, a code, the provider's answer, or a failure.
type outcome struct {
	choice string
	code   actions.Secret
	answer *oauth2.Token
	err    error
	nobody bool // nobody is there to answer
	asked  bool // it came from the person
}

// errPatience ends the waiting at a link.
var errPatience = errors.New("the link is too old")

// wait asks the person and watches the link at the same time; what comes first counts. Nothing goes on when it returns.
func (s *signIn) wait(ctx context.Context, l *link, at standing) outcome {
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	outcomes := make(chan outcome, 2)
	var group sync.WaitGroup
	group.Go(func() { outcomes <- s.ask(waiting, s.question(l, at)) })
	sources := 1
	if !at.over {
		timer := time.AfterFunc(l.remaining(s.opts.Clock), func() { cancel(errPatience) })
		defer timer.Stop()
		if l.watch != nil {
			group.Go(func() { outcomes <- l.watch(waiting) })
			sources++
		}
	}
	first := <-outcomes
	if first.nobody && sources == 2 && l.opened { // whoever sees the browser may still log in
		first = <-outcomes
		sources--
		s.alone = true
	}
	late := errors.Is(context.Cause(waiting), errPatience)
	cancel(nil)
	group.Wait()
	if sources == 2 {
		// Both at once: a login that was done is worth more than a choice.
		if second := <-outcomes; first.asked && (second.answer != nil || !second.code.IsZero()) {
			return second
		}
	}
	if late && first.answer == nil && first.code.IsZero() && first.choice == "" {
		return outcome{err: s.tooLate(l)}
	}
	return first
}

// ask puts the question.
func (s *signIn) ask(ctx context.Context, q actions.Question) outcome {
	for {
		answer, err := s.opts.Observer.Ask(ctx, q)
		switch {
		case errors.Is(err, actions.ErrNobodyToAsk):
			return outcome{nobody: true, asked: true}
		case err != nil:
			return outcome{err: err, asked: true}
		case answer.Choice == "" && q.NoText:
			q.Text = "" // it was read before
			continue
		}
		return outcome{choice: answer.Choice, code: tidyCode(answer.Text), asked: true}
	}
}

func (s *signIn) tooLate(l *link) error {
	e := &actions.Error{
		Code: actions.CodeSignInTimeout,
		What: "nobody signed in in time",
		Why:  fmt.Sprintf("the link was waited for %s", Span(l.patience)),
		Next: "get a new link, and log in at the page that it opens",
	}
	if l.way == WayDevice {
		e.Why, e.Next = fmt.Sprintf("the code was valid for %s", Span(l.patience)), "get a new code, and enter it at the page"
	}
	return e
}
