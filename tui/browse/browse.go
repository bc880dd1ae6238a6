// Package browse shows the signatures and the tree of any image, without a lesson.
package browse

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/policy"
	"github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/tree"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Options say which image, and how to look at it. Both functions run beside the screen and stop when ctx ends.
type Options struct {
	Image string
	// Policy says whose signature counts to begin with; empty for everybody's.
	Policy verification.Policy
	Report func(ctx context.Context, policy verification.Policy) (*verification.Report, error)
	// Follow is Report that tells what it has found so far, by which a first look shows its rows as they come; nil for none.
	Follow func(ctx context.Context, policy verification.Policy, tell func(verification.Progress)) (*verification.Report, error)
	// Tree is nil for what has none: a bundle in a file.
	Tree func(ctx context.Context) (*verification.Node, error)
	// Branches say what can be read of the tree when it is opened.
	Branches tree.Options
	// Watch begins with looking again and again, every Interval; zero for five seconds. A key turns it on and off.
	Watch    bool
	Interval time.Duration
	// Prove asks the log for the inclusion proof of a signature that carries none; nil where there is no log to ask.
	Prove func(ctx context.Context, s verification.Signature) (verification.Signature, error)
	// Entry is the address of the log's entry of that index, for a browser; nil where that is not known.
	Entry func(index int64) string
	// Recover says how signatures that the tag lost are brought back; nil where they cannot be.
	Recover *recovery.Options
	// Page finds the page that the registry has of the image's repository, for a browser; nil where there is no registry.
	Page func(ctx context.Context) (string, error)
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	opts          Options
	table         part[*verification.Report]
	tree          part[*verification.Node]
	progress      *verification.Progress // what the table shows while it is not whole; nil when it is
	policy        verification.Policy
	watching      int // counts up; zero while nobody watches
	watches       int
	seen          string // what the last look brought
	onTree        bool
	load          int // of which load results count
	cancel        context.CancelFunc
	growing       tea.Cmd // reads the tree; nil when that has begun
	width, height int
}

// part is one of the two things that are looked at: still loading, failed, or a screen of its own.
type part[T any] struct {
	screen  screen.Screen
	err     error
	loading bool
}

type (
	reported struct {
		of     *Model
		load   int
		watch  int // of which watching it is a look; zero for none
		report *verification.Report
		err    error
	}
	grown struct {
		of   *Model
		load int
		root *verification.Node
		err  error
	}
)

var _ screen.Screen = (*Model)(nil)

// New returns the screen of an image, which begins to look at it at once.
func New(deps screen.Deps, opts Options) *Model {
	if opts.Interval == 0 {
		opts.Interval = 5 * time.Second
	}
	return &Model{deps: deps, opts: opts, policy: opts.Policy}
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd {
	if m.opts.Watch {
		return tea.Batch(m.reload(), m.watchOn())
	}
	return m.reload()
}

func (m *Model) reload() tea.Cmd {
	if m.cancel != nil {
		m.cancel()
	}
	ctx, cancel := context.WithCancel(m.deps.Context)
	m.cancel = cancel
	m.load++
	load, whose := m.load, m.policy
	m.table.loading, m.tree.loading, m.growing = true, false, nil
	if m.opts.Tree != nil {
		m.growing = m.deps.Tasks.Cmd(func() tea.Msg {
			root, err := m.opts.Tree(ctx)
			return grown{m, load, root, err}
		})
	}
	if m.opts.Follow != nil && (m.table.screen == nil || m.progress != nil) {
		// The tree has the same signatures judged: it can wait until the first rows are there, unless it is looked at.
		if m.onTree {
			return tea.Batch(m.follow(ctx), m.grow())
		}
		return m.follow(ctx)
	}
	return tea.Batch(m.grow(), m.deps.Tasks.Cmd(func() tea.Msg {
		report, err := m.opts.Report(ctx, whose)
		return reported{m, load, 0, report, err}
	}))
}

// grow reads the tree, unless that has begun.
func (m *Model) grow() tea.Cmd {
	read := m.growing
	m.growing = nil
	m.tree.loading = m.tree.loading || read != nil
	return read
}

// shown returns the screen that has the focus, nil while there is none.
func (m *Model) shown() screen.Screen {
	if m.onTree {
		return m.tree.screen
	}
	return m.table.screen
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case due:
		return m.lookAgain(msg)
	case progressed:
		return m.takeProgress(msg)
	case reported:
		if msg.of == m && msg.watch > 0 {
			return m.takeWatched(msg)
		}
		if msg.of == m && msg.load == m.load {
			m.table.loading, m.table.err = false, msg.err
			if msg.err == nil {
				return tea.Batch(m.show(msg.report), m.grow())
			}
			m.forgetProgress()
			m.SetSize(m.width, m.height)
			return m.grow()
		}
		return nil
	case grown:
		if msg.of == m && msg.load == m.load {
			m.tree.loading, m.tree.err = false, msg.err
			if msg.err == nil {
				grown := tree.New(m.deps, msg.root, m.opts.Branches)
				m.tree.screen = grown
				m.SetSize(m.width, m.height)
				return grown.Init()
			}
			m.SetSize(m.width, m.height)
		}
		return nil
	case recovery.Attached:
		return m.reload()
	case policy.Chosen:
		m.policy = msg.Policy
		return m.reload()
	case tea.KeyMsg:
		return m.key(msg)
	}
	// The results of work that a screen began, shown or not.
	var cmds []tea.Cmd
	for _, s := range []screen.Screen{m.table.screen, m.tree.screen} {
		if s != nil {
			cmds = append(cmds, s.Update(msg))
		}
	}
	return tea.Batch(cmds...)
}

// show shows a report in the table that is there, so that order, filter and the chosen row stay.
func (m *Model) show(report *verification.Report) tea.Cmd {
	defer m.SetSize(m.width, m.height)
	m.progress = nil
	if shown, ok := m.table.screen.(*signatures.Model); ok {
		return shown.SetReport(report)
	}
	return m.newTable(report).Init()
}

// newTable puts a table there with what has been found.
func (m *Model) newTable(report *verification.Report) *signatures.Model {
	table := signatures.New(m.deps, report, signatures.Options{Prove: m.opts.Prove, Policy: true, Entry: m.opts.Entry})
	m.table.screen = table
	return table
}

func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	shown := m.shown()
	if shown != nil && shown.Scope() == keys.Edit {
		return shown.Update(msg)
	}
	intent, _ := keys.Find(m.Scope(), msg.String())
	switch {
	case intent == keys.OpenTable:
		m.onTree = false
	case intent == keys.OpenTree:
		m.onTree = true
		return m.grow()
	case intent == keys.OpenConsole:
		return m.deps.OpenPage(m.opts.Page)
	case intent == keys.OpenRecover:
		return screen.Send(screen.Push{Screen: recovery.New(m.deps, *m.opts.Recover)})
	case intent == keys.Watch:
		return m.turnWatch()
	case intent == keys.Reload:
		return m.reload()
	case shown != nil:
		return shown.Update(msg)
	}
	return nil
}

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) {
	m.width, m.height = width, height
	for _, s := range []screen.Screen{m.table.screen, m.tree.screen} {
		if s != nil {
			s.SetSize(width, height)
		}
	}
}

// View implements screen.Screen.
func (m *Model) View() []string {
	if s := m.shown(); s != nil {
		return s.View()
	}
	t := m.deps.Theme
	err, loading := m.table.err, m.table.loading
	if m.onTree {
		err, loading = m.tree.err, m.tree.loading
	}
	out := []string{widget.Fit(" "+t.Title.Render(widget.Clean(m.opts.Image)), m.width, t.Lines.More), widget.Rule(t, "", "", t.Rule, m.width), ""}
	switch {
	case loading:
		out = append(out, "   "+t.Busy.Render("~")+"  "+m.looking())
	case err != nil:
		out = append(out, failureLines(err, m.width-3)...)
	}
	return widget.Block(out, m.width, m.height)
}

func (m *Model) looking() string {
	if m.opts.Tree == nil {
		return "looking at the bundle"
	}
	return "looking at the registry"
}

func failureLines(err error, width int) []string {
	var e *actions.Error
	if !errors.As(err, &e) {
		return widget.Hang("   x  ", widget.Clean(err.Error()), width)
	}
	out := widget.Hang("   x  ", widget.Clean(e.What), width)
	if e.Why != "" {
		out = append(out, widget.Hang("      why   ", widget.Clean(e.Why), width)...)
	}
	if e.Next != "" {
		out = append(out, widget.Hang("      next  ", widget.Clean(e.Next), width)...)
	}
	return out
}

// Status implements screen.Screen.
func (m *Model) Status() string {
	switch {
	case m.progress != nil && !m.onTree:
		return m.deps.Theme.Busy.Render("~") + " " + m.far() + " - esc stops it"
	case m.table.loading || m.tree.loading:
		return m.deps.Theme.Busy.Render("~") + " " + m.looking() + " - esc stops it"
	case m.watching > 0 && m.seen != "":
		return m.seen
	case m.failed() != nil:
		return m.deps.Theme.Bad.Render("x") + " not read again: " + widget.Clean(m.failed().Error()) + " - r tries it"
	case m.shown() != nil && m.shown().Status() != "":
		return m.shown().Status()
	case m.watching > 0:
		return m.deps.Theme.Busy.Render("~") + fmt.Sprintf(" watching, a look every %s; W ends it", m.opts.Interval)
	case m.onTree:
		return "1 to 6 turn the detail: 6 says what programs will see; v shows the table"
	}
	if m.opts.Tree == nil {
		return "1 to 6 turn the detail, f says whose signature counts, E exports"
	}
	return "1 to 6 turn the detail, f says whose signature counts, E exports, W watches; t shows the tree"
}

// failed is why what is shown is not of the last look.
func (m *Model) failed() error {
	switch {
	case m.shown() == nil:
		return nil // the screen says so itself
	case m.onTree:
		return m.tree.err
	}
	return m.table.err
}

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope {
	if s := m.shown(); s != nil && s.Scope() == keys.Edit {
		return keys.Edit
	}
	if m.onTree {
		return keys.BrowseTree
	}
	return keys.BrowseTable
}

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	if m.opts.Tree == nil && (intent == keys.OpenTree || intent == keys.Watch) {
		return "a bundle in a file stands alone"
	}
	if intent == keys.OpenConsole && m.opts.Page == nil {
		return "what lies on the disk has no page"
	}
	if intent == keys.OpenRecover && m.opts.Recover == nil {
		return "what lies on the disk has no registry to bring signatures back to"
	}
	if m.progress != nil && !m.onTree && (intent == keys.Write || intent == keys.Who || intent == keys.Proof) {
		return "not all signatures are judged yet"
	}
	if s := m.shown(); s != nil {
		return s.Disabled(intent)
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	if s := m.shown(); s != nil {
		if cmd, did := s.Cancel(); did {
			return cmd, true
		}
	}
	if m.Running() {
		m.cancel()
		return nil, true
	}
	return nil, false
}

// Running implements screen.Screen.
func (m *Model) Running() bool { return m.table.loading || m.tree.loading }

// Point gives a click to what is shown.
func (m *Model) Point(row int) tea.Cmd {
	if shown, ok := m.shown().(interface{ Point(row int) tea.Cmd }); ok {
		return shown.Point(row)
	}
	return nil
}
