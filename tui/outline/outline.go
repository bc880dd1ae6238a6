// Package outline is the screen of a course: its lessons, how far one has come in each, and which one to open.
package outline

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// Options configure the screen.
type Options struct {
	Course *workshop.Course
	// Standings reads how far the learner has come; it may take a while and is called beside the screen.
	Standings func() []workshop.Standing
	// Open is the name of the lesson that is open now.
	Open string
}

// Chosen says that the learner wants to open a lesson.
type Chosen struct {
	Lesson string
	Step   string // the ID of the step to begin at; empty for the one that is next
	Why    string // what is said there; empty for nothing
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	opts          Options
	standings     []workshop.Standing // nil until they were read
	cursor        int
	width, height int
}

var _ screen.Screen = (*Model)(nil)

// read carries what Standings found.
type read struct {
	of        *Model
	standings []workshop.Standing
}

// New returns the screen with the open lesson chosen.
func New(deps screen.Deps, opts Options) *Model {
	m := &Model{deps: deps, opts: opts}
	for i, lesson := range opts.Course.Lessons {
		if lesson.Name == opts.Open {
			m.cursor = i
		}
	}
	return m
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd {
	return m.deps.Tasks.Cmd(func() tea.Msg { return read{m, m.opts.Standings()} })
}

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.Outline }

// Disabled implements screen.Screen.
func (m *Model) Disabled(keys.Intent) string { return "" }

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	return "enter opens the lesson, esc goes back to the one that is open"
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case read:
		if msg.of == m {
			m.standings = msg.standings
		}
	case tea.KeyMsg:
		intent, _ := keys.Find(keys.Outline, msg.String())
		if intent == keys.Detail {
			return m.choose()
		}
		screen.Moved(rows{m}, intent, max(1, m.height/2))
	}
	return nil
}

// choose goes back to the lesson's screen, and lets it know unless it shows that lesson.
func (m *Model) choose() tea.Cmd {
	chosen := m.opts.Course.Lessons[m.cursor].Name
	if chosen == m.opts.Open {
		return screen.Send(screen.Pop{})
	}
	return screen.Send(screen.Pop{Then: Chosen{Lesson: chosen}})
}

// rows moves the chosen row.
type rows struct{ *Model }

func (r rows) Move(by int) { r.cursor = max(0, min(len(r.opts.Course.Lessons)-1, r.cursor+by)) }
func (r rows) Home()       { r.cursor = 0 }
func (r rows) End()        { r.cursor = len(r.opts.Course.Lessons) - 1 }

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	out := []string{
		widget.Sides(" "+t.Title.Render(widget.Clean(m.opts.Course.Title)), m.total()+" ", m.width, t.Lines.More),
		widget.Rule(t, "", "", t.Rule, m.width),
	}
	for _, line := range widget.Wrap(widget.Clean(m.opts.Course.Summary), m.width-2) {
		out = append(out, " "+line)
	}
	out = append(out, "")
	chosen := 0
	var body []string
	for i, lesson := range m.opts.Course.Lessons {
		if i == m.cursor {
			chosen = len(body)
		}
		body = append(body, m.row(i, lesson))
		if i == m.cursor {
			about := widget.Clean(lesson.Summary)
			if lesson.SandboxOnly != "" {
				about += " For the sandbox alone, because " + widget.Clean(lesson.SandboxOnly) + "."
			}
			body = append(body, widget.Hang("        ", t.Faint.Render(about), m.width-2)...)
		}
	}
	room := m.height - len(out) - 1
	var scroll widget.Scroll
	scroll.Show(chosen+2, room)
	from, to := scroll.View(len(body), room)
	out = widget.Block(append(out, body[from:to]...), m.width, m.height-1)
	return append(out, widget.Rule(t, "", "", t.Rule, m.width))
}

// total says how much of the course is done.
func (m *Model) total() string {
	if m.standings == nil {
		return ""
	}
	done, steps := 0, 0
	for _, s := range m.standings {
		done += s.Done
		steps += len(s.Lesson.Steps)
	}
	return fmt.Sprintf("%d of %d steps done", done, steps)
}

func (m *Model) row(i int, lesson *workshop.Lesson) string {
	t := m.deps.Theme
	mark, title := "  ", fmt.Sprintf("%2d %s", i+1, widget.Clean(lesson.Title))
	if i == m.cursor {
		mark, title = t.Lines.Mark+" ", t.Selected.Render(title)
	}
	state, text := theme.Idle, "to do"
	right := fmt.Sprintf("%2d steps  %3d min", len(lesson.Steps), lesson.Minutes)
	if m.standings != nil {
		s := m.standings[i]
		switch {
		case s.Done == len(lesson.Steps):
			state, text = theme.OK, "done"
		case s.Finished():
			state, text = theme.Skipped, "left out"
		case s.Begun:
			text = "begun"
		}
		right = widget.Bar(t, int64(s.Done), int64(len(lesson.Steps)), 10) + fmt.Sprintf(" %2d/%-2d", s.Done, len(lesson.Steps)) + fmt.Sprintf("  %3d min", lesson.Minutes)
	}
	if lesson.Name == m.opts.Open {
		text += ", open"
	}
	right += "  " + t.State(state).Render(widget.Fit(state.Glyph()+" "+text, 15, ""))
	return widget.Spot(t, i, widget.Sides(" "+mark+title, right, m.width, t.Lines.More))
}

// Point chooses a row that was clicked; one more click opens the lesson.
func (m *Model) Point(row int) tea.Cmd {
	if row == m.cursor {
		return screen.Send(screen.Key("enter"))
	}
	screen.Goto(rows{m}, row)
	return nil
}
