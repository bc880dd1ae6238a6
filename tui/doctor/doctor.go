// Package doctor is the screen on which the checks of a deployment come in, each with what was seen, what that means and what
// to do.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Examine makes the checks beside the screen. It tells of each beforehand, as waiting, and then of what it found; it stops
// when ctx ends.
type Examine func(ctx context.Context, told func(doctor.Finding)) (*doctor.Report, error)

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	examine       Examine
	run           *run
	findings      []doctor.Finding
	report        *doctor.Report // nil while it runs, and when it could not be made
	failure       error
	cursor        int
	moved         bool // the person chose a row
	width, height int
}

var _ screen.Screen = (*Model)(nil)

// run is one examination.
type run struct {
	told   chan doctor.Finding
	cancel context.CancelFunc
}

// found carries a finding of a run, and ended how the run ended.
type (
	found struct {
		of      *run
		finding doctor.Finding
	}
	ended struct {
		of     *run
		report *doctor.Report
		err    error
	}
)

// mostFindings is more than any deployment has, so that who tells never waits for the screen.
const mostFindings = 512

// New returns the screen, which begins to examine at once.
func New(deps screen.Deps, examine Examine) *Model { return &Model{deps: deps, examine: examine} }

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return m.begin() }

func (m *Model) begin() tea.Cmd {
	ctx, cancel := context.WithCancel(m.deps.Context)
	r := &run{told: make(chan doctor.Finding, mostFindings), cancel: cancel}
	m.run, m.findings, m.report, m.failure, m.cursor, m.moved = r, nil, nil, nil, 0, false
	return tea.Batch(m.next(r), m.deps.Tasks.Cmd(func() tea.Msg {
		defer cancel()
		report, err := m.examine(ctx, func(f doctor.Finding) {
			select {
			case r.told <- f:
			case <-ctx.Done():
			}
		})
		close(r.told)
		return ended{r, report, err}
	}))
}

// next waits for the next finding of a run.
func (m *Model) next(r *run) tea.Cmd {
	return m.deps.Tasks.Cmd(func() tea.Msg {
		f, more := <-r.told
		if !more {
			return nil
		}
		return found{r, f}
	})
}

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.Doctor }

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Reload:
		if m.run != nil {
			return "the checks still run: esc stops them"
		}
	case keys.Copy:
		if _, what := m.remedy(); what == "" {
			return "there is nothing to be done about this check"
		}
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	if m.run == nil {
		return nil, false
	}
	m.run.cancel()
	return screen.Tell("stopping"), true
}

// Running implements screen.Screen. Nothing is lost when looking is cut off.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	switch {
	case m.run != nil:
		return "looking"
	case errors.Is(m.failure, context.Canceled):
		return "stopped: r looks again"
	case m.failure != nil:
		return "it could not be looked at: r tries again"
	}
	return m.report.Summary()
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case found:
		if msg.of != m.run {
			return nil
		}
		m.take(msg.finding)
		return m.next(msg.of)
	case ended:
		if msg.of != m.run {
			return nil
		}
		m.run, m.report, m.failure = nil, msg.report, msg.err
		if msg.report != nil {
			m.findings = msg.report.Findings // what was not drawn yet, too
			m.showFailure()
		}
	case tea.KeyMsg:
		return m.key(msg)
	}
	return nil
}

func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	intent, _ := keys.Find(keys.Doctor, msg.String())
	switch intent {
	case keys.Reload:
		return m.begin()
	case keys.Copy:
		text, what := m.remedy()
		return screen.Send(screen.Copy{Text: text, What: what})
	}
	if screen.Moved(rows{m}, intent, max(1, m.height/2)) {
		m.moved = true
	}
	return nil
}

// take puts a finding in its place.
func (m *Model) take(f doctor.Finding) {
	for i := range m.findings {
		if m.findings[i].ID == f.ID {
			m.findings[i] = f
			m.showFailure()
			return
		}
	}
	m.findings = append(m.findings, f)
}

// showFailure chooses the first check that failed, unless the person has chosen one.
func (m *Model) showFailure() {
	if m.moved {
		return
	}
	for i := range m.findings {
		if m.findings[i].State == doctor.Failed {
			m.cursor = i
			return
		}
	}
}

// remedy is what to copy of the chosen check: its command, or else what to do in words.
func (m *Model) remedy() (text, what string) {
	if m.cursor >= len(m.findings) {
		return "", ""
	}
	f := &m.findings[m.cursor]
	switch {
	case len(f.Commands) > 0:
		return strings.Join(f.Commands, "\n"), "the commands"
	case f.Next != "":
		return f.Next, "what to do"
	}
	return "", ""
}

// rows moves the chosen row.
type rows struct{ *Model }

func (r rows) Move(by int) { r.cursor = max(0, min(len(r.findings)-1, r.cursor+by)) }
func (r rows) Home()       { r.cursor = 0 }
func (r rows) End()        { r.cursor = max(0, len(r.findings)-1) }

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	out := []string{
		widget.Sides(" "+t.Title.Render("What is wrong with the deployment"), m.counts()+" ", m.width, t.Lines.More),
		widget.Rule(t, "", "", t.Rule, m.width),
	}
	var body []string
	from, to := 0, 0 // the chosen check's lines
	group := doctor.Group("")
	for i := range m.findings {
		f := &m.findings[i]
		if f.Group != group {
			group = f.Group
			body = append(body, " "+t.Faint.Render(widget.Clean(string(group))))
		}
		if i == m.cursor {
			from = len(body)
		}
		body = append(body, widget.Spot(t, i, m.row(i, f)))
		if i == m.cursor {
			body = append(body, m.detail(f)...)
			to = len(body)
		}
	}
	if m.failure != nil && !errors.Is(m.failure, context.Canceled) {
		body = append(body, widget.Hang(" "+t.Bad.Render("x "), widget.Clean(explain(m.failure)), m.width-2)...)
	}
	room := m.height - len(out) - 1
	var scroll widget.Scroll
	scroll.Show(max(0, to-1), room)
	scroll.Show(from, room)
	first, last := scroll.View(len(body), room)
	out = widget.Block(append(out, body[first:last]...), m.width, m.height-1)
	return append(out, widget.Rule(t, "", "", t.Rule, m.width))
}

func explain(err error) string {
	var e *actions.Error
	if errors.As(err, &e) && e.Next != "" {
		return err.Error() + "; " + e.Next
	}
	return err.Error()
}

func (m *Model) counts() string {
	count := map[doctor.State]int{}
	for i := range m.findings {
		count[m.findings[i].State]++
	}
	text := fmt.Sprintf("ok %d  x %d  -- %d", count[doctor.OK], count[doctor.Failed], count[doctor.Skipped])
	if waiting := count[doctor.Waiting]; waiting > 0 && m.run != nil {
		text += fmt.Sprintf("  ~ %d", waiting)
	}
	return text
}

func (m *Model) row(i int, f *doctor.Finding) string {
	t := m.deps.Theme
	mark, title := "  ", widget.Clean(f.Title)
	if i == m.cursor {
		mark, title = t.Lines.Mark+" ", t.Selected.Render(title)
	}
	state, word := theme.Idle, "not applicable"
	switch f.State {
	case doctor.OK:
		state, word = theme.OK, ""
	case doctor.Failed:
		state, word = theme.Failed, string(f.Code)
	case doctor.Skipped:
		state, word = theme.Skipped, "skipped"
	case doctor.Waiting:
		state, word = theme.Running, ""
		if m.run == nil {
			state = theme.Idle
		}
	case doctor.NotApplicable:
	}
	const glyph = 3
	return widget.Sides(" "+mark+t.State(state).Render(widget.Fit(state.Glyph(), glyph, ""))+title, t.State(state).Render(word)+" ", m.width, t.Lines.More)
}

// detail is what there is to say about the chosen check.
func (m *Model) detail(f *doctor.Finding) []string {
	t := m.deps.Theme
	const indent = "       "
	width := max(1, m.width-2)
	var out []string
	line := func(name, text string) {
		if text != "" {
			out = append(out, widget.Hang(indent+t.Faint.Render(widget.Fit(name, 10, "")), widget.Clean(text), width)...)
		}
	}
	for i, text := range f.Evidence {
		line(map[bool]string{true: "evidence"}[i == 0], text)
	}
	if len(f.WaitsFor) > 0 {
		line("waits for", strings.Join(f.WaitsFor, ", "))
	} else {
		line("means", f.Means)
	}
	line("next", f.Next)
	for _, command := range f.Commands {
		line("", "$ "+command)
	}
	if f.Code != "" {
		line("more", "sigwalk explain "+string(f.Code))
	}
	return out
}

// Point chooses a check that was clicked.
func (m *Model) Point(row int) tea.Cmd {
	screen.Goto(rows{m}, row)
	m.moved = true
	return nil
}
