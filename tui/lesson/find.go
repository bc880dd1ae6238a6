package lesson

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/palette"
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
	if m.course.Course == nil || m.snap.Lesson == nil {
		return items
	}
	why := ""
	if m.running != nil {
		why = fmt.Sprintf("step %d runs: esc stops it", m.running.step+1)
	}
	for _, lesson := range m.course.Course.Lessons {
		if lesson.Name != m.snap.Lesson.Name {
			items = append(items, palette.Item{Kind: "lesson", Title: lesson.Title, Why: why, Msg: outline.Chosen{Lesson: lesson.Name}})
			for i, step := range lesson.Steps {
				items = append(items, palette.Item{
					Kind: "step", Title: fmt.Sprintf("%s: %d %s", lesson.Title, i+1, step.Title), Why: why, Msg: outline.Chosen{Lesson: lesson.Name, Step: step.ID},
				})
			}
		}
	}
	return items
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

// Point goes to a step of the list that was clicked.
func (m *Model) Point(step int) tea.Cmd {
	if m.Scope() != keys.Lesson {
		return nil
	}
	m.turn(step)
	return m.catchUp()
}
