package identity

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// QuestionSignIn is the ID of the question that waits while a person signs in; its Detail is a *Prompt. Its answer is the
// code where the way is WayCode, or the ID of one of its choices: "new", or a Way.
const QuestionSignIn = "sign-in"

// choiceNew asks for a new link in the same way.
const choiceNew = "new"

// ChoiceNew is the choice of a new link in the same way; the other choices are Ways.
const ChoiceNew = choiceNew

// Prompt is what a person needs to sign in.
type Prompt struct {
	Way     Way
	Purpose string // as in SignInOptions
	Issuer  string
	// URL is the link to open; with WayDevice it has the code in it already. Empty when there is none.
	URL string
	// UserCode is the code to enter at Page, with WayDevice.
	UserCode string
	Page     string
	// Opened is true when a browser was asked to open URL; NotOpened says why it could not be.
	Opened    bool
	NotOpened string
	// Expires is when the link is given up, by the clock of the options; zero when it is over.
	Expires time.Time
	// Ways are those that can be chosen in place of this one.
	Ways []Way
	// Failure is why the sign-in is not done yet; nil at first. Over is true when the link is of no more use.
	Failure error
	Over    bool
	// Warning is a remark that the person should see before logging in, such as a clock that is off; it may be empty.
	Warning string
	// Keycloak is true when the provider is known to be Keycloak, whose codes have a shape.
	Keycloak bool
}

// CheckCode says what looks wrong with a code, or nothing. It is a guess: the code is to be sent all the same.
func (p *Prompt) CheckCode(code actions.Secret) string {
	text := tidyCode(code).Reveal()
	if !p.Keycloak || text == "" {
		return ""
	}
	return keycloakShape(text)
}

// CodeLength is how many characters a code of this provider has; zero when that is not known.
func (p *Prompt) CodeLength() int {
	if p.Keycloak {
		return keycloakLength
	}
	return 0
}

// Keycloak's codes are three UUIDs joined by dots.
const (
	keycloakGroups = 3
	keycloakGroup  = 36
	keycloakLength = keycloakGroups*keycloakGroup + keycloakGroups - 1
)

func keycloakShape(text string) string {
	groups := strings.Split(text, ".")
	last := len(groups[len(groups)-1])
	expected := fmt.Sprintf("%d groups of %d characters are expected", keycloakGroups, keycloakGroup)
	switch {
	case len(groups) > keycloakGroups:
		return fmt.Sprintf("Looks too long: %s, there are %d. Paste it alone.", expected, len(groups))
	case len(groups) < keycloakGroups:
		return fmt.Sprintf("Looks cut off: %s, there %s. Paste it again.", expected, groupsIn(len(groups)))
	case last < keycloakGroup:
		return fmt.Sprintf("Looks cut off: %s, the last has %d. Paste it again.", expected, last)
	}
	for _, group := range groups {
		if len(group) != keycloakGroup {
			return fmt.Sprintf("Looks unusual: %s, one has %d. Paste it again.", expected, len(group))
		}
	}
	return ""
}

func groupsIn(n int) string {
	if n == 1 {
		return "is only one"
	}
	return fmt.Sprintf("are only %d", n)
}

// tidyCode takes out the white space that a paste brings along: a code has none.
func tidyCode(code actions.Secret) actions.Secret {
	return actions.NewSecret(strings.Join(strings.Fields(code.Reveal()), ""))
}

// standing is where a link stands.
type standing struct {
	failure error
	over    bool
	again   bool // the link was shown before
}

// question asks the person to sign in.
func (s *signIn) question(l *link, at standing) actions.Question {
	p := &Prompt{
		Way: l.way, Purpose: s.opts.Purpose, Issuer: s.opts.Issuer, URL: l.url, UserCode: l.userCode, Page: l.page,
		Opened: l.opened, NotOpened: l.notOpened, Ways: s.ways(l.way), Failure: at.failure, Over: at.over,
		Keycloak: s.provider.keycloak, Warning: s.courier.clockWarning(s.provider.host()),
	}
	if !at.over {
		p.Expires = l.expires
	}
	q := actions.Question{ID: QuestionSignIn, Detail: p, NoText: l.way != WayCode || at.over}
	q.Choices = append(q.Choices, actions.Choice{ID: choiceNew, Title: newTitle(l.way)})
	for _, way := range p.Ways {
		q.Choices = append(q.Choices, actions.Choice{ID: string(way), Title: way.title()})
	}
	var text []string
	if at.failure != nil {
		text = append(text, failureText(at.failure))
	}
	if !at.again && l.url != "" {
		text = append(text, p.instructions(s.opts.Clock.Now()))
	}
	q.Text = strings.Join(text, "\n")
	if !q.NoText {
		q.Prompt = "Enter verification code:"
	}
	return q
}

func newTitle(way Way) string {
	if way == WayDevice {
		return "get a new code"
	}
	return "get a new link"
}

// title says what choosing the way does.
func (w Way) title() string {
	switch w {
	case WayBrowser:
		return "use a browser on this machine"
	case WayDevice:
		return "enter a short code on any device"
	case WayCode:
	}
	return "use a browser anywhere and paste a code"
}

// instructions are cosign's own words, which a learner meets again there.
func (p *Prompt) instructions(now time.Time) string {
	var b strings.Builder
	if p.Warning != "" {
		b.WriteString("WARNING: " + p.Warning + "\n")
	}
	if p.NotOpened != "" {
		b.WriteString("error opening browser: " + p.NotOpened + "\n")
	}
	switch p.Way {
	case WayBrowser:
		if p.Opened {
			b.WriteString("Your browser will now be opened to:\n" + p.URL)
		} else {
			b.WriteString("Go to the following link in a browser on this machine:\n\n\t " + p.URL + "\n")
		}
	case WayDevice:
		fmt.Fprintf(&b, "Enter the verification code %s in your browser at: %s\nCode will be valid for %d seconds",
			p.UserCode, p.URL, int(p.Expires.Sub(now).Round(time.Second).Seconds()))
	case WayCode:
		b.WriteString("Go to the following link in a browser:\n\n\t " + p.URL)
	}
	return b.String()
}

// failureText is a failure on lines of its own.
func failureText(err error) string {
	text := err.Error()
	var e *actions.Error
	if errors.As(err, &e) && e.Next != "" {
		text += "\n  next: " + e.Next
	}
	return text
}
