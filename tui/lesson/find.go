package lesson

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/palette"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// goTo asks for a step that was found.
type goTo struct {
	of   *Model
	step int
}

// Items are the steps of the lesson and the other lessons of the course, to be found by their names.
func (m *Model) Items() []palette.Item {
	var items []palette.Item
	for i, s := range m.snap.Steps {
		items = append(items, palette.Item{Kind: "step", Title: fmt.Sprintf("%d %s", i+1, s.Step.Title), Msg: goTo{m, i}})
	}
	for _, lesson := range m.others() {
		items = append(items, palette.Item{Kind: "lesson", Title: lesson.Title, Why: m.stays(), Msg: outline.Chosen{Lesson: lesson.Name}})
	}
	return items
}

// Farther are the steps of the other lessons: too many to stand before what the keys do.
func (m *Model) Farther() []palette.Item {
	var items []palette.Item
	for _, lesson := range m.others() {
		for i, step := range lesson.Steps {
			items = append(items, palette.Item{
				Kind: "step", Title: fmt.Sprintf("%s: %d %s", lesson.Title, i+1, step.Title), Why: m.stays(), Msg: outline.Chosen{Lesson: lesson.Name, Step: step.ID},
			})
		}
	}
	return items
}

// others are the lessons of the course that are not open.
func (m *Model) others() []*workshop.Lesson {
	if m.course.Course == nil || m.snap.Lesson == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.course.Course.Lessons), func(l *workshop.Lesson) bool { return l.Name == m.snap.Lesson.Name })
}

// stays says why no other lesson can be opened, or "".
func (m *Model) stays() string {
	if m.running == nil {
		return ""
	}
	return fmt.Sprintf("step %d runs: esc stops it", m.running.step+1)
}

// found goes to a step that was found.
func (m *Model) found(msg goTo) tea.Cmd {
	if msg.of != m {
		return nil
	}
	m.focus = paneText
	m.turn(msg.step)
	return m.catchUp()
}

// Point goes to a step of the list that was clicked, or to the pane.
func (m *Model) Point(step int) tea.Cmd {
	if m.Scope() != keys.Lesson {
		return nil
	}
	if area, ok := widget.AreaOf(step); ok {
		m.focus = pane(area)
		return nil
	}
	m.turn(step)
	return m.catchUp()
}
