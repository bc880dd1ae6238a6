package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/signin"
	"github.com/sigwalk/sigwalk/tui/theme"
)

const (
	issuer = "https://sso.apps.cluster-qkw52.example.com/realms/trusted-artifact-signer"
	link   = issuer + "/protocol/openid-connect/auth?access_type=online&client_id=trusted-artifact-signer" +
		"&code_challenge=Sr5AAQRbSo1E_1LvSFKMAl_CUkHwEGmMZ8GLmAsrFcA&code_challenge_method=S256&nonce=34eBTcbIeGurtNmu4dIfeFsyirk" +
		"&redirect_uri=urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob&response_type=code&scope=openid+email&state=34eBTeWy36XLoRyD9czZI5xQyyZ"
	whole = "f4ef6a57-a339-4c11-b192-dce7feb608aa.a35192e4-36d3-4b28-a583-50b7816e72e2.22114fef-296a-47ad-9333-f37452ce1033"
)

// stage is a screen in a world of its own: a clock that is set by hand, and a list of what it answered.
type stage struct {
	t       *testing.T
	model   *signin.Model
	now     time.Time
	answers []actions.Answer
	opened  []string
	sent    []tea.Msg
}

func newStage(t *testing.T, options theme.Options) *stage {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &stage{t: t, now: time.Date(2026, 10, 22, 16, 24, 3, 0, time.UTC)}
	deps := screen.Deps{
		Context: ctx, Theme: theme.New(options), Tasks: &screen.Tasks{}, Clock: func() time.Time { return s.now },
		Open: func(_ context.Context, url string) error {
			s.opened = append(s.opened, url)
			if len(s.opened) > 1 {
				return errors.New("no display")
			}
			return nil
		},
	}
	s.model = signin.New(deps, func(a actions.Answer) tea.Cmd {
		s.answers = append(s.answers, a)
		return nil
	})
	s.model.SetSize(80, 22)
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	return s
}

// ask shows a question as a sign-in puts it.
func (s *stage) ask(change func(*identity.Prompt)) {
	p := &identity.Prompt{
		Way: identity.WayCode, Issuer: issuer, URL: link, Keycloak: true, Expires: s.now.Add(4*time.Minute + 12*time.Second),
		Purpose: "quay-qkw52.example.com/l3-students/l3-rhads-demoimage@sha256:5c50daa8cf06e7c36854343ccc31a99aecc10167d391f2a1d3cc048b63bd29ee",
		Ways:    []identity.Way{identity.WayBrowser, identity.WayDevice},
	}
	if change != nil {
		change(p)
	}
	s.model.Ask(actions.Question{ID: identity.QuestionSignIn, Detail: p, NoText: p.Way != identity.WayCode || p.Over})
}

func device(p *identity.Prompt) {
	p.Way, p.UserCode, p.Page = identity.WayDevice, "KWYH-ZTZW", issuer+"/device"
	p.URL = p.Page + "?user_code=" + p.UserCode
	p.Ways = []identity.Way{identity.WayBrowser, identity.WayCode}
}

func (s *stage) key(name string) { s.do(screentest.Key(name)) }

// do gives a key, and carries out at once what comes of it.
func (s *stage) do(msg tea.KeyMsg) {
	if cmd := s.model.Key(msg); cmd != nil {
		got := cmd()
		s.sent = append(s.sent, got)
		s.model.Update(got)
	}
}

func (s *stage) paste(text string, bracketed bool) {
	s.do(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text), Paste: bracketed})
}

func (s *stage) text() string { return ansi.Strip(strings.Join(s.model.View(), "\n")) }

func (s *stage) shows(want ...string) {
	s.t.Helper()
	text := s.text() + "\n" + ansi.Strip(s.model.Status())
	for _, part := range want {
		if !strings.Contains(text, part) {
			s.t.Errorf("%q is not on the screen\n%s", part, text)
		}
	}
}

func (s *stage) hides(what ...string) {
	s.t.Helper()
	for _, part := range what {
		if strings.Contains(s.text(), part) {
			s.t.Errorf("%q is on the screen\n%s", part, s.text())
		}
	}
}

func TestCode(t *testing.T) {
	s := newStage(t, theme.Options{Dark: true, Profile: 3, Links: true})
	s.ask(nil)
	s.model.Stages([]actions.Stage{{ID: "key", State: actions.StageDone}, {ID: "sign-in", State: actions.StageStarted}})
	s.shows("Sign in with a code", "~ waiting    04:12", "Signing  quay", "63bd29ee", "1 ok agreed", "[^O open] [^Y copy] [^U raw URL]",
		fmt.Sprintf("%d ch", len(link)), "0 of 110 chars", "ok ephemeral key   ~ sign-in   . Fulcio cert")
	if strings.Contains(s.text(), "https://") {
		t.Error("the scheme takes room")
	}
	if view := strings.Join(s.model.View(), "\n"); !strings.Contains(view, ";"+link+"\a") {
		t.Error("the link cannot be clicked")
	}

	s.paste(whole[:97], true)
	s.shows("97 of 110 chars  <!>", "Looks cut off: 3 groups of 36 characters are expected, the last has 23.")
	s.paste(whole[97:]+"\n", true)
	s.shows("110 of 110 chars")
	s.hides("<!>", "Looks")
	if joined := strings.NewReplacer("\n", "", " ", "", "│", "").Replace(s.text()); !strings.Contains(joined, whole) {
		t.Error("the code is not shown in full")
	}
	s.now = s.now.Add(time.Second)
	s.key("enter")
	if len(s.answers) != 1 || s.answers[0].Text.Reveal() != whole {
		t.Fatalf("answers %v", s.answers)
	}
	s.shows("~ asking", "asking the identity provider")
	for _, key := range []string{"enter", "x", "ctrl+r", "ctrl+n", "ctrl+k"} {
		s.key(key)
	}
	if len(s.answers) != 1 {
		t.Error("it answers twice")
	}

	// A refused code is not kept; the same link can be used again.
	s.ask(func(p *identity.Prompt) {
		p.Failure = &actions.Error{Code: actions.CodeSignInRefused, What: "sso refused the code", Why: "it says invalid_grant: Code not valid", Next: "paste it again"}
	})
	s.shows("x  sso refused the code", "why   it says invalid_grant", "next  paste it again", "0 of 110 chars", "waiting for the code")
	s.hides(whole[:20])
}

// A shape that is not Keycloak's is remarked on and sent all the same; where the provider is not known to be Keycloak,
// nothing is said.
func TestShapeNeverBlocks(t *testing.T) {
	s := newStage(t, theme.Options{})
	s.ask(nil)
	s.paste("odd", true)
	s.shows("3 of 110 chars  <!>")
	s.now = s.now.Add(time.Second)
	s.key("enter")
	s.ask(func(p *identity.Prompt) { p.Keycloak, p.URL = false, link+"2" })
	s.paste("odd", true)
	s.shows("3 chars")
	s.hides("<!>")
	s.now = s.now.Add(time.Second)
	s.key("enter")
	if len(s.answers) != 2 || s.answers[0].Text.Reveal() != "odd" || s.answers[1].Text.Reveal() != "odd" {
		t.Errorf("answers %v", s.answers)
	}
}

// Without bracketed paste a code comes in pieces, with line breaks among them that act as Enter. None of them sends.
func TestUnbracketedPaste(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newStage(t, theme.Options{})
		s.ask(nil)
		text := whole
		for least := 2; text != ""; least = 1 {
			n := min(rapid.IntRange(least, 256).Draw(r, "piece"), len(text))
			s.paste(text[:n], false)
			text = text[n:]
			if rapid.Bool().Draw(r, "break") {
				s.key(rapid.SampledFrom([]string{"enter", "ctrl+j"}).Draw(r, "line break"))
			}
			s.now = s.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, "ms")) * time.Millisecond)
		}
		s.key("enter")
		if len(s.answers) != 0 {
			r.Fatalf("a line break in the paste sent %d characters", len(s.answers[0].Text.Reveal()))
		}
		s.now = s.now.Add(time.Second)
		s.key("enter")
		if len(s.answers) != 1 || s.answers[0].Text.Reveal() != whole {
			r.Fatalf("answers %v", s.answers)
		}
	})
}

func TestTypingAndClearing(t *testing.T) {
	s := newStage(t, theme.Options{})
	s.ask(nil)
	s.key("enter")
	s.shows("paste the code first")
	for _, letter := range strings.Split("q?nyhx -", "") {
		s.key(letter)
	}
	s.key("backspace")
	s.shows("6 of 110 chars")
	s.key("ctrl+k")
	s.shows("0 of 110 chars")
	s.paste(strings.Repeat("x", 5000), true) // longer than anything, and not cut
	s.shows("5000 of 110 chars  <!>")
	if len(s.answers) != 0 {
		t.Errorf("answers %v", s.answers)
	}
}

func TestLinkKeys(t *testing.T) {
	s := newStage(t, theme.Options{})
	s.ask(nil)
	s.key("ctrl+y")
	s.key("ctrl+u")
	if len(s.sent) != 2 || s.sent[0] != (screen.Copy{Text: link, What: "the link"}) || s.sent[1] != (screen.Raw{Text: link}) {
		t.Errorf("sent %v", s.sent)
	}
	s.key("ctrl+o")
	s.shows("your browser opens the page")
	s.key("ctrl+o")
	s.shows("no browser was opened: no display")
	if len(s.opened) != 2 || s.opened[0] != link {
		t.Errorf("opened %v", s.opened)
	}
	s.key("ctrl+r")
	if len(s.answers) != 1 || s.answers[0].Choice != identity.ChoiceNew {
		t.Errorf("answers %v", s.answers)
	}
}

// The key for another way goes round: code, device, browser, and code again.
func TestOtherWay(t *testing.T) {
	s := newStage(t, theme.Options{})
	for i, c := range []struct {
		change func(*identity.Prompt)
		next   identity.Way
	}{
		{nil, identity.WayDevice},
		{device, identity.WayBrowser},
		{func(p *identity.Prompt) {
			p.Way, p.Opened, p.Ways = identity.WayBrowser, true, []identity.Way{identity.WayCode}
		}, identity.WayCode},
	} {
		s.ask(c.change)
		s.key("ctrl+n")
		if len(s.answers) != i+1 || s.answers[i].Choice != string(c.next) {
			t.Fatalf("answers %v, want %s", s.answers, c.next)
		}
	}
	s.ask(func(p *identity.Prompt) { p.Ways = nil })
	s.key("ctrl+n")
	s.shows("there is no other way")
}

func TestDevice(t *testing.T) {
	s := newStage(t, theme.Options{Dark: true})
	s.ask(device)
	s.shows("Sign in with a device", "KWYH-ZTZW", "Open this page on any device", "the page without the code: "+issuer[:20])
	s.key("x")
	s.key("enter")
	s.shows("waiting until the code is entered")
	s.key("ctrl+g")
	s.shows("^G: the screen is too small")
	for _, size := range [][2]int{{140, 38}, {80, 60}} {
		s.model.SetSize(size[0], size[1])
		s.key("ctrl+g")
		if !strings.Contains(s.text(), "█▀▀▀▀▀") && !strings.Contains(s.text(), "█ ▄▄▄▄▄ █") {
			t.Errorf("no code to scan at %v\n%s", size, s.text())
		}
		s.key("ctrl+g")
		s.hides("▄▄▄▄▄")
	}
	s.ask(nil)
	s.key("ctrl+g")
	s.shows("sign in with a device for that")
}

// A link that is over can neither be opened nor copied; a new one can be had.
func TestOver(t *testing.T) {
	s := newStage(t, theme.Options{})
	s.ask(func(p *identity.Prompt) {
		p.Over, p.Expires = true, time.Time{}
		p.Failure = &actions.Error{Code: actions.CodeSignInTimeout, What: "nobody signed in in time", Next: "get a new link"}
	})
	s.shows("x failed", "of no more use", "nobody signed in in time", "^R gets a new link, ^N goes another way, esc gives up")
	s.hides("[^O open]")
	for _, key := range []string{"ctrl+o", "ctrl+y", "ctrl+u"} {
		s.key(key)
		s.shows("the link is of no more use: ^R gets a new one")
	}
	s.paste(whole, true)
	s.key("enter")
	if len(s.answers)+len(s.sent)+len(s.opened) != 0 {
		t.Errorf("answers %v, sent %v, opened %v", s.answers, s.sent, s.opened)
	}
}

func TestWarningIsShown(t *testing.T) {
	s := newStage(t, theme.Options{})
	s.ask(func(p *identity.Prompt) { p.Warning = "the clock of this machine is 1 hour ahead of that of sso" })
	s.shows("! the clock of this machine is 1 hour ahead")
}

// Every view is exactly as large as it has to be, whatever is shown.
func TestSizes(t *testing.T) {
	s := newStage(t, theme.Options{Dark: true, Profile: 3})
	states := map[string]func(*identity.Prompt){
		"code": nil, "device": device,
		"browser": func(p *identity.Prompt) {
			p.Way, p.Opened, p.Warning = identity.WayBrowser, true, strings.Repeat("clock ", 30)
		},
		"failed": func(p *identity.Prompt) {
			p.Over, p.URL = true, ""
			p.Failure = errors.New(strings.Repeat("a long reason ", 40))
		},
		"hostile": func(p *identity.Prompt) {
			p.Issuer, p.Purpose, p.URL = "\x1b[2J\u202eevil", "a\nb\tc"+strings.Repeat("宽", 90), "https://x/\x1b]0;title\x07"+strings.Repeat("y", 300)
		},
	}
	for name, change := range states {
		for width := 60; width <= 300; width += 7 {
			for _, height := range []int{16, 18, 22, 30, 38, 60, 78} {
				s.model.SetSize(width, height)
				s.ask(change)
				s.paste(whole, true)
				view := s.model.View()
				if len(view) != height {
					t.Fatalf("%s at %dx%d: %d lines", name, width, height, len(view))
				}
				for i, line := range view {
					if got := ansi.StringWidth(line); got != width {
						t.Fatalf("%s at %dx%d: line %d is %d wide: %q", name, width, height, i, got, line)
					}
				}
			}
		}
	}
}
