package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/loginpage"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

const user = "user1@demo.redhat.com"

// person is who signs in: it answers the questions one after another, and what it was asked and told is kept.
type person struct {
	t *testing.T
	// answers are what it does at each question; a nil one waits until the question is withdrawn. After the last one
	// nobody is there any more.
	answers []func(*identity.Prompt) actions.Answer

	mu      sync.Mutex
	asked   []actions.Question
	events  []actions.Event
	secrets []string
}

// Event implements actions.Observer.
func (p *person) Event(_ context.Context, event actions.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, event)
}

// Ask implements actions.Observer.
func (p *person) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	p.mu.Lock()
	p.asked = append(p.asked, q)
	n := len(p.asked)
	p.mu.Unlock()
	if n > len(p.answers) {
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	prompt, ok := q.Detail.(*identity.Prompt)
	if !ok || q.ID != identity.QuestionSignIn {
		p.t.Errorf("question %s with %T", q.ID, q.Detail)
	}
	if answer := p.answers[n-1]; answer != nil {
		return answer(prompt), nil
	}
	<-ctx.Done()
	return actions.Answer{}, ctx.Err()
}

// prompts are what was asked.
func (p *person) prompts() []*identity.Prompt {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*identity.Prompt
	for _, q := range p.asked {
		prompt, ok := q.Detail.(*identity.Prompt)
		if !ok {
			p.t.Fatalf("a question with %T", q.Detail)
		}
		all = append(all, prompt)
	}
	return all
}

// hide marks what must be seen nowhere.
func (p *person) hide(secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.secrets = append(p.secrets, secret)
}

// assertSilent looks for the secrets in all that was told.
func (p *person) assertSilent(err error) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var all strings.Builder
	for _, event := range p.events {
		text, _ := json.Marshal(event)
		fmt.Fprintf(&all, "%+v %s\n", event, text)
	}
	for _, q := range p.asked {
		fmt.Fprintf(&all, "%s %+v\n", q.Script(), q.Detail)
		if prompt, ok := q.Detail.(*identity.Prompt); ok {
			fmt.Fprintf(&all, "%s\n", whole(prompt.Failure))
		}
	}
	all.WriteString(whole(err))
	if len(p.secrets) == 0 {
		p.t.Error("there was nothing to look for")
	}
	for _, secret := range p.secrets {
		if secret == "" || strings.Contains(all.String(), secret) {
			p.t.Errorf("the secret %q was told", secret)
		}
	}
}

// whole is all that an error says, its causes included.
func whole(err error) string {
	text := ""
	for ; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf("%v %+v\n", err, err)
		var e *actions.Error
		if errors.As(err, &e) {
			text += e.What + e.Why + e.Next + "\n"
		}
	}
	return text
}

// logIn does what a person does with a browser, and returns the code where the page shows one.
func (p *person) logIn(link, userCode string) actions.Secret {
	s := sandboxtest.Start(p.t)
	code, err := loginpage.Visit{
		URL: link, UserCode: userCode, Username: user, Password: actions.NewSecret(s.OIDCPassword),
	}.Log(p.t.Context())
	if err != nil {
		p.t.Errorf("log in at %s: %v", link, err)
	}
	p.hide(s.OIDCPassword)
	if !code.IsZero() {
		p.hide(code.Reveal())
	}
	return code
}

// paste logs in and answers with the code.
func (p *person) paste(prompt *identity.Prompt) actions.Answer {
	return actions.Answer{Text: p.logIn(prompt.URL, "")}
}

// choose answers with a choice.
func choose(id string) func(*identity.Prompt) actions.Answer {
	return func(*identity.Prompt) actions.Answer { return actions.Answer{Choice: id} }
}

// options are those of the sandbox's provider.
func options(t *testing.T, p *person) identity.SignInOptions {
	t.Helper()
	s := sandboxtest.Start(t)
	p.t = t
	return identity.SignInOptions{
		Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, Observer: p, Patience: time.Minute, Purpose: "sha256:5c50daa8",
	}
}

// signIn signs in and makes sure that nothing secret was told on the way.
func signIn(t *testing.T, p *person, opts identity.SignInOptions) (*identity.Token, error) {
	t.Helper()
	token, err := identity.SignIn(t.Context(), opts)
	if token != nil {
		p.hide(token.Raw.Reveal())
		s := sandboxtest.Start(t)
		if token.Email != user || token.Issuer != s.OIDCIssuer || !token.EmailVerified {
			t.Errorf("signed in as %s by %s, verified %v", token.Email, token.Issuer, token.EmailVerified)
		}
		p.assertSilent(err)
	}
	return token, err
}

// assertError looks at the code of an error and at what it says.
func assertError(t *testing.T, err error, code actions.Code, why string) {
	t.Helper()
	var e *actions.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Error(), why) || e.Next == "" {
		t.Errorf("got %v (%s), want %s with %q and what to do next", err, actions.CodeOf(err), code, why)
	}
}

// changed is a link with a parameter changed.
func changed(t *testing.T, link, name, value string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}
