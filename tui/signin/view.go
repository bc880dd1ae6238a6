package signin

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// From these on what stands beside the numbered parts has a column of its own.
const (
	wideWidth  = 120
	wideHeight = 26
)

// View draws the screen, exactly as large as SetSize said.
func (m *Model) View() []string {
	t := m.deps.Theme
	out := []string{m.title(), widget.Rule(t, "", "", t.Rule, m.width)}
	below := m.height - 3
	if m.wide() {
		left := m.width - m.sideWidth() - 3
		out = append(out, widget.Beside(
			widget.Block(m.parts(left-2, below), left, below), widget.Upright(t, below), widget.Block(m.side(m.sideWidth()), m.sideWidth()+2, below),
		)...)
	} else {
		work := m.pipeline(m.width - 2)
		out = append(out, widget.Block(m.parts(m.width-2, below-len(work)), m.width, below-len(work))...)
		out = append(out, work...)
	}
	return widget.Block(append(out, widget.Rule(t, "", "", t.Rule, m.width)), m.width, m.height)
}

func (m *Model) wide() bool { return m.width >= wideWidth && m.height >= wideHeight }

// sideWidth is how much of a wide screen stands beside the numbered parts.
func (m *Model) sideWidth() int { return m.width*7/20 - 3 }

// title says how one signs in, and how long the link is waited for.
func (m *Model) title() string {
	t := m.deps.Theme
	name := "Sign in with a code"
	switch m.prompt.Way {
	case identity.WayBrowser:
		name = "Sign in your browser"
	case identity.WayDevice:
		name = "Sign in with a device"
	case identity.WayCode:
	}
	right := t.Busy.Render("~") + " waiting"
	switch {
	case m.sent:
		right = t.Busy.Render("~") + " asking"
	case m.prompt.Over:
		right = t.Bad.Render("x failed")
	case !m.prompt.Expires.IsZero():
		left := max(0, m.prompt.Expires.Sub(m.deps.Clock.Now()))
		right += fmt.Sprintf("    %02d:%02d", int(left.Minutes()), int(left.Seconds())%60)
	}
	return widget.Sides(" "+t.Title.Render(name), right+" ", m.width, t.Lines.More)
}

// parts are what the person has to do, one after the other.
func (m *Model) parts(width, height int) []string {
	t := m.deps.Theme
	airy := height >= 15
	var out []string
	space := func() {
		if airy {
			out = append(out, "")
		}
	}
	add := func(lines ...string) {
		for _, line := range lines {
			out = append(out, " "+line)
		}
	}
	if m.prompt.Purpose != "" {
		add(widget.Fit("Signing  "+t.Strong.Render(widget.CutMiddle(widget.Clean(m.prompt.Purpose), width-9, t.Lines.More)), width, ""))
		space()
	}
	add(t.Strong.Render("1") + " " + t.Glyph(theme.OK) + " agreed to the notice of the transparency log")
	space()
	add(m.linkPart(width)...)
	space()
	add(m.codePart(width)...)
	if m.prompt.Warning != "" {
		add(widget.Paint(t.Warning, widget.Hang("! ", widget.Clean(m.prompt.Warning), width))...)
	}
	if m.prompt.Failure != nil {
		space()
		add(m.failure(width)...)
	}
	if m.qr && m.whyNoQR() == "" && !m.wide() {
		space()
		add(m.qrLines()...)
	}
	return out
}

// linkPart is the link, which terminals that can open one on a click (OSC 8).
func (m *Model) linkPart(width int) []string {
	t := m.deps.Theme
	if m.prompt.URL == "" {
		return []string{t.Strong.Render("2") + " " + t.Faint.Render("there is no link")}
	}
	what := "Open this page anywhere, and log in"
	switch {
	case m.prompt.Way == identity.WayBrowser && m.prompt.Opened:
		what = "Log in at the page that your browser has opened"
	case m.prompt.Way == identity.WayBrowser:
		what = "Open this page on this machine, and log in"
	case m.prompt.Way == identity.WayDevice:
		what = "Open this page on any device, and log in"
	}
	hints := ""
	for _, intent := range []keys.Intent{keys.OpenPage, keys.Copy, keys.RawLink} {
		if b := keys.Of(keys.SignIn, intent); m.Disabled(intent) == "" {
			hints += "[" + t.Key.Render(b.Label()) + " " + b.Short + "] "
		}
	}
	size := fmt.Sprintf("%d ch", len(m.prompt.URL))
	face := t.Link
	if m.prompt.Over {
		face, size = t.Faint, "of no more use"
	}
	shown := face.Render(widget.CutMiddle(plainly(m.prompt.URL), width-4-len(size), t.Lines.More))
	if !m.prompt.Over {
		shown = widget.Link(t, m.prompt.URL, shown)
	}
	return []string{
		widget.Sides(t.Strong.Render("2")+" "+what, strings.TrimSpace(hints), width, t.Lines.More),
		widget.Sides("  "+shown, t.Faint.Render(size), width, ""),
	}
}

// plainly is a link as it is shown: without its scheme, which says nothing.
func plainly(link string) string {
	if u, err := url.Parse(link); err == nil && u.Host != "" {
		link = strings.TrimPrefix(link, u.Scheme+"://")
	}
	return widget.Clean(link)
}

// codePart is the code: one to paste, one to compare, or none.
func (m *Model) codePart(width int) []string {
	t := m.deps.Theme
	third := t.Strong.Render("3") + " "
	switch {
	case m.prompt.Way == identity.WayDevice && m.prompt.UserCode != "":
		page := widget.Clean(m.prompt.Page)
		return append([]string{third + "See that the page shows this code, or enter it", ""}, append(
			widget.Paint(t.Strong, []string{"      " + widget.Clean(m.prompt.UserCode)}), "",
			"  "+t.Faint.Render(widget.Cut("the page without the code: "+page, width-2, t.Lines.More)))...)
	case m.prompt.Way != identity.WayCode:
		return []string{third + "The answer comes back by itself"}
	}
	out := []string{third + widget.Cut("Paste the code from the page (it is longer than its box there: select all)", width-2, t.Lines.More)}
	text := m.code.Text()
	count := fmt.Sprintf("%d chars", len(text))
	if expected := m.prompt.CodeLength(); expected > 0 {
		count = fmt.Sprintf("%d of %d chars", len(text), expected)
	}
	warning := m.prompt.CheckCode(actions.NewSecret(text))
	if warning != "" {
		count += "  <!>"
	}
	box := m.code.View(width - 6)
	const most = 3
	box = box[max(0, len(box)-most):]
	face := t.Focus
	if !m.takesCode() {
		face = t.Rule
	}
	for _, line := range widget.Boxed(t, "", count, face, box, width-2, len(box)+2) {
		out = append(out, "  "+line)
	}
	if warning != "" {
		out = append(out, widget.Paint(t.Warning, widget.Hang("  ! ", warning, width))...)
	}
	return out
}

// failure says what went wrong last, why, and what to do.
func (m *Model) failure(width int) []string {
	t := m.deps.Theme
	what, why, next := m.prompt.Failure.Error(), "", ""
	var e *actions.Error
	if errors.As(m.prompt.Failure, &e) {
		what, why, next = e.What, e.Why, e.Next
	}
	out := widget.Paint(t.Bad, widget.Hang("x  ", widget.Clean(what), width))
	if why != "" {
		out = append(out, widget.Hang("   why   ", widget.Clean(why), width)...)
	}
	if next != "" {
		out = append(out, widget.Hang("   next  ", widget.Clean(next), width)...)
	}
	return out
}

// steps are what a signature goes through, as far as a person wants to know.
var steps = []struct{ id, name string }{
	{"key", "ephemeral key"},
	{"sign-in", "sign-in"},
	{"certificate", "Fulcio cert"},
	{"sct", "SCT"},
	{"log", "Rekor"},
	{"push", "push"},
}

func (m *Model) stateOf(id string) (theme.State, actions.Stage) {
	for i := len(m.stages) - 1; i >= 0; i-- {
		if s := m.stages[i]; s.ID == id {
			switch s.State {
			case actions.StageDone:
				return theme.OK, s
			case actions.StageFailed:
				return theme.Failed, s
			case actions.StageSkipped:
				return theme.Skipped, s
			case actions.StageStarted:
				return theme.Running, s
			}
		}
	}
	return theme.Idle, actions.Stage{}
}

// pipeline is where the signature stands, on one line or as many as it takes.
func (m *Model) pipeline(width int) []string {
	t := m.deps.Theme
	var out []string
	line := ""
	for _, step := range steps {
		state, _ := m.stateOf(step.id)
		part := t.State(state).Render(state.Glyph()) + " " + step.name
		if line != "" && widget.Width(line)+3+widget.Width(part) > width {
			out, line = append(out, " "+line), ""
		}
		if line != "" {
			line += "   "
		}
		line += part
	}
	return append(out, " "+line)
}

// side is where the signature stands, with times, and what this is about.
func (m *Model) side(width int) []string {
	t := m.deps.Theme
	out := []string{" " + t.Title.Render("The signature")}
	for _, step := range steps {
		state, stage := m.stateOf(step.id)
		at := ""
		if !stage.At.IsZero() {
			at = stage.At.Format("15:04:05")
		}
		out = append(out, " "+widget.Sides(t.Glyph(state)+" "+step.name, t.Faint.Render(at), width, t.Lines.More))
	}
	out = append(out, "")
	if m.qr && m.whyNoQR() == "" {
		for _, line := range m.qrLines() {
			out = append(out, " "+line)
		}
		return out
	}
	out = append(out, " "+t.Title.Render("What this is"))
	text := "You prove to the identity provider who you are. It gives sigwalk a token that says so, and Fulcio a reason to certify a key " +
		"that lives for this one signature. Your password never comes here."
	for _, line := range widget.Wrap(text, width) {
		out = append(out, " "+line)
	}
	out = append(out, "", " "+t.Title.Render("Who asks"))
	for _, line := range widget.Wrap(widget.Clean(m.prompt.Issuer), width) {
		out = append(out, " "+line)
	}
	out = append(out, "", " "+t.Title.Render("Other ways"))
	for _, way := range m.prompt.Ways {
		out = append(out, " "+widget.Fit(string(way), width, t.Lines.More))
	}
	return out
}
