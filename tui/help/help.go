// Package help lays the keys of a screen over it.
package help

import (
	"strings"

	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Overlay is the help of one screen.
type Overlay struct {
	theme    *theme.Theme
	scope    keys.Scope
	disabled func(keys.Intent) string
	scroll   widget.Scroll
	page     int
}

// New returns the help of a scope; disabled says why an intent cannot be carried out now.
func New(t *theme.Theme, scope keys.Scope, disabled func(keys.Intent) string) *Overlay {
	return &Overlay{theme: t, scope: scope, disabled: disabled}
}

// Move scrolls.
func (o *Overlay) Move(intent keys.Intent) { screen.Moved(&o.scroll, intent, max(1, o.page-1)) }

// Lay draws the help over lines of width cells.
func (o *Overlay) Lay(lines []string, width, height int) []string {
	columns := max(1, min(3, (width-8)/44))
	boxWidth := min(width-4, max(76, columns*48+4))
	groups := o.groups((boxWidth - 4 - 3*(columns-1)) / columns)
	blocks := distribute(groups, columns)
	most := 0
	for _, b := range blocks {
		most = max(most, len(b))
	}
	o.page = min(most, height-4)
	from, to := o.scroll.View(most, o.page)
	body := make([]string, 0, o.page)
	columnWidth := (boxWidth - 4 - 3*(columns-1)) / columns
	for i := from; i < to; i++ {
		row := ""
		for c, b := range blocks {
			if c > 0 {
				row += "   "
			}
			cell := ""
			if i < len(b) {
				cell = b[i]
			}
			row += widget.Fit(cell, columnWidth, o.theme.Lines.More)
		}
		body = append(body, row)
	}
	hint := "? closes"
	if most > o.page {
		hint = "down shows more, ? closes"
	}
	return widget.Centre(lines, widget.Boxed(o.theme, "Keys", hint, o.theme.Focus, body, boxWidth, len(body)+2), width)
}

// labelWidth has room for the keys of any binding.
const labelWidth = 13

// groups draws each group of keys, in lines of width cells.
func (o *Overlay) groups(width int) [][]string {
	t := o.theme
	var out [][]string
	for _, group := range keys.Groups() {
		var lines []string
		for _, b := range keys.For(o.scope) {
			if b.Group != group {
				continue
			}
			labels := make([]string, len(b.Keys))
			for i, key := range b.Keys {
				labels[i] = keys.Label(key)
			}
			text, why := b.Long, o.disabled(b.Intent)
			if why != "" {
				text += " (not now: " + why + ")"
			}
			for i, line := range widget.Hang(widget.Fit(strings.Join(labels, " "), labelWidth, "")+" ", text, width) {
				switch {
				case why != "":
					line = t.Faint.Render(line)
				case i == 0:
					line = t.Key.Render(line[:labelWidth]) + line[labelWidth:]
				}
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			out = append(out, append([]string{t.Strong.Render(string(group))}, lines...))
		}
	}
	return out
}

// distribute fills columns with groups, each group whole and in order, as evenly as that allows.
func distribute(groups [][]string, columns int) [][]string {
	total := 0
	for _, g := range groups {
		total += len(g) + 1
	}
	out := [][]string{nil}
	for _, g := range groups {
		last := len(out) - 1
		if len(out[last]) > 0 && len(out) < columns && len(out[last])+len(g)/2 >= total/columns {
			out = append(out, nil)
			last++
		}
		if len(out[last]) > 0 {
			out[last] = append(out[last], "")
		}
		out[last] = append(out[last], g...)
	}
	return out
}
