package lesson

import (
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// From these on there are three columns.
const (
	wideWidth  = 120
	wideHeight = 26
)

// drawn remembers sizes of the last frame, by which pages are turned.
type drawn struct {
	text, output int
	both         bool // the output stands below the result
}

// View implements screen.Screen.
func (m *Model) View() []string {
	if m.signin != nil {
		return m.signin.View()
	}
	step, ok := m.current()
	var out []string
	switch {
	case !ok:
		out = []string{"", "  reading the lesson"}
	case m.audience:
		out = m.audienceView(step)
	case m.width >= wideWidth && m.height >= wideHeight && m.deps.Settings.On(settings.Panes):
		out = m.columns(step)
	default:
		out = m.column(step)
	}
	out = widget.Block(out, m.width, m.height)
	if m.ask != nil {
		return m.lay(out)
	}
	return out
}

// title is the first line: the lesson, where one works, how far one is, and the time.
func (m *Model) title() string {
	t := m.deps.Theme
	count := map[workshop.StepState]int{}
	for _, s := range m.snap.Steps {
		count[s.State]++
	}
	done, all := count[workshop.StepDone], len(m.snap.Steps)
	right := fmt.Sprintf("step %d/%d ", m.step+1, all) + widget.Bar(t, int64(done), int64(all), min(18, max(8, all))) +
		fmt.Sprintf(" %d done", done)
	if failed := count[workshop.StepFailed]; failed > 0 {
		right += "  " + t.Bad.Render(fmt.Sprintf("%d failed", failed))
	}
	right += "   " + t.Faint.Render(m.deps.Clock.Now().Format("15:04")) + " "
	name := ""
	if m.snap.Lesson != nil {
		name = widget.Clean(m.snap.Lesson.Title)
	}
	if m.snap.Where != "" {
		right = t.Faint.Render("["+m.snap.Where+"]") + "  " + right
	}
	return widget.Sides(" "+t.Title.Render(name), right, m.width, t.Lines.More)
}

// head is the line above the text: the step and where it stands.
func (m *Model) head(step workshop.StepSnapshot, width int) string {
	t := m.deps.Theme
	state := stateOf(step.State)
	word := state.Glyph() + " " + state.Word()
	switch {
	case state == theme.OK:
		word = "ok done"
		if step.Elsewhere {
			word += " elsewhere"
		}
	case step.Step.Command == "" && state == theme.Idle:
		word = ". to read"
	}
	title := fmt.Sprintf("%d %s", m.step+1, widget.Clean(step.Step.Title))
	return widget.Sides(t.Title.Render(title), t.State(state).Render(word), width, t.Lines.More)
}

// column draws everything below each other, for narrow screens.
func (m *Model) column(step workshop.StepSnapshot) []string {
	t := m.deps.Theme
	rule := widget.Rule(t, "", "", t.Rule, m.width)
	height := m.height - 3
	var body []string
	switch m.focus {
	case paneEnv:
		pane := widget.Pane{Title: "environment", Right: fmt.Sprintf("%d variables", len(m.snap.Env)), Focus: true}
		pane.Lines = m.envLines(m.width-2, height-1)
		body = pane.Draw(t, m.width, height)
	case paneSteps:
		pane := widget.Pane{Title: "steps", Focus: true, Lines: m.stepLines(m.width-2, height-1)}
		body = pane.Draw(t, m.width, height)
	default:
		body = m.work(step, m.width, height, true)
	}
	// The line above a pane's title would be a second one.
	out := []string{m.title()}
	if m.focus != paneEnv && m.focus != paneSteps {
		out = append(out, rule)
	} else {
		out = append(out, "")
	}
	out = append(out, widget.Block(body, m.width, height)...)
	return append(out, rule)
}

// columns draws the steps, the work, and the variables with the checks beside each other.
func (m *Model) columns(step workshop.StepSnapshot) []string {
	t := m.deps.Theme
	left := m.stepsWidth()
	right := min(64, 34+(m.width-wideWidth)/5)
	mid := m.width - left - right - 2
	height := m.height - 3
	steps := m.area(paneSteps, m.titled("Steps", m.focus == paneSteps, m.stepLines(left-2, height-1), left, height))
	work := m.work(step, mid, height, false)

	checks := m.checkLines(step, right-2, height/2)
	low := min(len(checks)+1, height/2)
	high := height - low
	from, to := m.scroll[paneChecks].View(len(checks), low-1)
	env := m.area(paneEnv, m.titled("Environment", m.focus == paneEnv, m.envLines(right-2, high-1), right, high))
	below := m.area(paneChecks, widget.Pane{Title: "checks", Focus: m.focus == paneChecks, Lines: checks[from:to]}.Draw(t, right, low))

	v := widget.Upright(t, height)
	out := []string{m.title(), widget.Junction(t, m.width, t.Lines.Top, left, left+1+mid)}
	out = append(out, widget.Beside(steps, v, work, v, append(env, below...))...)
	return append(out, widget.Junction(t, m.width, t.Lines.Bottom, left, left+1+mid))
}

// area marks lines as those of a pane, which a click in it gives the focus.
func (m *Model) area(p pane, lines []string) []string {
	return widget.Area(m.deps.Theme, int(p), lines)
}

// stepsWidth is as much as the longest title wants, within bounds.
func (m *Model) stepsWidth() int {
	want := 0
	for _, s := range m.snap.Steps {
		want = max(want, widget.Width(s.Step.Title))
	}
	return max(30, min(want+10, 44, 30+(m.width-wideWidth)/2))
}

// titled draws a pane whose title needs no line, for there is one above it.
func (m *Model) titled(title string, focus bool, lines []string, width, height int) []string {
	t := m.deps.Theme
	head := " " + t.Title.Render(title)
	if focus {
		head = " " + t.Focus.Render(t.Lines.Mark+" "+title)
	}
	out := []string{head}
	for _, line := range lines {
		out = append(out, " "+line)
	}
	return widget.Block(out, width, height)
}

// work draws a step: what to read, the command, the output, and where withChecks is true the checks.
func (m *Model) work(step workshop.StepSnapshot, width, height int, withChecks bool) []string {
	t := m.deps.Theme
	inner := width - 2
	text := m.textLines(step, inner)
	if m.audience && height >= wideHeight {
		text = spaced(text, height/2)
	}
	command := m.commandLines(inner-2, max(2, height/3))
	output := m.output(step, inner)
	var checks []string
	if withChecks {
		checks = m.checkLines(step, inner, max(2, height/5))
	}
	airy := height >= 22
	fixed := 1 + 1 + 1 // head, a blank line below the text, title of the output
	if airy {
		fixed++
	}
	if len(command) > 0 {
		fixed += len(command) + 1
	}
	if len(checks) > 0 {
		fixed++
	}
	share := m.share(height-fixed, len(text), output.want, len(checks), withChecks)
	m.drawn.text, m.drawn.output = share[paneText], share[paneOutput]

	out := []string{" " + m.head(step, inner)}
	if airy {
		out = append(out, "")
	}
	from, to := m.scroll[paneText].View(len(text), share[paneText])
	above := len(out)
	for _, line := range text[from:to] {
		out = append(out, " "+line)
	}
	out = append(widget.Block(out, width, above+share[paneText]), m.more(len(text)-to, inner))
	for _, line := range command {
		out = append(out, "   "+line)
	}
	if len(command) > 0 {
		out = append(out, "")
	}
	out = m.area(paneText, widget.Block(out, width, len(out)))
	out = append(out, m.area(paneOutput, m.outputPanes(output, width, 1+share[paneOutput]))...)
	if len(checks) > 0 {
		from, to := m.scroll[paneChecks].View(len(checks), share[paneChecks])
		pane := widget.Pane{Title: "checks", Focus: m.focus == paneChecks, Lines: checks[from:to]}
		pane.Right = m.scroll[paneChecks].Position(len(checks), share[paneChecks])
		out = append(out, m.area(paneChecks, pane.Draw(t, width, 1+share[paneChecks]))...)
	}
	return widget.Block(out, width, height)
}

// leastBelow is how many lines the output wants for itself below a result.
const leastBelow = 5

// outputPanes draws the output, or the result and where there is room the output below it.
func (m *Model) outputPanes(output outputPane, width, height int) []string {
	t := m.deps.Theme
	pane := widget.Pane{Title: output.title, Focus: m.focus == paneOutput}
	m.drawn.both = output.below != nil && height-1-output.want >= 1+leastBelow
	if !m.drawn.both {
		pane.Lines = output.draw(height - 1)
		pane.Right = output.right()
		return pane.Draw(t, width, height)
	}
	pane.Lines = output.draw(output.want)
	out := pane.Draw(t, width, 2+output.want)
	rest := height - len(out)
	m.drawn.output = rest - 1
	log := widget.Pane{Title: "output", Lines: output.below.View(rest - 1), Right: logRight(output.below)}
	return append(out, log.Draw(t, width, rest)...)
}

// more stands in the blank line below the text and says that it goes on.
func (m *Model) more(hidden, width int) string {
	if hidden <= 0 {
		return ""
	}
	noun := "lines"
	if hidden == 1 {
		noun = "line"
	}
	return " " + widget.FitRight(m.deps.Theme.Faint.Render(fmt.Sprintf("%s %d more %s", m.deps.Theme.Lines.Down, hidden, noun)), width, "")
}

// share gives each part its least and then what it wants, the one with the focus first; what is left over is the
// output's.
func (m *Model) share(room, text, output, checks int, withChecks bool) [panes]int {
	var got, want [panes]int
	want[paneText], want[paneOutput], want[paneChecks] = text, output, checks
	order := []pane{paneText, paneChecks, paneOutput}
	switch {
	case m.focus == paneOutput && withChecks:
		order = []pane{paneOutput, paneChecks, paneText}
	case m.focus == paneOutput:
		order = []pane{paneOutput, paneText}
	case m.focus == paneChecks:
		order = []pane{paneChecks, paneOutput, paneText}
	}
	give := func(p pane, upTo int) {
		n := max(0, min(room, min(want[p], upTo)-got[p]))
		got[p] += n
		room -= n
	}
	all, least := room, max(1, min(3, room/4))
	for _, p := range []pane{paneText, paneOutput, paneChecks} {
		give(p, least)
	}
	give(paneChecks, all/3)
	if !withChecks {
		// There is room enough for both; the output does not shrink to a few lines below a long text.
		give(paneOutput, max(least, (room+least)/3))
	}
	for _, p := range order {
		give(p, want[p])
	}
	got[paneOutput] += max(0, room)
	return got
}

// Status implements screen.Screen.
func (m *Model) Status() string {
	step, ok := m.current()
	switch {
	case !ok:
		return ""
	case m.signin != nil:
		return m.signin.Status()
	case m.prompt != nil:
		return m.promptStatus()
	case m.edit != nil:
		return "enter runs the line, ^J breaks it, esc leaves it as it was"
	case m.running != nil:
		return m.runningStatus()
	case m.message != "":
		return m.message
	case m.focus == paneSteps:
		return "enter goes to the chosen step, esc goes back"
	case m.focus == paneEnv:
		return "y copies the chosen variable as a line for a shell, esc goes back"
	}
	return m.stepStatus(step)
}

// stepStatus says where the step stands and what comes next.
func (m *Model) stepStatus(step workshop.StepSnapshot) string {
	t := m.deps.Theme
	next := m.whatNext()
	switch step.State {
	case workshop.StepBlocked:
		if earlier := step.BlockedEarlier; earlier != nil {
			return t.Blocked.Render("# blocked") + fmt.Sprintf(": enter goes to %s, step %d: ", widget.Clean(earlier.Title), earlier.Number) + widget.Clean(earlier.Step.Title)
		}
		if step.BlockedBy < 0 {
			return t.Blocked.Render("# blocked") + " " + widget.Clean(step.Blocked)
		}
		return t.Blocked.Render("# blocked") + " " + widget.Clean(step.Blocked) + fmt.Sprintf(": enter goes to step %d", step.BlockedBy+1)
	case workshop.StepDone:
		if why := noLonger(step); why != "" {
			return t.Good.Render("ok done") + " before, " + t.Warning.Render("but now") + " " + why
		}
		return t.Good.Render("ok done") + ": " + next
	case workshop.StepFailed:
		return t.Bad.Render("x failed") + ": " + failure(step)
	case workshop.StepSkipped:
		return "-- skipped: enter does it all the same, " + next
	case workshop.StepIdle, workshop.StepRunning:
	}
	if step.Step.Command == "" {
		return "enter says that you have read this"
	}
	return "enter runs the command, c changes it first"
}

// whatNext is the way on from a step that is done or left out.
func (m *Model) whatNext() string {
	if m.step < len(m.snap.Steps)-1 {
		return fmt.Sprintf("n goes to step %d", m.step+2)
	}
	open := 0
	for _, s := range m.snap.Steps {
		if s.State != workshop.StepDone {
			open++
		}
	}
	next := m.after()
	switch {
	case open == 0 && next != nil:
		return fmt.Sprintf("every step is done: n opens the next lesson, %s", widget.Clean(next.Title))
	case open == 0:
		return "this was the last step, and every step is done. q quits"
	case open == 1:
		return "this was the last step; one step is not done, l lists them"
	}
	return fmt.Sprintf("this was the last step; %d steps are not done, l lists them", open)
}

func (m *Model) runningStatus() string {
	t := m.deps.Theme
	if m.running.stopped {
		return t.Busy.Render("~") + " stopping"
	}
	elapsed := m.deps.Clock.Now().Sub(m.running.started)
	where := ""
	if m.running.step != m.step {
		where = fmt.Sprintf("step %d ", m.running.step+1)
	}
	status := t.Busy.Render("~") + fmt.Sprintf(" %srunning %ds", where, int(elapsed.Seconds()))
	stages := m.snap.Steps[m.running.step].Stages
	if len(stages) > 0 {
		status += ": " + strings.ToLower(widget.Clean(stages[len(stages)-1].Title))
	}
	return status + " - esc stops it"
}
