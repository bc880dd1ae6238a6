package widget

// What order the rows of a Table stand in: sorted, filtered, in groups.

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

func (t *Table) arrange() {
	if t.chosen < 0 {
		t.chosen = t.Selected()
	}
	t.order = t.order[:0]
	for r := range t.source.Len() {
		if t.filter == "" || t.source.Matches(r, t.filter) {
			t.order = append(t.order, r)
		}
	}
	if t.sortBy >= 0 {
		sort.SliceStable(t.order, func(i, j int) bool {
			a, b := t.order[i], t.order[j]
			if x, y := t.source.None(t.sortBy, a), t.source.None(t.sortBy, b); x != y {
				return y
			}
			if t.down {
				a, b = b, a
			}
			return t.source.Less(t.sortBy, a, b)
		})
	}
	t.gather()
	t.cursor = max(0, slices.Index(t.order, t.chosen))
}

// gather puts rows of a group together, each group under a heading, in the order of their names; within a group the order
// stays.
func (t *Table) gather() {
	t.lines, t.lineOf = t.lines[:0], t.lineOf[:0]
	if t.group == nil {
		return
	}
	names := make(map[int]string, len(t.order))
	count := map[string]int{}
	for _, row := range t.order {
		names[row] = t.group(row)
		count[names[row]]++
	}
	slices.SortStableFunc(t.order, func(a, b int) int { return strings.Compare(names[a], names[b]) })
	for i, row := range t.order {
		if i == 0 || names[t.order[i-1]] != names[row] {
			t.lines = append(t.lines, line{-1, fmt.Sprintf("%s (%d)", names[row], count[names[row]])})
		}
		t.lineOf = append(t.lineOf, len(t.lines))
		t.lines = append(t.lines, line{row: i})
	}
}

// SetGroup puts the rows with the same name together, under a heading; nil ends that.
func (t *Table) SetGroup(group func(row int) string) {
	t.group = group
	if t.source != nil {
		t.arrange()
	}
}

// SortNext sorts by the next column that is seen: upwards, then downwards, then the next; after the last comes the source's
// order. It returns a description for a person.
func (t *Table) SortNext() string {
	if t.sortBy >= 0 && !t.down {
		t.down = true
		return t.sorted()
	}
	t.down = false
	for t.sortBy++; t.sortBy < len(t.columns); t.sortBy++ {
		if len(t.drawn) != len(t.columns) || t.drawn[t.sortBy] > 0 {
			return t.sorted()
		}
	}
	t.sortBy = -1
	return t.sorted()
}

// SortBy sorts by a column: upwards, and where that is so already, downwards. It returns a description for a person.
func (t *Table) SortBy(column int) string {
	if column < 0 || column >= len(t.columns) {
		return t.sorted()
	}
	t.sortBy, t.down = column, t.sortBy == column && !t.down
	return t.sorted()
}

// sorted puts the rows in order, and describes it.
func (t *Table) sorted() string {
	if t.source != nil {
		t.measure()
		t.arrange()
	}
	if t.sortBy < 0 {
		return "as found"
	}
	direction := "up"
	if t.down {
		direction = "down"
	}
	return t.columns[t.sortBy].Title + ", " + direction
}

// SetFilter keeps the rows that match, whatever their case; an empty filter keeps all.
func (t *Table) SetFilter(filter string) {
	t.filter = strings.ToLower(strings.TrimSpace(filter))
	if t.source != nil {
		t.arrange()
	}
}
