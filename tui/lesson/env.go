package lesson

import (
	"regexp"
	"strings"

	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// hidden stands for every secret, whatever its length.
const hidden = "••••••"

var reference = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// variables returns the variables as they are listed: those that the command uses first.
func (m *Model) variables() []environment.Variable {
	used := map[string]bool{}
	if step, ok := m.current(); ok {
		for _, match := range reference.FindAllStringSubmatch(step.Step.Command, -1) {
			used[match[1]] = true
		}
	}
	var first, rest []environment.Variable
	for _, v := range m.snap.Env {
		if used[v.Name] {
			first = append(first, v)
		} else {
			rest = append(rest, v)
		}
	}
	return append(first, rest...)
}

// named returns the value of a variable; empty where it has none.
func (m *Model) named(name string) string {
	for _, v := range m.snap.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// value returns what may be shown of a variable. Every secret looks alike.
func value(v environment.Variable) string {
	switch {
	case v.Value == "":
		return "-"
	case v.Secret || environment.IsSecret(v.Name):
		return hidden
	}
	return widget.Clean(v.Value)
}

// exportLine returns a line that a POSIX shell takes over a variable with.
func exportLine(v environment.Variable) string {
	return "export " + v.Name + "='" + strings.ReplaceAll(v.Value, "'", `'\''`) + "'"
}

// envLines draws the variables in a pane of width x height.
func (m *Model) envLines(width, height int) []string {
	t := m.deps.Theme
	vars := m.variables()
	if len(vars) == 0 {
		return []string{t.Faint.Render("no variables yet")}
	}
	m.cursor[paneEnv] = min(m.cursor[paneEnv], len(vars)-1)
	names := 0
	for _, v := range vars {
		names = max(names, widget.Width(v.Name))
	}
	names = min(names, width/2)
	var detail []string
	focus := m.focus == paneEnv
	if focus {
		detail = m.envDetail(vars[m.cursor[paneEnv]], width, height/2)
	}
	rows := max(1, height-len(detail))
	if focus {
		m.scroll[paneEnv].Show(m.cursor[paneEnv], rows)
	}
	from, to := m.scroll[paneEnv].View(len(vars), rows)
	var out []string
	for i := from; i < to; i++ {
		v := vars[i]
		line := widget.Fit(widget.Clean(v.Name), names, t.Lines.More)
		shown := value(v)
		if left := m.remaining(v); left != "" {
			shown = left
		}
		if room := width - names - 4; widget.Width(shown) > room {
			// What tells addresses apart is not how they begin.
			shown = widget.CutMiddle(strings.TrimPrefix(strings.TrimPrefix(shown, "http://"), "https://"), room, t.Lines.More)
		}
		if focus && i == m.cursor[paneEnv] {
			out = append(out, t.Selected.Render(widget.Fit(t.Lines.Mark+" "+line+"  "+shown, width, "")))
			continue
		}
		out = append(out, "  "+t.Faint.Render(line)+"  "+shown)
	}
	return append(widget.Block(out, width, rows), detail...)
}

// envDetail draws the whole value of a variable and where it came from.
func (m *Model) envDetail(v environment.Variable, width, most int) []string {
	t := m.deps.Theme
	lines := widget.Wrap(value(v), width)
	if left := m.remaining(v); left != "" {
		lines = append(lines, "an identity token: "+left)
	}
	lines = append(lines, t.Faint.Render("from "+widget.Clean(string(v.Source))))
	if len(lines) > most-1 {
		lines = lines[:max(1, most-1)]
	}
	return append([]string{widget.Rule(t, widget.Clean(v.Name), "", t.Title, width)}, lines...)
}
