// Package signatures shows what signed an image: a table keyed by log index, and the detail of the chosen row.
package signatures

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	report        *verification.Report
	table         *widget.Table
	filter        *widget.Input // not nil while it is typed
	filtered      string
	detail        widget.Scroll
	onDetail      bool
	width, height int
	status        string
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen of a report.
func New(deps screen.Deps, report *verification.Report) *Model {
	m := &Model{deps: deps, table: widget.NewTable(deps.Theme, columns())}
	m.SetReport(report)
	return m
}

// SetReport shows another report and keeps order, filter and place.
func (m *Model) SetReport(report *verification.Report) {
	m.report = report
	m.table.SetSource(rows{report.Signatures})
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return nil }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope {
	if m.filter != nil {
		return keys.Edit
	}
	return keys.Signatures
}

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Sort, keys.Filter, keys.Copy, keys.Detail:
		if len(m.report.Signatures) == 0 {
			return "there are no signatures"
		}
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	switch {
	case m.filter != nil:
		m.filter = nil
		m.table.SetFilter(m.filtered)
		return nil, true
	case m.filtered != "":
		m.filtered = ""
		m.table.SetFilter("")
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
	switch {
	case m.filter != nil:
		return "show only rows that hold the text; enter keeps it, esc shows all"
	case m.filtered != "":
		return fmt.Sprintf("%d of %d hold %q; esc shows all", m.table.Shown(), len(m.report.Signatures), m.filtered)
	}
	return m.status
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil
	}
	if m.filter != nil {
		m.typed(key)
		return nil
	}
	intent, ok := keys.Find(keys.Signatures, key.String())
	if !ok {
		return nil
	}
	switch intent {
	case keys.Sort:
		m.status = "sorted: " + m.table.SortNext()
	case keys.Filter:
		m.filter = widget.NewInput(m.deps.Theme)
		m.filter.SetText(m.filtered)
	case keys.Detail, keys.NextPane:
		m.onDetail = !m.onDetail
	case keys.Copy:
		return m.copyRow()
	default:
		m.move(intent)
	}
	return nil
}

func (m *Model) typed(key tea.KeyMsg) {
	if intent, _ := keys.Find(keys.Edit, key.String()); intent == keys.Submit && !key.Paste {
		m.filtered = strings.TrimSpace(m.filter.Text())
		m.filter = nil
		return
	}
	screen.Type(m.filter, key)
	m.table.SetFilter(m.filter.Text())
}

func (m *Model) move(intent keys.Intent) {
	page := max(1, m.layout().First-2)
	if m.onDetail {
		screen.Moved(&m.detail, intent, page)
		return
	}
	m.detail.Home()
	screen.Moved(m.table, intent, page)
}

func (m *Model) copyRow() tea.Cmd {
	row := m.table.Selected()
	if row < 0 {
		return nil
	}
	s := &m.report.Signatures[row]
	text := strings.Join([]string{Index(s), Subject(s), widget.Clean(s.Issuer)}, "\t")
	return screen.Send(screen.Copy{Text: text, What: "the row"})
}

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	title := " " + t.Title.Render("Signatures") + "  " + Short(m.report)
	head := []string{
		widget.Sides(title, Count(m.report)+" ", m.width, t.Lines.More),
		widget.Fit(" "+t.Faint.Render(Policy(m.report.Policy)), m.width, t.Lines.More),
	}
	if m.filter != nil {
		head[1] = " / " + m.filter.Line(m.width-4)
	}
	split := m.layout()
	lines := m.detailLines(split.SecondWidth - 2)
	from, to := m.detail.View(len(lines), split.Second-1)
	pane := widget.Pane{
		Title: "detail", Right: m.detail.Position(len(lines), split.Second-1),
		Focus: m.onDetail, Lines: lines[from:to],
	}
	return append(head, split.Draw(t, m.tableView(split.FirstWidth, split.First), pane)...)
}

func (m *Model) layout() widget.Split {
	return widget.SplitOf(m.width, m.height-2, len(m.report.Signatures)+1, 6)
}

// Short names the image of a report: its name without registry, and its digest shortened.
func Short(r *verification.Report) string {
	repository := r.Digest.RepositoryStr()
	if i := strings.LastIndexByte(repository, '/'); i >= 0 {
		repository = repository[i+1:]
	}
	digest := r.Digest.DigestStr()
	if len(digest) > len("sha256:")+8 {
		digest = digest[:len("sha256:")+8]
	}
	if repository == "" {
		return widget.Clean(r.Image)
	}
	return widget.Clean(repository + "@" + digest)
}

func (m *Model) tableView(width, height int) []string {
	if len(m.report.Signatures) == 0 {
		return widget.Block([]string{"", "  No signatures on this digest. Sign the image first."}, width, height)
	}
	return m.table.View(width, height)
}

func (m *Model) detailLines(width int) []string {
	row := m.table.Selected()
	if row < 0 {
		return nil
	}
	out := Detail(m.deps.Theme, &m.report.Signatures[row], width)
	out = append(out, "", m.deps.Theme.Faint.Render("the same question to cosign"))
	for _, line := range widget.Hang("$ ", widget.Clean(Command(m.report)), width) {
		out = append(out, m.deps.Theme.Command.Render(line))
	}
	return out
}
