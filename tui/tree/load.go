package tree

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// The images of an index are read by themselves, a few at a time, up to so many; the others when they are opened.
const (
	mostByItself = 32
	atOnce       = 4
)

// grown brings a node with what hangs off it.
type grown struct {
	of   *Model
	load int
	from *verification.Node // the node that was read
	node *verification.Node
	err  error
}

// fetched brings a manifest.
type fetched struct {
	of        *Model
	load      int
	reference string
	raw       []byte
	err       error
}

// manifest is what a reference names, once it has come.
type manifest struct {
	raw  []byte
	err  error
	here bool
}

// begin reads the images of the index that are not read yet.
func (m *Model) begin() tea.Cmd {
	if m.opts.Grow == nil {
		return nil
	}
	for _, child := range m.root.Children {
		if child.Unread && child.Kind != verification.NodeReferrer && len(m.waiting) < mostByItself {
			m.waiting = append(m.waiting, child)
		}
	}
	var cmds []tea.Cmd
	for range atOnce {
		cmds = append(cmds, m.nextWaiting())
	}
	return tea.Batch(cmds...)
}

func (m *Model) nextWaiting() tea.Cmd {
	for len(m.waiting) > 0 {
		node := m.waiting[0]
		m.waiting = m.waiting[1:]
		if cmd := m.grow(node); cmd != nil {
			return cmd
		}
	}
	return nil
}

// grow reads what hangs off a node, unless that was done or is under way.
func (m *Model) grow(node *verification.Node) tea.Cmd {
	if m.opts.Grow == nil || !node.Unread || m.reading[node] {
		return nil
	}
	m.reading[node] = true
	m.redraw(node)
	ctx, load, read := m.deps.Context, m.load, m.opts.Grow
	return m.deps.Tasks.Cmd(func() tea.Msg {
		found, err := read(ctx, node)
		return grown{m, load, node, found, err}
	})
}

// takeGrown hangs up what was read. A node that could not be read says so, and the others stay as they are.
func (m *Model) takeGrown(msg grown) tea.Cmd {
	if msg.of != m || msg.load != m.load {
		return nil
	}
	delete(m.reading, msg.from)
	node := msg.node
	if msg.err != nil {
		failed := *msg.from
		failed.Unread, failed.Err = false, msg.err
		node = &failed
	}
	if m.status == reading {
		m.status = ""
		if msg.err == nil && len(node.Children) == len(msg.from.Children) {
			m.status = "nothing hangs off it"
		}
	}
	m.exchange(msg.from, node)
	return m.nextWaiting()
}

// exchange puts a node in the place of another, in the tree and on the screen.
func (m *Model) exchange(old, node *verification.Node) {
	b := m.branches[old]
	if b == nil {
		return
	}
	if parent := m.parents[old]; parent != nil {
		for i, child := range parent.Children {
			if child == old {
				parent.Children[i] = node
			}
		}
		m.parents[node] = parent
	} else {
		m.root = node
	}
	drawn := branch(node)
	drawn.Closed = b.Closed
	*b = *drawn
	delete(m.branches, old)
	m.index(b, m.parents[node])
	if top := m.branches[m.root]; top != nil {
		top.Right = right(m.root) // the coverage
	}
	m.drawn = nil
	m.tree.Refresh()
}

// index notes where each node is drawn and what holds it.
func (m *Model) index(b *widget.Branch, parent *verification.Node) {
	node, _ := b.Value.(*verification.Node)
	if node != nil && m.branches[node] == nil {
		m.branches[node] = b
		m.parents[node] = parent
	}
	for _, child := range b.Children {
		m.index(child, node)
	}
}

// redraw draws the row of a node anew.
func (m *Model) redraw(node *verification.Node) {
	if b := m.branches[node]; b != nil && m.reading[node] {
		b.Right = m.deps.Theme.Busy.Render("~") + " reading "
	}
}

// fetch gets the manifest of the chosen node where a section shows it.
func (m *Model) fetch() tea.Cmd {
	n := m.node()
	if n == nil || m.opts.Manifest == nil || m.section != sectionManifest && m.section != sectionAnnotations {
		return nil
	}
	reference := n.Reference
	if _, asked := m.manifests[reference]; asked {
		return nil
	}
	m.manifests[reference] = manifest{}
	ctx, load, get := m.deps.Context, m.load, m.opts.Manifest
	return m.deps.Tasks.Cmd(func() tea.Msg {
		raw, err := get(ctx, reference)
		return fetched{m, load, reference, raw, err}
	})
}

func (m *Model) takeFetched(msg fetched) {
	if msg.of != m || msg.load != m.load {
		return
	}
	m.manifests[msg.reference] = manifest{msg.raw, msg.err, true}
	m.drawn = nil
}
