package widget

import (
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// Column is one column of a Table. Widths are cells.
type Column struct {
	Title string
	// Min is what is kept however narrow the table is; Max is what is taken at most, zero for no bound.
	Min, Max int
	// Right sets the text flush right; KeepEnd cuts at the left.
	Right, KeepEnd bool
	// Weak columns give way before the others.
	Weak bool
	// From is the width of the table from which the column is shown, Until that from which it is not; zero for no bound.
	From, Until int
}

// Source is what a Table shows. Only rows that are on the screen are asked for their cells.
type Source interface {
	Len() int
	// Cell returns clean text and, where it means one, a state whose style it takes; nil for none.
	Cell(row, column int) (string, *theme.State)
	// Less orders two rows by a column.
	Less(column, a, b int) bool
	// None reports whether a row has nothing in a column: sorted by that, it comes last in either direction.
	None(column, row int) bool
	// Matches reports whether a row is kept by a filter, which is lower case and not empty.
	Matches(row int, filter string) bool
}

// Table shows rows of a Source: sorted, filtered, one of them chosen.
type Table struct {
	// Still draws no mark and no order: the table is looked at and not walked through.
	Still bool

	theme   *theme.Theme
	columns []Column
	source  Source
	natural []int // of each column, over a sample
	order   []int // rows of the source, as shown
	cursor  int
	chosen  int // the row of the source that was chosen last, also while a filter hides it; -1 for none
	scroll  Scroll
	sortBy  int // -1 for the source's own order
	down    bool
	filter  string
	skipped int              // columns behind the first that were scrolled away
	drawn   []int            // the widths of the columns when they were drawn last; nil before
	group   func(int) string // of a row; nil without groups
	lines   []line           // what is drawn, where there are groups
	lineOf  []int            // the line of each row in order, where there are groups
}

// line is one line below the header: a row, or the heading of a group.
type line struct {
	row     int // place in order, -1 for a heading
	heading string
}

// NewTable returns a table without rows.
func NewTable(t *theme.Theme, columns []Column) *Table {
	return &Table{theme: t, columns: columns, sortBy: -1, chosen: -1}
}

// SetColumns takes other columns in place of those there were; order and filter stay.
func (t *Table) SetColumns(columns []Column) {
	t.columns = columns
	if t.sortBy >= len(columns) {
		t.sortBy = -1
	}
	t.skipped = max(0, min(t.skipped, len(t.movable())-1))
	if t.source != nil {
		t.measure()
		t.arrange()
	}
}

// SetSource shows the rows of s and keeps order and filter. chosen is the row of s to choose, -1 for the first that is shown.
func (t *Table) SetSource(s Source, chosen int) {
	t.source, t.chosen, t.cursor, t.order = s, chosen, 0, t.order[:0]
	t.measure()
	t.arrange()
}

// sample is how many rows are measured for the widths of the columns, so that they do not move while one scrolls.
const sample = 1000

func (t *Table) measure() {
	t.natural = make([]int, len(t.columns))
	for c, column := range t.columns {
		w := Width(column.Title)
		if t.sortBy == c {
			w += 2
		}
		for r := range min(sample, t.source.Len()) {
			text, _ := t.source.Cell(r, c)
			w = max(w, Width(text))
		}
		if column.Max > 0 {
			w = min(w, column.Max)
		}
		t.natural[c] = max(w, column.Min)
	}
}

// Scroll moves over columns behind the first, which always stays: to the right for a positive number. It returns the title
// of the column that stands second then.
func (t *Table) Scroll(columns int) string {
	movable := t.movable()
	t.skipped = max(0, min(t.skipped+columns, len(movable)-1))
	if len(movable) == 0 {
		return ""
	}
	return t.columns[movable[t.skipped]].Title
}

// movable are the columns that can be scrolled away, and stand there however wide the table is.
func (t *Table) movable() []int {
	var out []int
	for c := range t.columns {
		if c > 0 && t.columns[c].Until == 0 {
			out = append(out, c)
		}
	}
	return out
}

// Chosen returns the row of the source that was chosen last, also where the filter hides it; -1 for none.
func (t *Table) Chosen() int {
	if t.chosen < 0 {
		return t.Selected()
	}
	return t.chosen
}

// Selected returns the row of the source that the mark is on, or -1 when there is none.
func (t *Table) Selected() int {
	if t.cursor < 0 || t.cursor >= len(t.order) {
		return -1
	}
	return t.order[t.cursor]
}

// Lines returns how many lines all rows take, the headings of groups included.
func (t *Table) Lines() int {
	if t.group != nil {
		return len(t.lines)
	}
	return len(t.order)
}

// Shown returns how many rows the filter keeps.
func (t *Table) Shown() int { return len(t.order) }

// Move moves the choice by rows.
func (t *Table) Move(rows int) {
	if len(t.order) == 0 {
		return // what a filter hides stays chosen
	}
	t.cursor = max(0, min(len(t.order)-1, t.cursor+rows))
	t.chosen = t.Selected()
}

// Home and End choose the first and the last row.
func (t *Table) Home() { t.Move(-len(t.order)) }

// End chooses the last row.
func (t *Table) End() { t.Move(len(t.order)) }

// View draws the header and the rows around the chosen one, height lines of width cells in all.
func (t *Table) View(width, height int) []string {
	if t.source == nil {
		return Block(nil, width, height)
	}
	widths := t.widths(width - 2)
	t.drawn = widths
	out := make([]string, 0, height)
	out = append(out, "  "+t.header(widths))
	if t.group != nil {
		return Block(t.grouped(out, widths, width, height), width, height)
	}
	t.scroll.Show(t.cursor, height-1)
	from, to := t.scroll.View(len(t.order), height-1)
	for i := from; i < to; i++ {
		out = append(out, t.row(i, widths, width))
	}
	return Block(out, width, height)
}

func (t *Table) grouped(out []string, widths []int, width, height int) []string {
	if t.cursor < len(t.lineOf) {
		at := t.lineOf[t.cursor]
		if t.lines[at-1].row < 0 {
			t.scroll.Show(at-1, height-1) // with its heading
		}
		t.scroll.Show(at, height-1)
	}
	from, to := t.scroll.View(len(t.lines), height-1)
	for _, l := range t.lines[from:to] {
		if l.row < 0 {
			out = append(out, "  "+t.theme.Strong.Render(Cut(l.heading, width-2, t.theme.Lines.More)))
			continue
		}
		out = append(out, t.row(l.row, widths, width))
	}
	return out
}

func (t *Table) header(widths []int) string {
	var b strings.Builder
	for c, column := range t.columns {
		if widths[c] == 0 {
			continue
		}
		title := column.Title
		if c == t.sortBy {
			arrow := t.theme.Lines.Up
			if t.down {
				arrow = t.theme.Lines.Down
			}
			title += " " + arrow
		}
		title = t.theme.Faint.Render(t.place(column, title, widths[c]))
		if !t.Still {
			title = Spot(t.theme, Head(c), title)
		}
		b.WriteString(title + "  ")
	}
	return strings.TrimRight(b.String(), " ")
}

func (t *Table) row(i int, widths []int, width int) string {
	chosen := i == t.cursor && !t.Still
	mark := "  "
	if chosen {
		mark = t.theme.Lines.Mark + " "
	}
	var b strings.Builder
	for c, column := range t.columns {
		if widths[c] == 0 {
			continue
		}
		text, state := t.source.Cell(t.order[i], c)
		text = t.place(column, text, widths[c])
		if state != nil && !chosen {
			text = t.theme.State(*state).Render(text)
		}
		b.WriteString(text + "  ")
	}
	line := Fit(mark+b.String(), width, "")
	switch {
	case t.Still:
		return line
	case chosen:
		line = t.theme.Selected.Render(line)
	}
	return Spot(t.theme, i, line)
}

func (t *Table) place(column Column, text string, width int) string {
	if column.KeepEnd {
		text = CutLeft(text, width, t.theme.Lines.More)
	}
	if column.Right {
		return FitRight(text, width, t.theme.Lines.More)
	}
	return Fit(text, width, t.theme.Lines.More)
}

// widths shares width among the columns, zero for one that is not shown: each its natural width where that fits, else
// the weak and then the widest give way.
func (t *Table) widths(width int) []int {
	out := make([]int, len(t.columns))
	total := 0
	away := t.movable()[:t.skipped]
	for c, column := range t.columns {
		whole := width + 2
		show := whole >= column.From && (column.Until == 0 || whole < column.Until)
		if t.skipped > 0 {
			show = column.Until == 0 && !slices.Contains(away, c)
		}
		if show {
			out[c] = t.natural[c]
			total += out[c] + 2
		}
	}
	for _, weak := range []bool{true, false} {
		for total-2 > width {
			widest := -1
			for c, column := range t.columns {
				if out[c] > t.least(c) && (column.Weak || !weak) && (widest < 0 || out[c] > out[widest]) {
					widest = c
				}
			}
			if widest < 0 {
				break
			}
			out[widest]--
			total--
		}
	}
	for c := len(out) - 1; c > 0 && t.skipped > 0 && total-2 > width; c-- {
		if out[c] > 0 { // there is more to the right
			total -= out[c] + 2
			out[c] = 0
		}
	}
	return out
}

// least is what a column keeps however narrow the table is: room for its title's arrow, too.
func (t *Table) least(column int) int {
	c := t.columns[column]
	if column == t.sortBy {
		return max(c.Min, Width(c.Title)+2)
	}
	return c.Min
}

// At reports whether the row in that place is the chosen one.
func (t *Table) At(place int) bool { return t.cursor == place }
