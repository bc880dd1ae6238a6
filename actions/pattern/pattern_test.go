package pattern_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/pattern"
)

const keycloak = "https://sso.cluster.redhatworkshops.io/realms/trusted-artifact-signer"

func parse(tb interface{ Fatal(...any) }, text string) *pattern.Pattern {
	p, err := pattern.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// TestTraps has the expressions that people write, the near misses that must be found, and the anchored form.
func TestTraps(t *testing.T) {
	users := []string{"user1@demo.redhat.com", "pipeline-auth@demo.redhat.com"}
	for _, c := range []struct {
		text     string
		texts    []string
		want     map[string]pattern.Trap
		anchored string
	}{
		{
			`\.redhatworkshops\.io/`,
			[]string{keycloak},
			map[string]pattern.Trap{
				"https://evil.example/" + strings.TrimPrefix(keycloak, "https://"): pattern.OpenStart,
				keycloak + ".evil.example": pattern.OpenEnd,
			},
			`^https://sso\.cluster\.redhatworkshops\.io/realms/trusted-artifact-signer$`,
		},
		{
			`.*@.*redhat.com$`, users,
			map[string]pattern.Trap{
				"pipeline-auth@demo.redhatxcom":      pattern.AnyCharacter,
				"pipeline-auth@demo.evil-redhat.com": pattern.AnyText,
			},
			`^[^/@]*@(?:[^/@]+\.)?redhat\.com$`,
		},
		// The wildcard stands for the name and the beginning of the domain.
		{
			`.*redhat.com$`, users,
			map[string]pattern.Trap{"pipeline-auth@demo.redhatxcom": pattern.AnyCharacter, "pipeline-auth@demo.evil-redhat.com": pattern.AnyText},
			`^(?:pipeline-auth@demo\.redhat\.com|user1@demo\.redhat\.com)$`,
		},
		{
			`.*redhatworkshops\.io/realms/trusted-artifact-signer$`,
			[]string{keycloak},
			map[string]pattern.Trap{"https://evil.example/sso.cluster.redhatworkshops.io/realms/trusted-artifact-signer": pattern.AnyText},
			`^https://sso\.cluster\.redhatworkshops\.io/realms/trusted-artifact-signer$`,
		},
		{`^user1@demo\.redhat\.com$`, users, nil, `^user1@demo\.redhat\.com$`},
		{
			`user1@demo\.redhat\.com`, users,
			map[string]pattern.Trap{"evil-user1@demo.redhat.com": pattern.OpenStart, "user1@demo.redhat.com.evil.example": pattern.OpenEnd},
			`^user1@demo\.redhat\.com$`,
		},
		{
			`^https://.*\.redhatworkshops\.io/realms/trusted-artifact-signer$`,
			[]string{keycloak},
			map[string]pattern.Trap{"https://evil.example/sso.cluster.redhatworkshops.io/realms/trusted-artifact-signer": pattern.AnyText},
			`^https://[^/@]*\.redhatworkshops\.io/realms/trusted-artifact-signer$`,
		},
		// The anchors of an alternative hold for one branch each.
		{
			`^user1@demo\.redhat\.com|pipeline-auth@demo\.redhat\.com$`, users,
			map[string]pattern.Trap{"evil-pipeline-auth@demo.redhat.com": pattern.OpenStart, "user1@demo.redhat.com.evil.example": pattern.OpenEnd},
			`^(?:^user1@demo\.redhat\.com|pipeline-auth@demo\.redhat\.com$)$`,
		},
	} {
		t.Run(c.text, func(t *testing.T) {
			p := parse(t, c.text)
			got := map[string]pattern.Trap{}
			for _, m := range p.NearMisses(c.texts) {
				got[m.Text] = m.Trap
				if m.Trap.Why() == string(m.Trap) {
					t.Errorf("%s has no reason", m.Trap)
				}
			}
			for text, trap := range c.want {
				if got[text] != trap {
					t.Errorf("%q is %q, want %q; all: %v", text, got[text], trap, got)
				}
			}
			if c.want == nil && len(got) > 0 {
				t.Errorf("near misses of an exact expression: %v", got)
			}
			anchored, ok := p.Anchored(c.texts)
			if !ok || anchored != c.anchored {
				t.Errorf("anchored %q, want %q", anchored, c.anchored)
			}
		})
	}
}

// pieces are what expressions are drawn from.
var pieces = []string{
	`.`, `\.`, `.*`, `.+`, `.*?`, `@`, `demo`, `redhat`, `com`, `user1`, `https://`, `/`, `realms`, `^`, `$`, `[a-z]+`, `(a|b)`, `x?`, `\d{1,3}`, `(?i)RED`, `(user|admin)`, `\b`, `(?:.*\.)?`,
	`|`, `(.)`, `(.*)`, `[^@]*`, `(?s:.)`, `\w+`, `u{2}`, `{`, `署`,
}

func drawPattern(t *rapid.T) *pattern.Pattern {
	for {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 7).Draw(t, "pieces"), "")
		if p, err := pattern.Parse(text); err == nil {
			return p
		}
	}
}

func drawTexts(t *rapid.T) []string {
	word := rapid.SampledFrom([]string{"user1", "admin", "demo", "redhat", "com", "a", "b", "x", "12", "RED", "署名", "realms"})
	text := rapid.Custom(func(t *rapid.T) string {
		host := strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "host"), ".")
		name := word.Draw(t, "name")
		return rapid.SampledFrom([]string{name + "@" + host, "https://" + host + "/" + name, name}).Draw(t, "text")
	})
	return rapid.SliceOfN(text, 0, 12).Draw(t, "texts")
}

// TestClaims holds what the package says of any expression and any texts: near misses are not there and really match, the
// anchored form keeps what matches and refuses every near miss, and is closed at both ends.
func TestClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, texts := drawPattern(t), drawTexts(t)
		plain := regexp.MustCompile(p.String())
		misses := p.NearMisses(texts)
		for _, m := range misses {
			if !plain.MatchString(m.Text) {
				t.Fatalf("%q does not let %q through", p, m.Text)
			}
			if slices.Contains(texts, m.Text) {
				t.Fatalf("%q is there", m.Text)
			}
		}
		var matching []string
		for _, text := range texts {
			if plain.MatchString(text) {
				matching = append(matching, text)
			}
		}
		anchored, ok := p.Anchored(texts)
		if ok != (len(matching) > 0) {
			t.Fatalf("anchored %v with %d that match", ok, len(matching))
		}
		if !ok {
			return
		}
		re := regexp.MustCompile(anchored)
		for _, text := range matching {
			if !re.MatchString(text) {
				t.Fatalf("%q, anchored as %q, loses %q", p, anchored, text)
			}
		}
		for _, m := range misses {
			if re.MatchString(m.Text) {
				t.Fatalf("%q, anchored as %q, still lets %q through", p, anchored, m.Text)
			}
		}
		if !strings.HasPrefix(anchored, "^") || !strings.HasSuffix(anchored, "$") {
			t.Fatalf("%q has an open end", anchored)
		}
		again := parse(t, anchored)
		for _, m := range again.NearMisses(texts) {
			if m.Trap == pattern.OpenStart || m.Trap == pattern.OpenEnd {
				t.Fatalf("%q lets %q through: %s", anchored, m.Text, m.Trap)
			}
		}
	})
}

// TestOpenEndsAreFound holds that no open end stays unseen: an expression that matches with something before and behind.
func TestOpenEndsAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := drawTexts(t)
		if len(base) == 0 {
			return
		}
		text := regexp.QuoteMeta(base[0])
		start, end := rapid.Bool().Draw(t, "start"), rapid.Bool().Draw(t, "end")
		if start {
			text = "^" + text
		}
		if end {
			text += "$"
		}
		traps := map[pattern.Trap]bool{}
		for _, m := range parse(t, text).NearMisses(base[:1]) {
			traps[m.Trap] = true
		}
		if traps[pattern.OpenStart] == start || traps[pattern.OpenEnd] == end {
			t.Fatalf("%q: %v", text, traps)
		}
	})
}

// FuzzParse takes anything for an expression, as the editor does while one is typed.
func FuzzParse(f *testing.F) {
	for _, text := range append(slices.Clone(pieces), `((((`, `a{1000}`, `(?P<name>x)`, `[[:alpha:]]`, `\pL`, `\xff`, `(?i:k)`, `^*`, "\xff") {
		f.Add(text, "user1@demo.redhat.com")
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		p, err := pattern.Parse(text)
		if err != nil {
			if actions.CodeOf(err) != actions.CodeUsage {
				t.Fatalf("%v", err)
			}
			return
		}
		texts := []string{other, "user1@demo.redhat.com", keycloak}
		for _, m := range p.NearMisses(texts) {
			if !p.Matches(m.Text) {
				t.Fatalf("%q does not match %q", m.Text, text)
			}
		}
		anchored, ok := p.Anchored(texts)
		if !ok {
			return
		}
		re, err := regexp.Compile(anchored)
		if err != nil {
			t.Fatalf("%q: %v", anchored, err)
		}
		for _, s := range p.Matching(texts) {
			if !re.MatchString(s) {
				t.Fatalf("%q, anchored as %q, loses %q", text, anchored, s)
			}
		}
	})
}
