package doctor

import (
	"fmt"
	"strings"
	"time"
)

// marks are glyph and word of a state, never colour alone.
func (s State) mark() string {
	switch s {
	case OK:
		return "ok"
	case Failed:
		return "x failed"
	case Skipped:
		return "-- skipped"
	case NotApplicable:
		return "not applicable"
	case Waiting:
	}
	return "."
}

// Mark is a state as text shows it.
func (s State) Mark() string { return s.mark() }

// Text is the report in lines that end with a line end, without colour. With all it has the evidence of what is well, too.
func (r *Report) Text(all bool) string {
	var b strings.Builder
	group := Group("")
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = f.Group
			fmt.Fprintf(&b, "%s\n", group)
		}
		b.WriteString(f.Text(all))
	}
	fmt.Fprintf(&b, "\n%s\n", r.Summary())
	return b.String()
}

// Text is a finding in lines that end with a line end.
func (f *Finding) Text(all bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-15s %s\n", f.State.mark(), f.Title)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "      %-9s %s\n", name, text)
		}
	}
	if f.State == Failed || all {
		for i, text := range f.Evidence {
			line(map[bool]string{true: "evidence", false: ""}[i == 0], text)
		}
	}
	switch f.State {
	case Failed:
		line("means", f.Means)
		line("next", f.Next)
		for _, command := range f.Commands {
			line("", "$ "+command)
		}
		line("more", "sigwalk explain "+string(f.Code))
	case Skipped:
		if len(f.WaitsFor) > 0 {
			line("waits for", strings.Join(f.WaitsFor, ", "))
			break
		}
		line("because", f.Means)
		line("next", f.Next)
	case NotApplicable:
		if all {
			line("because", f.Means)
		}
	case OK, Waiting:
	}
	return b.String()
}

// Summary is the report in a sentence.
func (r *Report) Summary() string {
	took := time.Duration(r.Took).Round(10 * time.Millisecond)
	bad, left := r.Count(Failed), r.Count(Skipped)
	switch {
	case bad == 0 && left == 0:
		return fmt.Sprintf("all is well: %d checks in %s", r.Count(OK), took)
	case bad == 0:
		return fmt.Sprintf("nothing is wrong that could be looked at: %d ok, %d skipped in %s", r.Count(OK), left, took)
	}
	codes := make([]string, 0, bad)
	for _, c := range r.Codes() {
		codes = append(codes, string(c))
	}
	return fmt.Sprintf("%d failed (%s), %d ok, %d skipped in %s", bad, strings.Join(codes, ", "), r.Count(OK), left, took)
}
