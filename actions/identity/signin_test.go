package identity_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

func TestSignInWithACode(t *testing.T) {
	p := &person{}
	p.answers = []func(*identity.Prompt) actions.Answer{p.paste}
	if _, err := signIn(t, p, options(t, p)); err != nil {
		t.Fatal(err)
	}
	prompt := p.prompts()[0]
	query := parse(t, prompt.URL).Query()
	if query.Get("redirect_uri") != identity.OutOfBand || query.Get("code_challenge_method") != "S256" ||
		len(query.Get("state")) < 20 || len(query.Get("nonce")) < 20 || query.Get("scope") != "openid email" {
		t.Errorf("the link asks for %v", query)
	}
	q := p.asked[0]
	if !strings.HasPrefix(q.Text, "error opening browser: there is no browser here\nGo to the following link in a browser:\n\n\t http") ||
		q.Prompt != "Enter verification code:" || q.NoText {
		t.Errorf("asked %+v", q)
	}
	if prompt.Keycloak || prompt.CheckCode(actions.NewSecret("short")) != "" {
		t.Error("Dex is taken for Keycloak")
	}
	if prompt.Purpose != "sha256:5c50daa8" || !slices.Equal(prompt.Ways, []identity.Way{identity.WayBrowser, identity.WayDevice}) {
		t.Errorf("prompt %+v", prompt)
	}
}

func TestSignInWithABrowser(t *testing.T) {
	p := &person{answers: []func(*identity.Prompt) actions.Answer{nil}}
	opts := options(t, p)
	opened := ""
	opts.Open = func(_ context.Context, link string) error {
		opened = link
		go p.logIn(link, "")
		return nil
	}
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	prompt := p.prompts()[0]
	if prompt.URL != opened || !prompt.Opened || prompt.Way != identity.WayBrowser {
		t.Errorf("opened %s, prompt %+v", opened, prompt)
	}
	redirect := parse(t, parse(t, opened).Query().Get("redirect_uri"))
	if redirect.Hostname() != "localhost" || redirect.Path != "/auth/callback" {
		t.Errorf("the answer comes back to %s", redirect)
	}
	assertClosed(t, redirect.Host)
}

func TestSignInWithADevice(t *testing.T) {
	p := &person{}
	p.answers = []func(*identity.Prompt) actions.Answer{nil}
	opts := options(t, p)
	opts.Way = identity.WayDevice
	opts.Observer = &ahead{person: p, first: func(prompt *identity.Prompt) { go p.logIn(prompt.Page, prompt.UserCode) }}
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	prompt := p.prompts()[0]
	if len(prompt.UserCode) != 9 || !strings.HasSuffix(prompt.URL, "user_code="+prompt.UserCode) || time.Until(prompt.Expires) < time.Minute {
		t.Errorf("prompt %+v", prompt)
	}
	if want := "Enter the verification code " + prompt.UserCode + " in your browser at: " + prompt.URL; !strings.Contains(p.asked[0].Text, want) {
		t.Errorf("asked %q", p.asked[0].Text)
	}
}

// ahead lets something happen while the person is asked.
type ahead struct {
	*person
	first func(*identity.Prompt)
}

// Ask implements actions.Observer.
func (a *ahead) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	if prompt, ok := q.Detail.(*identity.Prompt); ok && a.first != nil {
		a.first(prompt)
		a.first = nil
	}
	return a.person.Ask(ctx, q)
}

// A person changes their mind while the sign-in waits: a browser, a code, a new link, a device, and a code again. What
// belonged to a link that was left is of no use any more.
func TestSwitchingWays(t *testing.T) {
	p := &person{}
	var old actions.Secret
	redirect := ""
	p.answers = []func(*identity.Prompt) actions.Answer{
		func(prompt *identity.Prompt) actions.Answer {
			redirect = parse(t, prompt.URL).Query().Get("redirect_uri")
			return actions.Answer{Choice: string(identity.WayCode)}
		},
		func(prompt *identity.Prompt) actions.Answer {
			assertClosed(t, parse(t, redirect).Host)
			old = p.logIn(prompt.URL, "")
			return actions.Answer{Choice: identity.ChoiceNew}
		},
		choose(string(identity.WayDevice)),
		choose(string(identity.WayCode)),
		func(*identity.Prompt) actions.Answer { return actions.Answer{Text: old} },
		p.paste,
	}
	opts := options(t, p)
	opts.Open = func(context.Context, string) error { return nil }
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	var ways []identity.Way
	links := map[string]bool{}
	for _, prompt := range p.prompts() {
		ways = append(ways, prompt.Way)
		links[prompt.URL] = true
		if slices.Contains(prompt.Ways, prompt.Way) {
			t.Errorf("%s is a choice while it is the way", prompt.Way)
		}
	}
	want := []identity.Way{
		identity.WayBrowser, identity.WayCode, identity.WayCode, identity.WayDevice, identity.WayCode, identity.WayCode,
	}
	if !slices.Equal(ways, want) || len(links) != 5 {
		t.Errorf("ways %v by %d links", ways, len(links))
	}
	assertError(t, p.prompts()[5].Failure, actions.CodeSignInRefused, "refused the code")
}

// A code that was cut off, used before or never given is refused; the same link takes the whole code afterwards.
func TestRefusedCodes(t *testing.T) {
	p := &person{}
	var used actions.Secret
	p.answers = []func(*identity.Prompt) actions.Answer{func(prompt *identity.Prompt) actions.Answer {
		used = p.logIn(prompt.URL, "")
		return actions.Answer{Text: used}
	}}
	opts := options(t, p)
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}

	p = &person{}
	var code actions.Secret
	p.answers = []func(*identity.Prompt) actions.Answer{
		func(prompt *identity.Prompt) actions.Answer {
			code = p.logIn(prompt.URL, "")
			text := code.Reveal()
			p.hide(text[:len(text)-3])
			return actions.Answer{Text: actions.NewSecret(text[:len(text)-3])}
		},
		func(*identity.Prompt) actions.Answer { return actions.Answer{Text: used} },
		func(*identity.Prompt) actions.Answer { return actions.Answer{Text: actions.NewSecret("  ")} },
		func(*identity.Prompt) actions.Answer {
			text := code.Reveal() // as a terminal that breaks lines brings it
			return actions.Answer{Text: actions.NewSecret(" " + text[:9] + "\r\n" + text[9:] + "\n")}
		},
	}
	opts = options(t, p)
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	prompts := p.prompts()
	for i, why := range []string{"", "invalid_grant: Invalid or expired code", "invalid_grant", "no code was given"} {
		if prompts[i].URL != prompts[0].URL || prompts[i].Over {
			t.Errorf("question %d has another link, or none", i+1)
		}
		if i > 0 {
			assertError(t, prompts[i].Failure, actions.CodeSignInRefused, why)
		}
	}
	if strings.Contains(p.asked[1].Text, prompts[0].URL) || !strings.Contains(p.asked[1].Text, "next: paste the whole code once more") {
		t.Errorf("after a refusal it says %q", p.asked[1].Text)
	}
	if prompts[0].Expires != prompts[3].Expires {
		t.Error("a refused code gives more time")
	}
}

// Where the last code was refused and nobody is left to answer, the refusal is the error.
func TestRefusedAndGone(t *testing.T) {
	p := &person{answers: []func(*identity.Prompt) actions.Answer{
		func(*identity.Prompt) actions.Answer { return actions.Answer{Text: actions.NewSecret("made-up-code")} },
	}}
	opts := options(t, p)
	p.hide("made-up-code")
	_, err := signIn(t, p, opts)
	assertError(t, err, actions.CodeSignInRefused, "refused the code")
	p.assertSilent(err)
}

func TestCancelledAtThePage(t *testing.T) {
	for way, press := range map[identity.Way]func(*person, *identity.Prompt){
		identity.WayBrowser: func(p *person, prompt *identity.Prompt) { p.cancel(prompt.URL, "") },
		identity.WayDevice:  func(p *person, prompt *identity.Prompt) { p.cancel(prompt.Page, prompt.UserCode) },
	} {
		t.Run(string(way), func(t *testing.T) {
			p := &person{}
			p.answers = []func(*identity.Prompt) actions.Answer{nil, choose(string(identity.WayCode)), p.paste}
			opts := options(t, p)
			opts.Way = way
			opts.Open = func(context.Context, string) error { return nil }
			opts.Observer = &ahead{person: p, first: func(prompt *identity.Prompt) { go press(p, prompt) }}
			if _, err := signIn(t, p, opts); err != nil {
				t.Fatal(err)
			}
			prompt := p.prompts()[1]
			assertError(t, prompt.Failure, actions.CodeSignInCancelled, "access_denied")
			if !prompt.Over || !p.asked[1].NoText || !prompt.Expires.IsZero() {
				t.Errorf("the link counts on: %+v", prompt)
			}
		})
	}
}

// A link that nobody uses is given up; the person gets another one, or another way.
func TestTooLate(t *testing.T) {
	for _, way := range []identity.Way{identity.WayBrowser, identity.WayCode} {
		t.Run(string(way), func(t *testing.T) {
			p := &person{answers: []func(*identity.Prompt) actions.Answer{nil, choose(identity.ChoiceNew), nil}}
			opts := options(t, p)
			opts.Way, opts.Patience = way, 50*time.Millisecond
			opts.Open = func(context.Context, string) error { return nil }
			_, err := signIn(t, p, opts)
			assertError(t, err, actions.CodeSignInTimeout, "in time")
			prompts := p.prompts()
			if len(prompts) != 4 || !prompts[1].Over || prompts[2].Over || prompts[2].URL == prompts[1].URL {
				t.Errorf("questions %+v", prompts)
			}
		})
	}
}

func TestSignInIsCancelled(t *testing.T) {
	for _, way := range []identity.Way{identity.WayBrowser, identity.WayCode, identity.WayDevice} {
		t.Run(string(way), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			p := &person{answers: []func(*identity.Prompt) actions.Answer{nil}}
			opts := options(t, p)
			opts.Way = way
			opts.Open = func(context.Context, string) error { return nil }
			link := ""
			opts.Observer = &ahead{person: p, first: func(prompt *identity.Prompt) {
				link = prompt.URL
				cancel()
			}}
			token, err := identity.SignIn(ctx, opts)
			if token != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", token, err)
			}
			if way == identity.WayBrowser {
				assertClosed(t, parse(t, parse(t, link).Query().Get("redirect_uri")).Host)
			}
			last, ok := p.events[len(p.events)-1].(actions.Stage)
			if !ok || last.ID != "sign-in" || last.State != actions.StageFailed {
				t.Errorf("the last event is %+v", p.events[len(p.events)-1])
			}
		})
	}
}

// Where nobody can type, a device takes the place of a code; where nobody is there at all, the sign-in ends at once.
func TestNobodyThere(t *testing.T) {
	p := &person{answers: []func(*identity.Prompt) actions.Answer{nil}}
	opts := options(t, p)
	reader := &onlyReads{person: p}
	opts.Observer = reader
	if _, err := signIn(t, p, opts); err != nil {
		t.Fatal(err)
	}
	if prompts := p.prompts(); reader.turned != 1 || len(prompts) != 1 || prompts[0].Way != identity.WayDevice {
		t.Errorf("turned away %d times, asked for %+v", reader.turned, prompts)
	}

	p = &person{}
	_, err := signIn(t, p, options(t, p))
	assertError(t, err, actions.CodeNoToken, "nobody is there")
	if prompts := p.prompts(); len(prompts) != 2 || !errors.Is(err, actions.ErrNobodyToAsk) {
		t.Errorf("asked for %+v", prompts)
	}
}

// onlyReads is where questions are read, and nothing can be typed.
type onlyReads struct {
	*person
	turned int
}

// Ask implements actions.Observer.
func (o *onlyReads) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	if !q.NoText {
		o.turned++
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	if prompt, ok := q.Detail.(*identity.Prompt); ok {
		go o.logIn(prompt.URL, "")
	}
	return o.person.Ask(ctx, q)
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// assertClosed makes sure that nothing listens at host any more.
func assertClosed(t *testing.T, host string) {
	t.Helper()
	var dialer net.Dialer
	if connection, err := dialer.DialContext(t.Context(), "tcp", host); err == nil {
		_ = connection.Close()
		t.Errorf("something still listens at %s", host)
	}
}

// get opens a page and returns what it says.
func get(t *testing.T, link string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
