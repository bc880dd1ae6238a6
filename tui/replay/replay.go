// Package replay is the screen on which a recording is played, marked as one in its first line. It opens no connection.
package replay

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/recording"
)

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	recording     *recording.Recording
	markers       []int
	terminal      *terminal
	next          int           // the event that comes next
	at            time.Duration // where one is
	playing       bool
	speed         float64
	armed         int  // the tick that counts
	seeking       bool // a new terminal is being drawn on
	width, height int
}

var _ screen.Screen = (*Model)(nil)

type (
	tick struct {
		of    *Model
		armed int
	}
	sought struct {
		of       *Model
		terminal *terminal
		next     int
		at       time.Duration
	}
)

// New returns the screen, which plays at once.
func New(deps screen.Deps, r *recording.Recording) *Model {
	return &Model{
		deps: deps, recording: r, markers: r.Markers(), terminal: newTerminal(r.Width, r.Height), playing: true, speed: present.Usual,
	}
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return m.arm() }

// arm waits for the next event.
func (m *Model) arm() tea.Cmd {
	m.armed++
	if !m.playing || m.seeking {
		return nil
	}
	if m.next == len(m.recording.Events) {
		m.playing = false
		return nil
	}
	wait := max(0, m.recording.Events[m.next].At-m.at)
	return m.deps.After(present.At(wait, m.speed), tick{m, m.armed})
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tick:
		if msg.of == m && msg.armed == m.armed {
			m.step()
			return m.arm()
		}
	case sought:
		if msg.of == m {
			m.terminal, m.next, m.at, m.seeking = msg.terminal, msg.next, msg.at, false
			return m.arm()
		}
	case tea.KeyMsg:
		intent, _ := keys.Find(keys.Replay, msg.String())
		return m.intend(intent)
	}
	return nil
}

// step shows what happens next, with all that happens at the same moment.
func (m *Model) step() {
	if m.next == len(m.recording.Events) {
		return
	}
	m.at = m.recording.Events[m.next].At
	m.next = play(m.terminal, m.recording, m.next)
}

// play applies the event at next and those of the same moment, and returns the one behind them.
func play(t *terminal, r *recording.Recording, next int) int {
	for at := r.Events[next].At; next < len(r.Events) && r.Events[next].At == at; next++ {
		t.apply(r.Events[next])
	}
	return next
}

func (m *Model) intend(intent keys.Intent) tea.Cmd {
	switch intent {
	case keys.Pause:
		m.playing = !m.playing
	case keys.Faster:
		m.speed = present.Faster(m.speed)
	case keys.Slower:
		m.speed = present.Slower(m.speed)
	case keys.Next:
		m.playing = false
		m.step()
	case keys.NextMarker, keys.PrevMarker:
		return m.seek(m.marker(intent))
	case keys.Home:
		return m.seek(-1)
	}
	return m.arm()
}

// marker returns the index of the event that an intent leads to, -1 for the beginning.
func (m *Model) marker(intent keys.Intent) int {
	now := m.chapter()
	if intent == keys.NextMarker {
		if now+1 < len(m.markers) {
			return m.markers[now+1]
		}
		return len(m.recording.Events) - 1
	}
	if now-1 >= 0 {
		return m.markers[now-1]
	}
	return -1
}

// chapter returns which of the markers one is behind, or -1.
func (m *Model) chapter() int {
	n := slices.IndexFunc(m.markers, func(at int) bool { return at >= m.next })
	if n < 0 {
		n = len(m.markers)
	}
	return n - 1
}

// seek draws everything up to an event on a new terminal, beside the screen.
func (m *Model) seek(to int) tea.Cmd {
	m.seeking = true
	m.armed++
	r := m.recording
	return m.deps.Tasks.Cmd(func() tea.Msg {
		t, next, at := newTerminal(r.Width, r.Height), 0, time.Duration(0)
		for next <= to && next < len(r.Events) {
			at = r.Events[next].At
			next = play(t, r, next)
		}
		return sought{m, t, next, at}
	})
}

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.Replay }

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	end := m.next == len(m.recording.Events)
	switch {
	case m.seeking && intent != keys.Pause:
		return "the recording is being wound"
	case end && (intent == keys.Pause || intent == keys.Next || intent == keys.NextMarker):
		return "this is the end: g goes to the beginning"
	case intent == keys.PrevMarker && m.next == 0:
		return "this is the beginning"
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	switch {
	case m.terminal.broken:
		return "the recording holds what cannot be drawn, and is not played on"
	case m.seeking:
		return "winding"
	case m.next == len(m.recording.Events):
		return "the end of the recording: g goes to its beginning, q quits"
	case !m.playing:
		return "paused: space goes on, n shows what comes next"
	}
	return "this is played, nothing is done: no network, no registry, no log"
}

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	out := []string{m.title()}
	width, height := m.recording.Largest()
	if m.width < width || m.height < height+len(out) {
		out = append(out, "", fmt.Sprintf(" the recording needs a terminal of %dx%d, and this one has %dx%d", width, height+m.around(), m.width, m.height+2))
		return widget.Block(out, m.width, m.height)
	}
	for _, line := range m.terminal.lines(t.Options.Profile != theme.NoColour) {
		out = append(out, widget.Fit(line, m.terminal.width, ""))
	}
	return widget.Block(out, m.width, m.height)
}

// around is how many lines stand around what is played: the title, and the root's two.
func (m *Model) around() int { return 3 }

// title marks the screen as a recording, whatever it shows.
func (m *Model) title() string {
	t, r := m.deps.Theme, m.recording
	left := " " + t.Bad.Render("RECORDING")
	if !r.Made.IsZero() {
		left += " of " + r.Made.Format("2006-01-02 15:04 UTC")
	}
	if now := m.chapter(); now >= 0 {
		left += "  " + t.Faint.Render(widget.Clean(r.Events[m.markers[now]].Data))
	}
	right := fmt.Sprintf("%s of %s  %sx ", present.Clock(m.at), present.Clock(r.Length()), strconv.FormatFloat(m.speed, 'g', -1, 64))
	return widget.Sides(left, right, m.width, t.Lines.More)
}
