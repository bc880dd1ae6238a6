package widget

import (
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/tui/theme"
)

// Branch is one node of a Tree. Its texts are clean and of one line.
type Branch struct {
	Label string
	// KeepEnd cuts a label that is too long at its beginning.
	KeepEnd bool
	// Aside stands before Right where there is room for the whole label beside it.
	Aside string
	// Right stands at the right edge.
	Right string
	// Words are found beside the label, and not shown.
	Words string
	// State, where not nil, is drawn with its glyph before the label.
	State    *theme.State
	Children []*Branch
	// Unread shows that there may be more below that nobody has asked for yet.
	Unread bool
	// Closed hides the children.
	Closed bool
	// Value is what the node stands for.
	Value any
}

type twig struct {
	*Branch
	depth int
}

// Tree shows branches, of which some may be closed and one is chosen.
type Tree struct {
	// Still draws no mark: the tree is looked at and not walked through.
	Still bool

	theme  *theme.Theme
	root   *Branch
	rows   []twig
	cursor int
	scroll Scroll
}

// NewTree returns a tree that shows nothing.
func NewTree(t *theme.Theme) *Tree { return &Tree{theme: t} }

// SetRoot shows root and what is below it.
func (t *Tree) SetRoot(root *Branch) {
	t.root = root
	t.arrange()
}

// Refresh shows what has been changed in the branches that are there.
func (t *Tree) Refresh() { t.arrange() }

func (t *Tree) arrange() {
	chosen := t.Selected()
	t.rows = t.rows[:0]
	if t.root != nil {
		t.add(t.root, 0)
	}
	t.cursor = max(0, min(t.cursor, len(t.rows)-1))
	for i, row := range t.rows {
		if row.Branch == chosen {
			t.cursor = i
		}
	}
}

func (t *Tree) add(b *Branch, depth int) {
	t.rows = append(t.rows, twig{b, depth})
	if b.Closed {
		return
	}
	for _, child := range b.Children {
		t.add(child, depth+1)
	}
}

// Selected returns the chosen branch, or nil.
func (t *Tree) Selected() *Branch {
	if t.cursor < 0 || t.cursor >= len(t.rows) {
		return nil
	}
	return t.rows[t.cursor].Branch
}

// Move moves the choice by rows.
func (t *Tree) Move(rows int) { t.cursor = max(0, min(len(t.rows)-1, t.cursor+rows)) }

// Home chooses the root.
func (t *Tree) Home() { t.cursor = 0 }

// End chooses the last row.
func (t *Tree) End() { t.Move(len(t.rows)) }

// Fold opens or closes the chosen branch; on a leaf it closes the branch that holds it, and chooses that.
func (t *Tree) Fold() {
	b := t.Selected()
	if b == nil {
		return
	}
	if len(b.Children) == 0 {
		t.parent()
		return
	}
	b.Closed = !b.Closed
	t.arrange()
}

// Open opens the chosen branch, or moves into it when it is open.
func (t *Tree) Open() {
	if b := t.Selected(); b != nil && len(b.Children) > 0 {
		if !b.Closed {
			t.Move(1)
			return
		}
		b.Closed = false
		t.arrange()
	}
}

// Close closes the chosen branch, or moves to the one that holds it.
func (t *Tree) Close() {
	b := t.Selected()
	if b == nil {
		return
	}
	if len(b.Children) > 0 && !b.Closed {
		b.Closed = true
		t.arrange()
		return
	}
	t.parent()
}

func (t *Tree) parent() {
	depth := t.rows[t.cursor].depth
	for i := t.cursor; i >= 0; i-- {
		if t.rows[i].depth < depth {
			t.cursor = i
			return
		}
	}
}

// Find chooses the next branch after the chosen one whose label holds text, whatever its case, and opens those that it lies
// in; false when none does. After the last branch it begins with the first.
func (t *Tree) Find(text string) bool {
	if t.root == nil {
		return false
	}
	text = strings.ToLower(text)
	all := lay(t.root, nil, nil)
	at := slices.IndexFunc(all, func(p place) bool { return p.branch == t.Selected() })
	for i := 1; i <= len(all); i++ {
		found := all[(at+i)%len(all)]
		if b := found.branch; !strings.Contains(strings.ToLower(b.Label+" "+b.Aside+" "+b.Words), text) {
			continue
		}
		for p := found.in; p != nil; p = p.in {
			p.branch.Closed = false
		}
		t.arrange()
		t.cursor = slices.IndexFunc(t.rows, func(row twig) bool { return row.Branch == found.branch })
		return true
	}
	return false
}

// place is a branch and the one that it lies in.
type place struct {
	branch *Branch
	in     *place
}

// lay lists a branch and all below it, open or not, from above to below.
func lay(b *Branch, in *place, list []place) []place {
	here := place{b, in}
	list = append(list, here)
	for _, child := range b.Children {
		list = lay(child, &here, list)
	}
	return list
}

// Len returns how many rows are open.
func (t *Tree) Len() int { return len(t.rows) }

// View draws the rows around the chosen one, height lines of width cells in all.
func (t *Tree) View(width, height int) []string {
	t.scroll.Show(t.cursor, height)
	from, to := t.scroll.View(len(t.rows), height)
	out := make([]string, 0, height)
	for i := from; i < to; i++ {
		out = append(out, t.row(i, width))
	}
	return Block(out, width, height)
}

func (t *Tree) row(i, width int) string {
	row := t.rows[i]
	chosen := i == t.cursor && !t.Still
	mark := "  "
	if chosen {
		mark = t.theme.Lines.Mark + " "
	}
	fold := "  "
	switch {
	case row.Unread && len(row.Children) == 0, len(row.Children) > 0 && row.Closed:
		fold = t.theme.Lines.Closed + " "
	case len(row.Children) > 0:
		fold = t.theme.Lines.Open + " "
	case row.State != nil:
		fold = "" // the glyph stands in its place
	}
	state := ""
	if row.State != nil {
		state = t.theme.Glyph(*row.State) + " "
		if chosen {
			state = Fit(row.State.Glyph(), 2, "") + " "
		}
	}
	left, label, right := mark+Spaces(2*row.depth)+fold+state, row.Label, row.Right
	if aside := row.Aside + "  "; row.Aside != "" && Width(left)+Width(label)+2+Width(aside)+Width(right) <= width {
		if !chosen {
			aside = t.theme.Faint.Render(aside)
		}
		right = aside + right
	}
	if row.KeepEnd {
		label = CutLeft(label, width-Width(left)-Width(right)-1, t.theme.Lines.More)
	}
	line := Sides(left+label, right, width, t.theme.Lines.More)
	switch {
	case t.Still:
		return line
	case chosen:
		line = t.theme.Selected.Render(line)
	}
	return Spot(t.theme, i, line)
}

// At reports whether the row of that number is the chosen one.
func (t *Tree) At(row int) bool { return t.cursor == row }
