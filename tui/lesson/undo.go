package lesson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// planned carries what can be undone of a step, or why nothing can.
type planned struct {
	of   *Model
	step int
	undo workshop.Undo
	err  error
}

// undone says what was undone.
type undone struct {
	of   *Model
	undo workshop.Undo
	err  error
}

// planUndo asks what undoing the step would do, so that the question can say it.
func (m *Model) planUndo() tea.Cmd {
	m.undoing = true
	m.message = "looking at what there is to undo"
	ctx, session, step := m.life, m.session, m.step
	return m.deps.Tasks.Cmd(func() tea.Msg {
		undo, err := session.Undoable(ctx, step)
		return planned{m, step, undo, err}
	})
}

// mostListed bounds the list of a question.
const mostListed = 40

// UndoPrompt asks whether to undo.
const UndoPrompt = "Put the sandbox back?"

// UndoQuestion says what is undone, and what is not and why. The lesson of snap is part of course, which is nil for one alone.
func UndoQuestion(snap workshop.Snapshot, course *workshop.Course, undo workshop.Undo) string {
	var b strings.Builder
	b.WriteString("This puts the sandbox back as it was before this step was first run.")
	if len(undo.Steps) > 1 {
		var since []string
		for _, i := range undo.Steps[1:] {
			since = append(since, fmt.Sprintf("%d %s", i+1, snap.Steps[i].Step.Title))
		}
		b.WriteString(" What ran since is undone with it, and is to be done again: " + strings.Join(since, "; ") + ".")
	}
	if others := elsewhere(course, undo); len(others) > 0 {
		b.WriteString(" So is what ran since in other lessons: " + strings.Join(others, "; ") + ".")
	}
	b.WriteString("\n\n")
	if len(undo.Changes) == 0 {
		b.WriteString("There is nothing to put back: the sandbox is as it was.\n")
	}
	for i, change := range undo.Changes {
		if i == mostListed {
			fmt.Fprintf(&b, "- and %d more\n", len(undo.Changes)-i)
			break
		}
		b.WriteString("- " + change + "\n")
	}
	if len(undo.Left) > 0 {
		b.WriteString("\nThis is not put back:\n")
	}
	for _, left := range undo.Left {
		b.WriteString("- " + left + "\n")
	}
	b.WriteString("\nThe transparency log keeps every entry: what it has taken in nobody can take out again, you neither. " +
		"That is why it can be believed.")
	return b.String()
}

// elsewhere names what is undone of other lessons, each with its steps.
func elsewhere(course *workshop.Course, undo workshop.Undo) []string {
	var lessons []string
	steps := map[string][]string{}
	for _, step := range undo.Elsewhere {
		if steps[step.Lesson] == nil {
			lessons = append(lessons, step.Lesson)
		}
		steps[step.Lesson] = append(steps[step.Lesson], step.ID)
	}
	for i, name := range lessons {
		title := name // of a lesson that the course does not have any more
		ids := steps[name]
		if course != nil {
			if other, err := course.Lesson(name); err == nil {
				title = other.Title
				ids = numbers(other, ids)
			}
		}
		noun := "step "
		if len(ids) > 1 {
			noun = "steps "
		}
		lessons[i] = title + ", " + noun + strings.Join(ids, ", ")
	}
	return lessons
}

// numbers are those of the steps of these IDs, in the order of the lesson; an ID that it does not have stays one.
func numbers(in *workshop.Lesson, ids []string) []string {
	var found []string
	for i, step := range in.Steps {
		if slices.Contains(ids, step.ID) {
			found = append(found, strconv.Itoa(i+1))
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(in.Steps, func(s workshop.Step) bool { return s.ID == id }) {
			found = append(found, id)
		}
	}
	return found
}

// UndoDone says what was undone.
func UndoDone(undo workshop.Undo) string {
	if n := len(undo.Steps) + len(undo.Elsewhere); n > 1 {
		return fmt.Sprintf("the sandbox is as it was before; %d steps are to be done again", n)
	}
	return "the sandbox is as it was before this step; the log keeps its entries"
}

func (m *Model) askUndo(msg planned) {
	m.message = ""
	if msg.err != nil || m.step != msg.step || m.ask != nil {
		m.undoing = false
		if msg.err != nil {
			m.message = widget.Clean(msg.err.Error())
		}
		return
	}
	m.ask = m.newAsk(actions.Question{YesNo: true, Text: UndoQuestion(m.snap, m.course.Course, msg.undo), Prompt: UndoPrompt})
	m.ask.local = true
	m.undoing = false
	m.ask.answer = func(a actions.Answer) tea.Cmd {
		if !a.Yes {
			return nil
		}
		m.undoing = true
		m.message = "putting the sandbox back"
		ctx, session, step := m.life, m.session, msg.step
		return m.deps.Tasks.Cmd(func() tea.Msg {
			undo, err := session.Undo(ctx, step)
			return undone{m, undo, err}
		})
	}
}

func (m *Model) undone(msg undone) tea.Cmd {
	m.undoing = false
	if msg.err != nil {
		m.message = widget.Clean(msg.err.Error())
		return nil
	}
	for _, step := range msg.undo.Steps {
		if step < len(m.logs) {
			m.logs[step].Clear()
		}
		delete(m.shown, step)
		delete(m.edited, step)
	}
	m.result, m.message = false, UndoDone(msg.undo)
	return nil
}
