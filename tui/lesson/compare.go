package lesson

import (
	"fmt"
	"strings"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// comparison shows what a step is expected to print: alone before it ran, and held against what it printed afterwards.
func (m *Model) comparison(step workshop.StepSnapshot, width int) outputPane {
	lines, height := Expected(m.deps.Theme, step, m.logs[m.step].Text(), width), 0
	return outputPane{
		title: "expected output", want: len(lines),
		draw: func(h int) []string {
			height = h
			from, to := m.scroll[paneOutput].View(len(lines), h)
			return lines[from:to]
		},
		right: func() string {
			back := "output"
			if m.showsResult() {
				back = "result"
			}
			return join(m.scroll[paneOutput].Position(len(lines), height), hint(keys.Compare)+" "+back)
		},
	}
}

// Expected draws the output that a step is expected to have, in lines of at most width cells, beside what was printed, if anything
// was. What differs is marked by a sign and never by a colour alone.
func Expected(t *theme.Theme, step workshop.StepSnapshot, printed string, width int) []string {
	nothing := workshop.PrintsNothing(step.Step.Expected)
	if nothing && step.Runs == 0 && strings.TrimSpace(printed) == "" {
		return widget.Paint(t.Faint, widget.Wrap("It will print nothing.", width))
	}
	if step.Runs == 0 && strings.TrimSpace(printed) == "" {
		out := widget.Paint(t.Faint, widget.Wrap("It will print this; <words> stand for what differs each time, three dots for more lines.", width))
		for line := range strings.Lines(step.Step.Expected) {
			out = append(out, widget.Hang("  ", widget.Clean(strings.TrimRight(line, "\n")), width)...)
		}
		return out
	}
	compared := workshop.CompareOutput(step.Step.Expected, printed)
	differ := len(workshop.Differences(compared))
	says := t.Good.Render("ok") + " printed as expected"
	switch {
	case differ == 0 && nothing:
		says = t.Good.Render("ok") + " printed nothing, as expected"
	case differ > 0:
		says = t.Warning.Render("!") + fmt.Sprintf(" %s: - was expected, + was printed. The checks decide, not this.", plural(differ, "line differs", "lines differ"))
	}
	out := widget.Wrap(says, width)
	folded, same, shown := 0, false, 0
	flush := func() {
		switch {
		case folded == 0:
			return
		case same:
			out = append(out, t.Faint.Render(fmt.Sprintf("  (%s as expected)", counted(folded, "line"))))
		default:
			out = append(out, t.Faint.Render(fmt.Sprintf("  (%s, left open)", counted(folded, "more line"))))
		}
		folded, same = 0, false
	}
	// What stands where a line is missing is shown, too, as far as it is short.
	const instead = 3
	for i, line := range compared {
		// Where lines differ, they and those beside them are what somebody looks for.
		far := differ > 0 && line.Outcome == workshop.Same && !differs(compared, i-1) && !differs(compared, i+1)
		switch {
		case line.Outcome == workshop.Missing:
			shown = instead
		case line.Outcome != workshop.LeftOut:
			shown = 0
		case shown > 0:
			shown--
			out = append(out, widget.Hang("  ", t.Faint.Render(widget.Cut(widget.Clean(line.Text), width-2, t.Lines.More)), width)...)
			continue
		}
		if line.Outcome == workshop.LeftOut || far {
			folded, same = folded+1, same || far
			continue
		}
		flush()
		text := widget.Clean(line.Text)
		switch line.Outcome {
		case workshop.Missing:
			out = append(out, widget.Hang(t.Bad.Render("-")+" ", text, width)...)
		case workshop.Unexpected:
			out = append(out, widget.Hang(t.Warning.Render("+")+" ", text, width)...)
		case workshop.Same, workshop.LeftOut:
			out = append(out, widget.Hang("  ", text, width)...)
		}
	}
	flush()
	return out
}

// differs reports whether there is a line at that place which is missing or unexpected.
func differs(lines []workshop.ComparedLine, at int) bool {
	return at >= 0 && at < len(lines) && len(workshop.Differences(lines[at:at+1])) > 0
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
