package lesson

import (
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// aged says that a second has passed for the tokens whose time is aged down.
type aged struct{ of *Model }

// readTokens keeps until when the identity tokens among the variables are valid, by the variable's name.
func (m *Model) readTokens() {
	m.tokens = map[string]time.Time{}
	for _, v := range m.snap.Env {
		if v.Value == "" || !v.Secret && !environment.IsSecret(v.Name) {
			continue
		}
		if token, err := identity.Parse(actions.NewSecret(v.Value)); err == nil && !token.Expires.IsZero() {
			m.tokens[v.Name] = token.Expires
		}
	}
}

// countDown wakes in a second while a token is valid. Nothing wakes for one that is not, or for none.
func (m *Model) countDown() tea.Cmd {
	if m.counting {
		return nil
	}
	for _, end := range m.tokens {
		if m.deps.Clock.Now().Before(end) {
			m.counting = true
			return m.deps.After(time.Second, aged{m})
		}
	}
	return nil
}

// remaining is how long the token in a variable will be valid; empty for what is none.
func (m *Model) remaining(v environment.Variable) string {
	end, ok := m.tokens[v.Name]
	if !ok {
		return ""
	}
	left := end.Sub(m.deps.Clock.Now())
	if left <= 0 {
		return "expired"
	}
	left = left.Round(time.Second)
	if left >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d left", int(left.Hours()), int(left.Minutes())%60, int(left.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d left", int(left.Minutes()), int(left.Seconds())%60)
}
