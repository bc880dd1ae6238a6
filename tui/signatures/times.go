package signatures

import (
	"fmt"
	"time"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// times is the section with the time line: the certificate's life as a bar, and what happened in it and after.
func times(t *theme.Theme, s *verification.Signature, now time.Time, width int) []string {
	p := newPage(t, width)
	moments := s.Timeline(now)
	if len(moments) == 1 {
		p.Say("Nothing says when it was made.")
		return p.Lines
	}
	var before time.Time
	for i, m := range moments {
		gap := ""
		if i > 0 {
			gap = "+" + span(m.At.Sub(before))
		}
		before = m.At
		bar := " "
		if inLife(s, m.At) {
			bar = t.Lines.V
		}
		name := widget.Clean(m.Name)
		switch {
		case m.Now:
			name = t.Strong.Render(name)
		case m.Source != "":
			name += t.Faint.Render(" - " + widget.Clean(m.Source))
		}
		head := m.At.UTC().Format(stamp) + " " + t.Faint.Render(widget.FitRight(gap, 7, "")) + " " + t.Good.Render(bar) + " "
		p.Lines = append(p.Lines, widget.Hang(head, name, width)...)
	}
	p.Blank()
	for _, id := range []verification.CheckID{verification.CheckTimestamp, verification.CheckTime} {
		if c := s.Check(id); c.ID != "" {
			p.Lines = append(p.Lines, widget.Hang(checkGlyph(t, c.State)+" "+widget.Fit(string(id), 10, "")+" ", widget.Clean(c.What), width)...)
		}
	}
	switch {
	case s.Until != nil && s.Until.Before(now):
		p.Say("It stopped to verify at " + s.Until.UTC().Format(stamp) + ".")
	case s.Until != nil:
		p.Say("It verifies until " + s.Until.UTC().Format(stamp) + ", and no longer.")
	case s.Verified && s.Certificate != nil:
		p.Note("The bar is the certificate's life. That it is over does no harm: the time inside it is proven.")
	}
	return p.Lines
}

// inLife reports whether the certificate was valid.
func inLife(s *verification.Signature, at time.Time) bool {
	return s.Certificate != nil && !at.Before(s.Certificate.NotBefore) && !at.After(s.Certificate.NotAfter)
}

// span writes a length of time in at most seven characters.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
