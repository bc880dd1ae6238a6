package policy_test

import (
	"crypto/x509"
	"reflect"
	"regexp"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/policy"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

const issuer = "https://sso.example.com/realms/one"

func identities() []policy.Identity {
	cert := &x509.Certificate{}
	return policy.Identities([]verification.Signature{
		{Subject: "user1@demo.redhat.com", Issuer: issuer, Certificate: cert},
		{Subject: "ci@demo.redhat.com", Issuer: issuer, Certificate: cert},
		{Subject: "ci@demo.redhat.com", Issuer: issuer, Certificate: cert},
		{Subject: "admin@example.org", Issuer: issuer, Certificate: cert},
		{}, // made with a key pair
	})
}

func opened(t *testing.T, p verification.Policy) (*screentest.Driver, *policy.Model) {
	t.Helper()
	deps := screen.Deps{Context: t.Context(), Theme: theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}}
	t.Cleanup(deps.Tasks.Close)
	m := policy.New(deps, p, identities())
	m.SetSize(100, 40)
	return screentest.New(t, m), m
}

func has(t *testing.T, d *screentest.Driver, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(d.Text(), text) {
			t.Errorf("the screen lacks %q:\n%s", text, d.Text())
		}
	}
}

func TestIdentities(t *testing.T) {
	got := identities()
	if len(got) != 3 || got[0] != (policy.Identity{Subject: "ci@demo.redhat.com", Issuer: issuer, Count: 2}) {
		t.Errorf("got %v", got)
	}
}

// TestLive types an expression and sees at every key whom it lets through, then writes it anchored.
func TestLive(t *testing.T) {
	d, m := opened(t, verification.Policy{IssuerRegexp: `.*`})
	has(t, d, "matches now: 4 of 4 signatures")
	d.Key("ctrl+r")
	d.Type("demo.redhat.com")
	has(t, d, "matches now: 3 of 4 signatures", "-- not admin@example.org", "would match, too: evil-ci@demo.redhat.com", "ci@demoxredhat.com")
	d.Key("ctrl+t")
	has(t, d, `^(?:ci@demo\.redhat\.com|user1@demo\.redhat\.com)$`, "matches now: 3 of 4 signatures")
	if why := m.Disabled(keys.Anchor); why == "" {
		t.Error("an anchored expression can be anchored again")
	}
	if strings.Contains(d.Text(), "subject: anything") {
		t.Errorf("an anchored subject has open ends:\n%s", d.Text())
	}
	d.Key("ctrl+u")
	d.Type("(")
	has(t, d, "x  subject: ", "matches now: 0 of 4")
	if m.Disabled(keys.Submit) == "" {
		t.Error("a malformed expression can be used")
	}
}

// TestAnchored writes expressions with the traps that people step into, lets the key write them anchored, and holds what it wrote against
// cosign's way of matching: whoever matched still does, and nobody of whom the screen warned.
func TestAnchored(t *testing.T) {
	for _, text := range []string{
		`demo.redhat.com`, `.*@.*redhat.com$`, `^ci@demo`, `redhat\.com`, `ci@demo.redhat.com|user1@demo.redhat.com`, `@demo\.redhat\.com$`,
		`^.*@demo.redhat.com`, `(?i)DEMO\.REDHAT`, `[a-z0-9]+@demo.redhat.com`,
	} {
		d, m := opened(t, verification.Policy{Issuer: issuer})
		d.Key("ctrl+r")
		d.Type(text)
		var warned []string
		for line := range strings.Lines(d.Text()) {
			if _, miss, ok := strings.Cut(line, "would match, too: "); ok {
				warned = append(warned, strings.TrimSpace(miss))
			}
		}
		if len(warned) == 0 {
			t.Errorf("%s: no near miss is shown:\n%s", text, d.Text())
		}
		d.Key("ctrl+t")
		if strings.Contains(d.Text(), "would match, too: ") {
			t.Errorf("%s: anchored, and there are near misses still:\n%s", text, d.Text())
		}
		var wrote string
		for _, cmd := range m.Update(screentest.Key("enter"))().(tea.BatchMsg) {
			if chosen, ok := cmd().(policy.Chosen); ok {
				wrote = chosen.Policy.SubjectRegexp
			}
		}
		before, after := regexp.MustCompile(text), regexp.MustCompile(wrote)
		for _, id := range identities() {
			if before.MatchString(id.Subject) && !after.MatchString(id.Subject) {
				t.Errorf("%s, written %s, loses %s", text, wrote, id.Subject)
			}
		}
		for _, miss := range warned {
			if !before.MatchString(miss) || after.MatchString(miss) {
				t.Errorf("%s, written %s: the near miss %s matched %v, and now %v", text, wrote, miss, before.MatchString(miss), after.MatchString(miss))
			}
		}
	}
}

// TestAnything says of an expression that every text matches it.
func TestAnything(t *testing.T) {
	d, _ := opened(t, verification.Policy{Issuer: issuer})
	d.Key("ctrl+r")
	d.Type("^")
	has(t, d, "!  subject: every text matches this")
	d.Type("ci@")
	if strings.Contains(d.Text(), "every text") {
		t.Errorf("not every text matches this:\n%s", d.Text())
	}
}

// TestChosen gives the policy to the other screens, with all else that it said.
func TestChosen(t *testing.T) {
	d, m := opened(t, verification.Policy{Offline: true, KeyReference: "cosign.pub"})
	d.Type("ci@demo.redhat.com")
	if m.Disabled(keys.Submit) == "" {
		t.Error("a subject without an issuer can be used, which cosign refuses")
	}
	has(t, d, "ci@demo.redhat.com")
	if why := m.Status(); !strings.Contains(why, "the issuer is empty: verify wants both fields, or neither") {
		t.Errorf("the status is %q", why)
	}
	d.Key("tab")
	d.Type(issuer)
	has(t, d, "matches now: 2 of 4 signatures")
	d.Key("ctrl+y")
	want := screen.Copy{Text: "--certificate-identity='ci@demo.redhat.com' --certificate-oidc-issuer='" + issuer + "'", What: "the flags"}
	d.Until("the copy", func() bool { return d.Has(want) })
	batch, ok := m.Update(screentest.Key("enter"))().(tea.BatchMsg)
	if !ok {
		t.Fatal("enter sends no messages")
	}
	var got []tea.Msg
	for _, cmd := range batch {
		got = append(got, cmd())
	}
	chosen := policy.Chosen{Policy: verification.Policy{Subject: "ci@demo.redhat.com", Issuer: issuer, Offline: true}}
	if want := []tea.Msg{screen.Pop{}, chosen}; !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}
