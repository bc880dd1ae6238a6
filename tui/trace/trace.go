// Package trace is the screen of what an action did: its stages with their times, the network calls of each, and what each
// made. It follows an action that still runs.
package trace

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Look is what there is to see at one moment.
type Look struct {
	Trace trace.Trace
	// Running is true while more is to come.
	Running bool
	// Asks is true while the action waits for a person's answer.
	Asks bool
}

// Options configure the screen.
type Options struct {
	// Title says what ran.
	Title string
	// Look looks, beside the screen; it does not wait.
	Look func() Look
}

// pace is how often an action that runs is looked at: often enough for an eye.
const pace = time.Second / 5

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	opts          Options
	looked        bool
	look          Look
	stages        []trace.Stage
	cursor        int
	list, detail  widget.Scroll
	onDetail      bool
	status        string
	width, height int
}

var _ screen.Screen = (*Model)(nil)

type (
	// seen carries what a look has seen.
	seen struct {
		of   *Model
		look Look
	}
	// again says that it is time for the next look.
	again struct{ of *Model }
	// saved says how saving went.
	saved struct {
		of   *Model
		name string
		err  error
	}
)

// New returns the screen.
func New(deps screen.Deps, opts Options) *Model { return &Model{deps: deps, opts: opts} }

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return m.see() }

func (m *Model) see() tea.Cmd {
	look := m.opts.Look
	return m.deps.Tasks.Cmd(func() tea.Msg { return seen{m, look()} })
}

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.Trace }

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Detail, keys.Copy:
		if len(m.stages) == 0 {
			return "nothing was recorded yet"
		}
	case keys.Write:
		if m.deps.Dir == "" {
			return "there is no directory here to write to"
		}
	}
	return ""
}

// Cancel implements screen.Screen. The step is the lesson's to stop.
func (m *Model) Cancel() (tea.Cmd, bool) {
	if m.onDetail {
		m.onDetail = false
		return nil, true
	}
	return nil, false
}

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	switch {
	case m.look.Asks:
		return "the step asks something: esc goes back to it"
	case m.status != "":
		return m.status
	case m.onDetail:
		return "esc goes back to the stages"
	}
	return ""
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case seen:
		if msg.of == m {
			return m.take(msg.look)
		}
	case again:
		if msg.of == m {
			return m.see()
		}
	case saved:
		if msg.of == m {
			m.takeSaved(msg)
		}
	case tea.KeyMsg:
		return m.key(msg)
	}
	return nil
}

// take shows what was seen; the chosen row follows a running action for as long as it is the last.
func (m *Model) take(look Look) tea.Cmd {
	last := m.cursor >= len(m.stages)-1
	m.looked, m.look, m.stages = true, look, stagesOf(look.Trace)
	if last && look.Running && !m.onDetail {
		m.cursor = len(m.stages) - 1
	}
	m.cursor = max(0, min(m.cursor, len(m.stages)-1))
	if look.Running {
		return m.deps.After(pace, again{m})
	}
	return nil
}

// stagesOf returns the stages, and behind them what belongs to none.
func stagesOf(t trace.Trace) []trace.Stage {
	if len(t.Calls) == 0 {
		return t.Stages
	}
	rest := trace.Stage{Title: "Calls of no stage", Calls: t.Calls}
	for _, c := range t.Calls {
		rest.Took += c.Took
	}
	return append(append([]trace.Stage(nil), t.Stages...), rest)
}

func (m *Model) takeSaved(msg saved) {
	m.status = "the trace is in " + widget.Clean(filepath.Join(m.deps.Dir, msg.name))
	if msg.err != nil {
		m.status = widget.Clean(msg.err.Error())
	}
}

func (m *Model) key(key tea.KeyMsg) tea.Cmd {
	intent, ok := keys.Find(keys.Trace, key.String())
	if !ok {
		return nil
	}
	m.status = ""
	switch intent {
	case keys.Detail, keys.NextPane:
		m.onDetail = !m.onDetail && len(m.stages) > 0
		m.detail.Home()
	case keys.Copy:
		return screen.Send(screen.Copy{Text: Text(m.stages[m.cursor]), What: "the stage"})
	case keys.Write:
		dir, look := m.deps.Dir, m.opts.Look
		return m.deps.Tasks.Cmd(func() tea.Msg {
			name, err := trace.SaveNext(dir, look().Trace)
			return saved{m, name, err}
		})
	default:
		page := max(1, m.height/2)
		if m.onDetail {
			screen.Moved(&m.detail, intent, page)
			return nil
		}
		m.detail.Home()
		screen.Moved(rows{m}, intent, page)
	}
	return nil
}

// rows moves the chosen row.
type rows struct{ *Model }

func (r rows) Move(by int) { r.cursor = max(0, min(len(r.stages)-1, r.cursor+by)) }
func (r rows) Home()       { r.cursor = 0 }
func (r rows) End()        { r.cursor = max(0, len(r.stages)-1) }

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	title := widget.Sides(" "+t.Title.Render("Trace")+"  "+widget.Clean(m.opts.Title), m.counts()+" ", m.width, t.Lines.More)
	split := widget.SplitOf(m.width, m.height-1, len(m.stages)+1, 6)
	if m.onDetail && !split.Beside {
		// What a stage made is longer than half of a small screen.
		split.First, split.Second = 1, m.height-4
	}
	head, list := m.listLines(split.FirstWidth, split.First)
	detail := m.detailLines(split.SecondWidth-2, split.Beside || m.onDetail)
	from, to := m.detail.View(len(detail), split.Second-1)
	pane := widget.Pane{Title: m.paneTitle(split.Beside), Right: m.detail.Position(len(detail), split.Second-1), Focus: m.onDetail, Lines: detail[from:to]}
	return append([]string{title}, split.Draw(t, append(head, list...), pane)...)
}

func (m *Model) paneTitle(beside bool) string {
	if len(m.stages) == 0 || !beside && !m.onDetail {
		return "its network calls"
	}
	return widget.Clean(m.stages[m.cursor].Title)
}

// counts says how much there is, and how long it took.
func (m *Model) counts() string {
	t := m.deps.Theme
	if !m.looked {
		return ""
	}
	n := 0
	for _, s := range m.stages {
		n += len(s.Calls)
	}
	text := fmt.Sprintf("%s  %s  %s", count(len(m.look.Trace.Stages), "stage"), count(n, "call"), Duration(m.look.Trace.Took))
	if m.look.Running {
		return t.Busy.Render("~ running") + "  " + text
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Text is a stage as lines for the clipboard.
func Text(s trace.Stage) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", s.Title, Duration(s.Took))
	if s.Detail != "" {
		b.WriteString(", " + s.Detail)
	}
	b.WriteByte('\n')
	for _, f := range s.Made {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	for _, c := range s.Calls {
		b.WriteString(Sentence(c) + "\n")
	}
	return b.String()
}

// Point chooses a row that was clicked; one more click shows all of the stage.
func (m *Model) Point(row int) tea.Cmd {
	if _, ok := widget.AreaOf(row); ok {
		m.onDetail = len(m.stages) > 0
		return nil
	}
	if row == m.cursor {
		return screen.Send(screen.Key("enter"))
	}
	screen.Goto(rows{m}, row)
	return nil
}
