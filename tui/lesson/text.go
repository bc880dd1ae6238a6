package lesson

import (
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/tui/markdown"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// pages keeps rendered Markdown, which costs too much to be made for every frame. A new width or look empties it.
type pages struct {
	width    int
	look     theme.Options
	renderer *markdown.Renderer
	made     map[string][]string
}

// page returns Markdown as lines of at most width cells.
func (m *Model) page(text string, width int) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	p := &m.pages
	if look := m.deps.Theme.Options; p.width != width || p.look != look || p.renderer == nil {
		*p = pages{width: width, look: look, renderer: markdown.New(m.deps.Theme, width), made: map[string][]string{}}
	}
	if made, ok := p.made[text]; ok {
		return made
	}
	made := p.renderer.Render(text)
	p.made[text] = made
	return made
}

// textLines is what there is to read at a step, with what the person asked for.
func (m *Model) textLines(step workshop.StepSnapshot, width int) []string {
	t := m.deps.Theme
	var out []string
	if m.step == 0 && m.snap.Lesson != nil {
		out = append(out, m.page(m.snap.Lesson.Intro, width)...)
		if len(out) > 0 {
			out = append(out, "")
		}
	}
	out = append(out, m.page(step.Step.Text, width)...)
	e := m.shown[m.step]
	if e.why && step.Step.Why != "" {
		out = append(out, "", t.Strong.Render("Why"))
		out = append(out, m.page(step.Step.Why, width)...)
	}
	for i, hint := range step.Step.Hints {
		if i < e.hints {
			out = append(out, "", t.Strong.Render(fmt.Sprintf("Hint %d of %d", i+1, len(step.Step.Hints))))
			out = append(out, m.page(hint, width)...)
		}
	}
	return out
}

// commandLines draws the command, or the input in which it is changed.
func (m *Model) commandLines(width, most int) []string {
	t := m.deps.Theme
	if m.prompt != nil {
		return m.promptLines(width, most)
	}
	if m.edit != nil {
		view := m.edit.View(width - 4)
		if over := len(view) - most; over > 0 {
			view = view[over:]
		}
		for i, line := range view {
			view[i] = t.Focus.Render(t.Lines.Mark) + " " + line
			if i > 0 {
				view[i] = "  " + line
			}
		}
		return view
	}
	text, own := m.command(m.step)
	if text == "" {
		return nil
	}
	var out []string
	prompt := "$ "
	for _, line := range lines(text) {
		for _, part := range widget.Hang(prompt, widget.Clean(line), width) {
			out = append(out, t.Command.Render(part))
		}
		prompt = "  "
	}
	if over := len(out) - most; over > 0 {
		out = append(out[:max(0, most-1)], t.Faint.Render(fmt.Sprintf("  %d more lines: c shows them all", over+1)))
	}
	if !own {
		out[len(out)-1] += t.Faint.Render("  (changed)")
	}
	return out
}

func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }
