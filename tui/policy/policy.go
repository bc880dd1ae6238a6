// Package policy is the screen on which a person says whose signature counts, and sees at every key whom that means: who
// matches now, and who would match though nobody meant it.
package policy

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Chosen tells the other screens that another policy counts.
type Chosen struct{ Policy verification.Policy }

// Identity is who signed, and how many signatures.
type Identity struct {
	Subject, Issuer string
	Count           int
}

// mostIdentities is how many are held against the policy at every key.
const mostIdentities = 2000

// Identities lists who signed what is in a report, those with the most signatures first. Signatures without a certificate
// name nobody and are left out.
func Identities(rows []verification.Signature) []Identity {
	var found []Identity
	at := map[[2]string]int{}
	for i := range rows {
		s := &rows[i]
		if s.Certificate == nil {
			continue
		}
		key := [2]string{s.Subject, s.Issuer}
		if _, ok := at[key]; !ok {
			at[key] = len(found)
			found = append(found, Identity{Subject: s.Subject, Issuer: s.Issuer})
		}
		found[at[key]].Count++
	}
	slices.SortStableFunc(found, func(a, b Identity) int { return b.Count - a.Count })
	return found
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	policy        verification.Policy // what else it says stays
	identities    []Identity
	left          int // identities that are not looked at
	fields        [2]*field
	focus         int
	scroll        widget.Scroll
	width, height int
	lines         []string // below the fields; nil to be drawn anew
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen with a policy to begin with.
func New(deps screen.Deps, policy verification.Policy, identities []Identity) *Model {
	m := &Model{deps: deps, policy: policy, identities: identities}
	if len(identities) > mostIdentities {
		m.identities, m.left = identities[:mostIdentities], len(identities)-mostIdentities
	}
	var subjects, issuers []string
	for _, id := range m.identities {
		subjects, issuers = append(subjects, id.Subject), append(issuers, id.Issuer)
	}
	m.fields = [2]*field{
		newField(deps.Theme, "subject", "--certificate-identity", policy.Subject, policy.SubjectRegexp, subjects),
		newField(deps.Theme, "issuer", "--certificate-oidc-issuer", policy.Issuer, policy.IssuerRegexp, issuers),
	}
	return m
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return nil }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height, m.lines = width, height, nil }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.PolicyForm }

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Submit:
		return m.refused()
	case keys.Anchor:
		return m.fields[m.focus].unanchored()
	case keys.Copy:
		if m.flags() == "" {
			return "the policy names nobody"
		}
	}
	return ""
}

// refused says why the policy cannot be used; empty when it can.
func (m *Model) refused() string {
	for _, f := range m.fields {
		if f.err != nil {
			return f.name + ": " + widget.Clean(f.err.Error())
		}
	}
	p := m.chosen()
	if p.Subject+p.SubjectRegexp+p.Issuer+p.IssuerRegexp == "" {
		return "" // anybody: for looking
	}
	switch { // shorter than cosign's words, and by the names of the fields
	case p.Subject+p.SubjectRegexp == "":
		return "the subject is empty: verify wants both fields, or neither"
	case p.Issuer+p.IssuerRegexp == "":
		return "the issuer is empty: verify wants both fields, or neither"
	}
	if err := p.Validate(); err != nil {
		return widget.Clean(err.Error())
	}
	return ""
}

// chosen is the policy as it stands in the fields. A key that it named stays out: the policy is about identities now.
func (m *Model) chosen() verification.Policy {
	p := m.policy
	p.Subject, p.SubjectRegexp = m.fields[0].values()
	p.Issuer, p.IssuerRegexp = m.fields[1].values()
	if m.fields[0].text()+m.fields[1].text() != "" {
		p.KeyReference = ""
	}
	return p
}

// flags are the policy as cosign's flags, to be pasted into a command.
func (m *Model) flags() string {
	var parts []string
	for _, f := range m.fields {
		if flag := f.asFlag(); flag != "" {
			parts = append(parts, flag)
		}
	}
	return strings.Join(parts, " ")
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	if why := m.refused(); why != "" {
		return m.deps.Theme.State(theme.Blocked).Render("#") + " " + why
	}
	return "enter verifies with this policy; both fields empty show everybody"
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	m.lines = nil
	f := m.fields[m.focus]
	intent, _ := keys.Find(keys.PolicyForm, key.String())
	if key.Paste {
		intent = ""
	}
	switch intent {
	case keys.Submit:
		return tea.Batch(screen.Send(screen.Pop{}), screen.Send(Chosen{m.chosen()}))
	case keys.NextPane, keys.PrevPane, keys.Up, keys.Down:
		m.focus = 1 - m.focus
	case keys.PageUp:
		m.scroll.Move(-m.height / 2)
	case keys.PageDown:
		m.scroll.Move(m.height / 2)
	case keys.Pattern:
		f.toggle()
	case keys.Anchor:
		f.anchor()
	case keys.Copy:
		return screen.Send(screen.Copy{Text: m.flags(), What: "the flags"})
	default:
		screen.Type(f.input, key)
		f.analyse()
	}
	return nil
}
