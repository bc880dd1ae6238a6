// Package tree shows what hangs off an image: signatures, attestations, SBOMs and referrers, to fold and look into.
package tree

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Options say what the screen can do beyond showing a tree. The functions run beside the screen and stop when ctx ends;
// either may be nil.
type Options struct {
	// Grow returns a copy of an unread node with what hangs off it.
	Grow func(ctx context.Context, node *verification.Node) (*verification.Node, error)
	// Manifest returns the manifest that a reference of the tree names.
	Manifest func(ctx context.Context, reference string) ([]byte, error)
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	opts          Options
	load          int // of which tree results count
	root          *verification.Node
	tree          *widget.Tree
	branches      map[*verification.Node]*widget.Branch
	parents       map[*verification.Node]*verification.Node
	reading       map[*verification.Node]bool
	waiting       []*verification.Node
	manifests     map[string]manifest // by reference
	section       int
	drawn         *drawn
	find          *widget.Input // not nil while it is typed
	found         string
	detail        widget.Scroll
	onDetail      bool
	width, height int
	status        string
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen of a tree.
func New(deps screen.Deps, root *verification.Node, opts Options) *Model {
	m := &Model{deps: deps, opts: opts, tree: widget.NewTree(deps.Theme)}
	m.SetRoot(root)
	return m
}

// reading is the status while a node is read that was asked for.
const reading = "reading what hangs off it"

// drawn is what the detail was drawn from, and its lines.
type drawn struct {
	node           *verification.Node
	section, width int
	look           theme.Options
	lines          []string
}

// SetRoot shows another tree. It is the screen's from now on: what is read is hung into it.
func (m *Model) SetRoot(root *verification.Node) {
	m.root = root
	m.load++
	m.branches, m.parents = map[*verification.Node]*widget.Branch{}, map[*verification.Node]*verification.Node{}
	m.reading, m.manifests, m.waiting, m.drawn = map[*verification.Node]bool{}, map[string]manifest{}, nil, nil
	top := Branches(root)
	m.index(top, nil)
	m.tree.SetRoot(top)
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return m.begin() }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope {
	if m.find != nil {
		return keys.Edit
	}
	return keys.Tree
}

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Next:
		if m.found == "" {
			return "nothing was looked for: / finds"
		}
	case keys.Copy:
		if n := m.node(); n == nil || n.Digest.Hex == "" {
			return "this node has no digest"
		}
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	switch {
	case m.find != nil:
		m.find = nil
		return nil, true
	case m.onDetail:
		m.onDetail = false
		return nil, true
	}
	return nil, false
}

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	if m.find != nil {
		return "find a text in the tree; enter goes to it, n to the next"
	}
	return m.status
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case grown:
		return m.takeGrown(msg)
	case fetched:
		m.takeFetched(msg)
	case tea.KeyMsg:
		return tea.Batch(m.key(msg), m.fetch())
	}
	return nil
}

func (m *Model) key(key tea.KeyMsg) tea.Cmd {
	if m.find != nil {
		m.typed(key)
		return nil
	}
	intent, ok := keys.Find(keys.Tree, key.String())
	if !ok {
		return nil
	}
	m.status = ""
	switch intent {
	case keys.Fold, keys.Unfold:
		if n := m.node(); n != nil && n.Unread && m.opts.Grow != nil {
			m.status = reading
			return m.grow(n)
		}
		if intent == keys.Fold {
			m.tree.Fold()
		} else {
			m.tree.Open()
		}
	case keys.Section:
		m.section = int(key.String()[0] - '1')
		m.detail.Home()
	case keys.FoldUp:
		m.tree.Close()
	case keys.Filter:
		m.find = widget.NewInput(m.deps.Theme)
	case keys.Next:
		m.goTo()
	case keys.Detail, keys.NextPane:
		m.onDetail = !m.onDetail
	case keys.Copy:
		return screen.Send(screen.Copy{Text: m.node().Digest.String(), What: "the digest"})
	default:
		m.move(intent)
	}
	return nil
}

func (m *Model) typed(key tea.KeyMsg) {
	if intent, _ := keys.Find(keys.Edit, key.String()); intent == keys.Submit && !key.Paste {
		m.found = strings.TrimSpace(m.find.Text())
		m.find = nil
		m.goTo()
		return
	}
	screen.Type(m.find, key)
}

func (m *Model) goTo() {
	m.detail.Home()
	if m.found != "" && !m.tree.Find(m.found) {
		m.status = fmt.Sprintf("nothing in the tree holds %q", m.found)
		if m.opts.Grow != nil && unread(m.root) {
			m.status += " as far as it is read; space reads what hangs off a node"
		}
	}
}

func (m *Model) move(intent keys.Intent) {
	split := m.layout()
	if m.onDetail {
		screen.Moved(&m.detail, intent, max(1, split.Second-2))
		return
	}
	m.detail.Home()
	screen.Moved(m.tree, intent, max(1, split.First-1))
}

func (m *Model) node() *verification.Node {
	b := m.tree.Selected()
	if b == nil {
		return nil
	}
	n, _ := b.Value.(*verification.Node)
	return n
}

// layout gives the detail all that it can get while it has the keys, and what is not about a node the lines of the nodes.
func (m *Model) layout() widget.Split {
	least := 3
	switch {
	case m.onDetail:
		least = m.height
	case m.section == sectionConsumers:
		least = 9
	}
	return widget.SplitOf(m.width, m.height-1, m.tree.Len(), least)
}

// count says how many platforms are signed, or how many rows there are.
func (m *Model) count() string {
	if c, ok := m.root.Coverage(); ok {
		return c.String() + " "
	}
	if n := m.tree.Len(); n != 1 {
		return fmt.Sprintf("%d rows ", n)
	}
	return "1 row "
}

// unread reports whether something in the tree was not asked for yet.
func unread(n *verification.Node) bool {
	return n.Unread || slices.ContainsFunc(n.Children, unread)
}

func (m *Model) detailLines(width int) []string {
	n := m.node()
	if n == nil {
		return nil
	}
	if d := m.drawn; d == nil || d.node != n || d.section != m.section || d.width != width || d.look != m.deps.Theme.Options {
		m.drawn = &drawn{n, m.section, width, m.deps.Theme.Options, m.lines(n, width)}
	}
	return m.drawn.lines
}

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	title := widget.Sides(" "+t.Title.Render("Tree")+"  "+widget.CutLeft(widget.Clean(m.root.Title), m.width-24, t.Lines.More),
		m.count(), m.width, t.Lines.More)
	if m.find != nil {
		title = widget.Fit(" / "+m.find.Line(m.width-4), m.width, "")
	}
	split := m.layout()
	first := m.tree.View(split.FirstWidth, split.First)
	detail := m.detailLines(split.SecondWidth - 2)
	from, to := m.detail.View(len(detail), split.Second-1)
	pane := widget.Pane{Title: tabs(m.section), Right: signatures.More(&m.detail, len(detail), split, m.onDetail), Focus: m.onDetail, Lines: detail[from:to]}
	return append([]string{title}, split.Draw(t, first, pane)...)
}

// Point chooses a node that was clicked; one more click opens or closes it.
func (m *Model) Point(row int) tea.Cmd {
	if _, ok := widget.AreaOf(row); ok {
		m.onDetail = true
		return nil
	}
	if m.tree.At(row) {
		return screen.Send(screen.Key(" "))
	}
	m.onDetail = false
	m.detail.Home()
	screen.Goto(m.tree, row)
	return nil
}
