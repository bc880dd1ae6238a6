package trust

import (
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// The bar of a validity on the time line, in cells, the spaces beside it, and the least that a name beside it needs.
const (
	barWidth  = 30
	besideBar = 4
	leastName = 20
)

// row is one part of a trust root on the time line; nil ends are open.
type row struct {
	name, id    string
	from, until *time.Time
}

// contents lists who is believed, each with its validity on a common time line.
func contents(t *theme.Theme, c *trust.Contents, now time.Time, width int) []string {
	groups := []struct {
		title string
		rows  []row
	}{
		{"certificate authorities", authorities(c.Authorities)},
		{"transparency logs", logs(c.Logs)},
		{"certificate logs", logs(c.CTLogs)},
		{"timestamp authorities", authorities(c.Stamps)},
	}
	line := timeLine{from: now, until: now, now: now}
	for _, g := range groups {
		for _, r := range g.rows {
			line.include(r)
		}
	}
	out := line.axis(t, width)
	for _, g := range groups {
		out = append(out, "", t.Faint.Render(g.title))
		if len(g.rows) == 0 {
			out = append(out, "  none")
		}
		for _, r := range g.rows {
			out = append(out, line.draw(t, r, width)...)
		}
	}
	return out
}

func authorities(list []trust.Authority) []row {
	rows := make([]row, 0, len(list))
	for i := range list {
		a := &list[i]
		r := row{name: a.Root(), id: a.URI, from: a.From, until: a.Until}
		for j := range a.Chain { // the shortest life of the chain counts
			if cert := &a.Chain[j]; r.until == nil || cert.NotAfter.Before(*r.until) {
				r.until = &cert.NotAfter
			}
			if cert := &a.Chain[j]; r.from == nil {
				r.from = &cert.NotBefore
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func logs(list []trust.Log) []row {
	rows := make([]row, 0, len(list))
	for _, log := range list {
		rows = append(rows, row{log.URL, log.ID, log.From, log.Until})
	}
	return rows
}

// timeLine is what all bars are drawn on: from the first beginning to the last end, with the present on it.
type timeLine struct{ from, until, now time.Time }

func (l *timeLine) include(r row) {
	if r.from != nil && r.from.Before(l.from) {
		l.from = *r.from
	}
	if r.until != nil && r.until.After(l.until) {
		l.until = *r.until
	}
}

// cell is where a time lies on the bar.
func (l *timeLine) cell(at time.Time) int {
	whole := l.until.Sub(l.from)
	if whole <= 0 {
		return 0
	}
	return int(float64(barWidth-1) * float64(at.Sub(l.from)) / float64(whole))
}

func (l *timeLine) bar(r row) string {
	first, last := 0, barWidth-1
	if r.from != nil {
		first = l.cell(*r.from)
	}
	if r.until != nil {
		last = l.cell(*r.until)
	}
	var b strings.Builder
	for i := range barWidth {
		switch {
		case i == l.cell(l.now):
			b.WriteByte('|')
		case i >= first && i <= last:
			b.WriteByte('=')
		default:
			b.WriteByte('.')
		}
	}
	return b.String()
}

// axis says when the bars begin and end; it is empty where there is no room for bars, or nothing that ends.
func (l *timeLine) axis(t *theme.Theme, width int) []string {
	room := width - barWidth - besideBar
	if room < leastName || !l.until.After(l.from) {
		return nil
	}
	const day = "2006-01-02"
	text := l.from.UTC().Format(day) + widget.Fit("  | now", barWidth-2*len(day), "") + l.until.UTC().Format(day)
	return []string{"", strings.Repeat(" ", room+besideBar) + t.Faint.Render(text)}
}

// draw is a part as lines: its name and its bar, then its id and when it ends.
func (l *timeLine) draw(t *theme.Theme, r row, width int) []string {
	name := r.name
	if name == "" {
		name, r.id = r.id, ""
	}
	ends := "no end"
	if r.until != nil {
		ends = "until " + r.until.UTC().Format("2006-01-02") + expiry(t, *r.until, l.now)
	}
	var out []string
	if room := width - barWidth - besideBar; room >= leastName {
		out = append(out, "  "+widget.Fit(widget.Clean(name), room, t.Lines.More)+"  "+l.bar(r))
	} else {
		out = append(out, widget.Fit("  "+widget.Clean(name), width, t.Lines.More))
	}
	return append(out, widget.Fit("    "+ends+"  "+t.Faint.Render(widget.Clean(r.id)), width, t.Lines.More))
}
