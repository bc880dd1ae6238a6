// Package palette is the screen on which anything is found by what it is called: what keys do, steps, lessons, settings.
package palette

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Item is something that can be found.
type Item struct {
	Kind  string // what it is, in one word: "step", "lesson", "setting"; empty for what a key does
	Title string
	Key   string // the key that does the same; empty for none
	// Why says why it cannot be chosen now; empty when it can.
	Why string
	// Msg is sent to the screen below when the item is chosen.
	Msg tea.Msg
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	items         []Item
	input         *widget.Input
	found         []int // of items
	cursor        int
	scroll        widget.Scroll
	width, height int
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen with everything found.
func New(deps screen.Deps, items []Item) *Model {
	m := &Model{deps: deps, items: items, input: widget.NewInput(deps.Theme)}
	m.find()
	return m
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return nil }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope { return keys.Palette }

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	if intent != keys.Submit {
		return ""
	}
	if len(m.found) == 0 {
		return "nothing is called so"
	}
	return widget.Clean(m.items[m.found[m.cursor]].Why)
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) { return nil, false }

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	if len(m.found) == 0 {
		return "nothing is called so: esc goes back"
	}
	if why := m.items[m.found[m.cursor]].Why; why != "" {
		return "not now: " + widget.Clean(why)
	}
	return "enter does it, up and down choose, esc goes back"
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	intent, _ := keys.Find(keys.Palette, key.String())
	switch {
	case intent == keys.Submit && !key.Paste:
		return screen.Send(screen.Pop{Then: m.items[m.found[m.cursor]].Msg})
	case screen.Moved(rows{m}, intent, max(1, m.height/2)):
	default:
		screen.Type(m.input, key)
		m.find()
	}
	return nil
}

// rows moves the chosen row.
type rows struct{ *Model }

func (r rows) Move(by int) { r.cursor = max(0, min(len(r.found)-1, r.cursor+by)) }
func (r rows) Home()       { r.cursor = 0 }
func (r rows) End()        { r.cursor = max(0, len(r.found)-1) }

// find keeps the items that hold every word that was typed. What can be done now comes before what cannot.
func (m *Model) find() {
	words := strings.Fields(strings.ToLower(m.input.Text()))
	m.found, m.cursor = m.found[:0], 0
	for _, possible := range []bool{true, false} {
		for i, item := range m.items {
			if (item.Why == "") == possible && item.matches(words) {
				m.found = append(m.found, i)
			}
		}
	}
}

func (it Item) matches(words []string) bool {
	text := strings.ToLower(it.Kind + " " + it.Title)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	out := []string{
		widget.Sides(" "+t.Title.Render("Find"), fmt.Sprintf("%d of %d ", len(m.found), len(m.items)), m.width, t.Lines.More),
		widget.Rule(t, "", "", t.Rule, m.width),
		" : " + m.input.Line(m.width-4),
		"",
	}
	room := max(1, m.height-len(out)-1)
	m.scroll.Show(m.cursor, room)
	from, to := m.scroll.View(len(m.found), room)
	for row := from; row < to; row++ {
		out = append(out, m.row(row))
	}
	out = widget.Block(out, m.width, m.height-1)
	return append(out, widget.Rule(t, "", "", t.Rule, m.width))
}

func (m *Model) row(row int) string {
	t := m.deps.Theme
	item := m.items[m.found[row]]
	title := widget.Clean(item.Title)
	switch {
	case row == m.cursor:
		title = t.Selected.Render(title)
	case item.Why != "":
		title = t.Faint.Render(title)
	}
	mark := "  "
	if row == m.cursor {
		mark = t.Lines.Mark + " "
	}
	right := t.Faint.Render(widget.Clean(item.Kind)) + " " + t.Key.Render(widget.FitRight(widget.Clean(item.Key), 6, "")) + " "
	return widget.Spot(t, row, widget.Sides(" "+mark+title, right, m.width, t.Lines.More))
}

// Point chooses a row that was clicked; one more click does it.
func (m *Model) Point(row int) tea.Cmd {
	if row == m.cursor {
		return screen.Send(screen.Key("enter"))
	}
	screen.Goto(rows{m}, row)
	return nil
}
