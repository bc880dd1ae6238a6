// Package trust shows a trust root: where it came from, what it started from, and until when it may be believed.
package trust

import (
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	status        *trust.Status
	scroll        widget.Scroll
	width, height int
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen of a trust root.
func New(deps screen.Deps, status *trust.Status) *Model { return &Model{deps: deps, status: status} }

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return nil }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.Trust }

// Disabled implements screen.Screen.
func (m *Model) Disabled(keys.Intent) string { return "" }

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string { return "" }

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	intent, _ := keys.Find(keys.Trust, key.String())
	if intent == keys.Copy {
		return screen.Send(screen.Copy{Text: m.status.Checksum, What: "the checksum of the root"})
	}
	screen.Moved(&m.scroll, intent, max(1, m.height-4))
	return nil
}

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	now := m.deps.Clock.Now()
	lines := append(Summary(t, m.status, now, m.width-2), believed(t, m.status, now, m.width-2)...)
	body := m.height - 3
	from, to := m.scroll.View(len(lines), body)
	out := []string{
		widget.Sides(" "+t.Title.Render("Trust root"), m.scroll.Position(len(lines), body)+" ", m.width, t.Lines.More),
		widget.Rule(t, "", "", t.Rule, m.width),
	}
	for _, line := range lines[from:to] {
		out = append(out, " "+line)
	}
	out = widget.Block(out, m.width, m.height-1)
	return append(out, widget.Rule(t, "", "", t.Rule, m.width))
}

// Summary says what a trust root is at the time now, in lines of at most width cells.
func Summary(t *theme.Theme, s *trust.Status, now time.Time, width int) []string {
	var out []string
	fact := func(name, value string) {
		if value != "" {
			out = append(out, widget.Hang(t.Faint.Render(widget.Fit(name, 12, "")), widget.Clean(value), width)...)
		}
	}
	if s.Imported != nil {
		fact("imported", s.Imported.Source)
	}
	fact("from", s.Remote)
	fact("kept in", s.Local)
	fact("root sha256", s.Checksum)
	switch {
	case s.Imported != nil:
		out = append(out, widget.Hang(t.Warning.Render("!")+"  ", "it was brought by hand: cosign initialize replaces it", width)...)
	case s.Pinned:
		out = append(out, widget.Hang(t.Good.Render("ok")+" ", "the root was pinned: it is the one whose checksum was given", width)...)
	case s.Checksum != "":
		out = append(out, widget.Hang(t.Warning.Render("!")+"  ", "the root was trusted at first sight: nobody had given its checksum", width)...)
	}
	row := func(role, version, bytes, expires string) string {
		if width < 66 {
			bytes = "" // of what stands there the least
		} else {
			bytes = widget.FitRight(bytes, 9, "")
		}
		return widget.Fit(role, 16, "") + widget.FitRight(version, 8, "") + bytes + "   " + expires
	}
	if len(s.Roles) > 0 {
		out = append(out, "", t.Faint.Render(row("role", "version", "bytes", "expires (UTC)")))
	}
	for _, name := range []string{"root.json", "targets.json", "snapshot.json", "timestamp.json"} {
		role, ok := s.Roles[name]
		if !ok {
			continue
		}
		out = append(out, row(name, fmt.Sprint(role.Version), fmt.Sprint(role.Length), role.Expires.UTC().Format("2006-01-02 15:04"))+expiry(t, role.Expires, now))
	}
	if len(s.Targets) > 0 {
		out = append(out, "")
		fact("targets", strings.Join(s.Targets, "  "))
	}
	return out
}

// believed says who is in a trust root and until when, and warns of what ends.
func believed(t *theme.Theme, s *trust.Status, now time.Time, width int) []string {
	if s.Contents == nil {
		return nil
	}
	var out []string
	for _, w := range s.Warnings(now) {
		if w.Part == "root.json" || w.Part == "targets.json" || w.Part == "snapshot.json" || w.Part == "timestamp.json" {
			continue // they stand above, with when they expire
		}
		out = append(out, widget.Hang(t.Warning.Render("!")+"  ", widget.Clean(w.Part+" "+w.Name+": "+w.Means), width)...)
	}
	out = append(out, contents(t, s.Contents, now, width)...)
	return out
}

func expiry(t *theme.Theme, at, now time.Time) string {
	left := at.Sub(now)
	switch {
	case at.IsZero():
		return ""
	case left <= 0:
		return "  " + t.Bad.Render("x expired")
	case left < 48*time.Hour:
		return "  " + t.Warning.Render(fmt.Sprintf("in %d hours", int(left.Hours())))
	}
	return t.Faint.Render(fmt.Sprintf("  in %d days", int(left.Hours()/24)))
}
