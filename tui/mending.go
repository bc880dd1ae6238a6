package tui

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// MendOptions configure Mend.
type MendOptions struct {
	Terminal

	// Folder is the course's, as the person named it.
	Folder string
	// Broken is what is wrong with the course, Editions what its folder comes to hold, as workshop.Follow tells it.
	Broken   error
	Editions <-chan workshop.Edition
}

// Mend shows what is wrong with a course until an edition of it is in order, which it returns. It returns nil when the person quits,
// and the error of ctx when that ends.
func Mend(ctx context.Context, opts MendOptions) (*workshop.Course, error) {
	var m *mending
	err := show(ctx, opts.Terminal, brisk, alone, func(deps screen.Deps) screen.Screen {
		m = newMending(deps, opts)
		return m
	})
	if m == nil {
		return nil, err
	}
	return m.mended, err
}

// mending is the screen of a course that cannot be opened yet. It ends the program when the course is mended.
type mending struct {
	deps          screen.Deps
	folder        string
	broken        error
	read          time.Time // when that was found
	editions      <-chan workshop.Edition
	mended        *workshop.Course
	scroll        widget.Scroll
	width, height int
}

var _ screen.Screen = (*mending)(nil)

func newMending(deps screen.Deps, opts MendOptions) *mending {
	return &mending{deps: deps, folder: opts.Folder, broken: opts.Broken, editions: opts.Editions, read: deps.Clock.Now()}
}

// Init implements screen.Screen.
func (m *mending) Init() tea.Cmd {
	ctx, editions := m.deps.Context, m.editions
	return m.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case e := <-editions:
			return edition(e)
		}
	})
}

// Update implements screen.Screen.
func (m *mending) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case edition:
		if msg.Course != nil {
			m.mended = msg.Course
			return tea.Quit
		}
		m.broken, m.read = msg.Err, m.deps.Clock.Now()
		return m.Init()
	case tea.KeyMsg:
		if intent, ok := keys.Find(keys.Mending, msg.String()); ok {
			screen.Moved(&m.scroll, intent, max(1, m.height-headLines-1))
		}
	}
	return nil
}

// headLines are those above the list.
const headLines = 4

// View implements screen.Screen.
func (m *mending) View() []string {
	t := m.deps.Theme
	lines := m.problems()
	room := m.height - headLines
	from, to := m.scroll.View(len(lines), room)
	right := fmt.Sprintf("%s at %s ", m.count(), m.read.Format(time.TimeOnly))
	out := []string{
		widget.Sides(" "+t.Title.Render("sigwalk")+"  "+t.Strong.Render("the course cannot be opened yet"), right, m.width, t.Lines.More),
		widget.Rule(t, "", m.scroll.Position(len(lines), room), t.Rule, m.width),
		" " + widget.Cut(t.Faint.Render("folder ")+widget.Clean(m.folder), m.width-2, t.Lines.More),
		"",
	}
	return widget.Block(append(out, lines[from:to]...), m.width, m.height)
}

// problems lists what is wrong: where, what, and what to write instead.
func (m *mending) problems() []string {
	t := m.deps.Theme
	page := widget.Page{Theme: t, Width: m.width - 2}
	var wrong workshop.Problems
	var e *actions.Error
	switch {
	case errors.As(m.broken, &wrong):
		for _, problem := range wrong {
			page.Add(" "+t.Bad.Render("x")+"  ", problem.File+":"+strconv.Itoa(problem.Line))
			page.Add("    ", problem.What)
			if problem.Instead != "" {
				page.Add("    "+t.Faint.Render("next")+" ", problem.Instead)
			}
			page.Blank()
		}
	case errors.As(m.broken, &e):
		page.Add(" "+t.Bad.Render("x")+"  ", e.Error())
		page.Add("    "+t.Faint.Render("next")+" ", e.Next)
	case m.broken != nil:
		page.Add(" "+t.Bad.Render("x")+"  ", m.broken.Error())
	}
	return page.Lines
}

func (m *mending) count() string {
	var wrong workshop.Problems
	if errors.As(m.broken, &wrong) && len(wrong) != 1 {
		return fmt.Sprintf("%d problems", len(wrong))
	}
	return "1 problem"
}

// Status implements screen.Screen.
func (m *mending) Status() string {
	return "save a file: it is looked at again, and opens when nothing is wrong; q quits"
}

// SetSize implements screen.Screen.
func (m *mending) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *mending) Scope() keys.Scope { return keys.Mending }

// Disabled implements screen.Screen.
func (m *mending) Disabled(keys.Intent) string { return "" }

// Cancel implements screen.Screen.
func (m *mending) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (m *mending) Running() bool { return false }
