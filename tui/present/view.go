package present

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/tui/markdown"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/stage"
)

// From these on the steps and the projector's screen stand beside and below the notes.
const (
	wideWidth  = 120
	wideHeight = 32
)

// View implements screen.Screen.
func (f *Follower) View() []string {
	t := f.deps.Theme
	out := []string{f.title(), widget.Rule(t, "", "", t.Rule, f.width)}
	height := f.height - len(out) - 1
	var body []string
	switch {
	case f.state.Lesson == "":
		body = widget.Wrap(" "+f.nothing(), f.width-2)
	case f.width >= wideWidth && f.height >= wideHeight:
		body = f.wide(height)
	case f.jumping:
		body = f.steps(f.width, height)
	default:
		body = f.narrow(f.width, height)
	}
	out = append(out, widget.Block(body, f.width, height)...)
	return append(out, widget.Rule(t, "", "", t.Rule, f.width))
}

func (f *Follower) nothing() string {
	if why := f.lost(); why != "" {
		return why
	}
	return "the projector is opening the lesson"
}

// title says whether the projector is there and what the audience sees, the lesson, and how the time goes.
func (f *Follower) title() string {
	t, s := f.deps.Theme, f.state
	badge := t.Good.Render("LIVE")
	switch {
	case f.lost() != "":
		badge = t.Bad.Render("LOST")
	case s.Blank:
		badge = t.Warning.Render("BLANK")
	}
	left := " " + badge + "  " + t.Title.Render(widget.Clean(s.Lesson))
	if s.Lesson == "" {
		return widget.Sides(left, "", f.width, t.Lines.More)
	}
	elapsed := f.deps.Clock.Now().Sub(s.Began).Truncate(time.Second)
	right := fmt.Sprintf("elapsed %s  plan %s  %s   step %d/%d ", Clock(elapsed), Clock(s.Planned()), late(elapsed-s.Planned()), s.Step+1, len(s.Steps))
	if f.width >= 100 {
		right = widget.Bar(t, int64(s.Done()), int64(len(s.Steps)), min(18, max(8, len(s.Steps)))) + fmt.Sprintf(" %d done   ", s.Done()) + right
	}
	return widget.Sides(left, right, f.width, t.Lines.More)
}

// Clock is a time as hours, minutes and seconds.
func Clock(d time.Duration) string {
	s := max(0, int(d.Seconds()))
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// late is how far one is behind the plan, or before it, in whole minutes.
func late(d time.Duration) string { return fmt.Sprintf("%+dm", int(d.Minutes())) }

func pace(p float64) string { return strconv.FormatFloat(p, 'g', -1, 64) }

// narrow draws the step, the next one, the notes and the command below each other.
func (f *Follower) narrow(width, height int) []string {
	t, s := f.deps.Theme, f.state
	step := s.Steps[s.Step]
	out := []string{widget.Sides(" "+t.Faint.Render("NOW ")+"  "+t.Strong.Render(f.name(s.Step)), word(t, step)+" ", width, t.Lines.More)}
	out = append(out, " "+t.Faint.Render("NEXT")+"  "+f.ahead())

	now := f.command(s.Command, width-6, max(2, height/4))
	var then []string
	if s.Step+1 < len(s.Steps) {
		then = f.command(s.Steps[s.Step+1].Command, width-6, 2)
	}
	room := height - len(out) - 1 - pane(now) - pane(then)
	f.page = max(1, room)
	notes := f.notesPage(step.Notes, width-2)
	from, to := f.notes.View(len(notes), f.page)
	out = append(out, widget.Pane{Title: "notes", Right: f.notes.Position(len(notes), f.page), Lines: notes[from:to]}.Draw(t, width, 1+f.page)...)
	for _, p := range []struct {
		title string
		lines []string
	}{{"command", now}, {"next command", then}} {
		if len(p.lines) > 0 {
			out = append(out, widget.Pane{Title: p.title, Lines: p.lines}.Draw(t, width, 1+len(p.lines))...)
		}
	}
	return out
}

// pane is how many lines a pane of lines takes.
func pane(lines []string) int {
	if len(lines) == 0 {
		return 0
	}
	return 1 + len(lines)
}

func (f *Follower) name(step int) string {
	return fmt.Sprintf("%d %s", step+1, widget.Clean(f.state.Steps[step].Title))
}

// ahead is what comes after the step that is shown.
func (f *Follower) ahead() string {
	s := f.state
	switch {
	case s.Step+1 < len(s.Steps):
		return f.name(s.Step + 1)
	case s.Next != "":
		return "the lesson " + widget.Clean(s.Next)
	}
	return "nothing: this is the last step"
}

// notesPage renders notes, or says that there are none.
func (f *Follower) notesPage(notes string, width int) []string {
	if strings.TrimSpace(notes) == "" {
		return []string{f.deps.Theme.Faint.Render("no notes for this step")}
	}
	if f.renderer == nil || f.rendered != width {
		f.renderer, f.rendered = markdown.New(f.deps.Theme, width), width
	}
	return f.renderer.Render(notes)
}

// command draws a command in at most most lines.
func (f *Follower) command(text string, width, most int) []string {
	if text == "" {
		return nil
	}
	t := f.deps.Theme
	var out []string
	prompt := "  $ "
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		for _, part := range widget.Hang(prompt, widget.Clean(strings.TrimRight(line, "\n")), width) {
			out = append(out, t.Command.Render(part))
		}
		prompt = "    "
	}
	if len(out) > most {
		out = append(out[:max(0, most-1)], t.Faint.Render(fmt.Sprintf("    %d more lines", len(out)-most+1)))
	}
	return out
}

// states are the words of workshop.StepState as they are drawn.
var states = map[string]theme.State{
	"running": theme.Running, "done": theme.OK, "failed": theme.Failed, "blocked": theme.Blocked, "skipped": theme.Skipped,
}

func word(t *theme.Theme, s stage.Step) string {
	state, known := states[s.State]
	if !known {
		state = theme.Idle
	}
	return t.State(state).Render(state.Glyph() + " " + state.Word())
}

// steps draws the list of steps.
func (f *Follower) steps(width, height int) []string {
	t := f.deps.Theme
	title, at := "steps", f.state.Step
	if f.jumping {
		title, at = "steps: enter jumps", f.cursor
	}
	rows := height - 1
	f.list.Show(at, rows)
	from, to := f.list.View(len(f.state.Steps), rows)
	var lines []string
	for i := from; i < to; i++ {
		mark := "  "
		if i == f.state.Step {
			mark = t.Lines.Mark + " "
		}
		line := widget.Sides(mark+f.name(i), word(t, f.state.Steps[i]), width-2, t.Lines.More)
		if f.jumping && i == f.cursor {
			line = t.Selected.Render(line)
		}
		lines = append(lines, widget.Spot(t, i, line))
	}
	return widget.Pane{Title: title, Focus: f.jumping, Lines: lines}.Draw(t, width, height)
}

// wide draws the notes beside the steps, and below both what the audience sees.
func (f *Follower) wide(height int) []string {
	t := f.deps.Theme
	low := height / 2
	high := height - low
	right := min(60, f.width/3)
	v := widget.Upright(t, high)
	page := widget.Beside(widget.Block(f.narrow(f.width-right-1, high), f.width-right-1, high), v, widget.Block(f.steps(right, high), right, high))
	var seen []string
	for _, line := range f.state.Screen {
		seen = append(seen, widget.Clean(line))
	}
	title := "the audience sees"
	if f.state.Blank {
		title, seen = "the audience sees nothing", nil
	}
	// Of a screen that is higher than the room for it, its end says the least.
	return append(page, widget.Pane{Title: title, Lines: seen}.Draw(t, f.width, low)...)
}
