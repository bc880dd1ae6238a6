package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/tui/widget"
)

// printTable prints what a rehearsal found at a glance: lesson, step, result, planned and real time. Times are planned for whole
// lessons alone.
func (a *app) printTable(r rehearsal) {
	rows := [][]string{{"lesson", "step", "result", "planned", "took"}}
	for _, lesson := range r.Lessons {
		name := lesson.Name
		for _, step := range lesson.Steps {
			rows = append(rows, []string{name, step.Title, step.State, "", took(step.Seconds, step.State)})
			name = ""
		}
		rows = append(rows, []string{"", "together", "", planned(lesson.Minutes), took(lesson.Seconds, "")})
	}
	rows = append(rows, []string{"all", "", "", planned(r.Minutes), took(r.Seconds, "")})
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], widget.Width(widget.Clean(cell)))
		}
	}
	a.say("\n")
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = widget.Clean(cell)
			if i >= len(row)-2 { // times stand at the right
				line.WriteString("  " + widget.FitRight(cell, widths[i], ""))
				continue
			}
			line.WriteString(widget.Fit(cell, widths[i], "") + "  ")
		}
		a.say("%s\n", strings.TrimRight(line.String(), " "))
	}
}

func planned(minutes int) string {
	if minutes == 0 {
		return "-"
	}
	return fmt.Sprintf("%d min", minutes)
}

// took is a time; a step that was left out took none.
func took(seconds float64, state string) string {
	if state == "skipped" {
		return "-"
	}
	d := time.Duration(seconds * float64(time.Second))
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.2fs", seconds)
}
