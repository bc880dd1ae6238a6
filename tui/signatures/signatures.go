// Package signatures shows what signed an image: a table keyed by log index, a sentence on the chosen row, and its detail
// in sections: checks, certificate, log entry, times, what is stored.
package signatures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/policy"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Options say what the screen can do beyond showing a report. The functions run beside the screen and stop when ctx ends;
// either may be nil, and its key then says so.
type Options struct {
	// Policy lets the person say whose signature counts. The screen above learns of it as policy.Chosen, and brings another
	// report.
	Policy bool
	// Verify verifies what is shown with another policy, for a table that nothing above brings reports to.
	Verify func(ctx context.Context, image string, policy verification.Policy) (*verification.Report, error)
	// Prove asks the log for the inclusion proof of a signature that carries none.
	Prove func(ctx context.Context, s verification.Signature) (verification.Signature, error)
	// Entry is the address of the log's entry of that index, for a browser; nil where that is not known.
	Entry func(index int64) string
}

// EntryAt returns Options.Entry for a deployment with a page to search the log, or with the log's own address; nil where there is
// neither.
func EntryAt(search, log string) func(index int64) string {
	switch {
	case search != "":
		return func(index int64) string { return fmt.Sprintf("%s/?logIndex=%d", strings.TrimRight(search, "/"), index) }
	case log != "":
		return func(index int64) string {
			return fmt.Sprintf("%s/api/v1/log/entries?logIndex=%d", strings.TrimRight(log, "/"), index)
		}
	}
	return nil
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps     screen.Deps
	opts     Options
	report   *verification.Report
	load     int                      // of which report results count
	rows     []verification.Signature // copies: what they are copies of may be read elsewhere
	part     bool                     // more rows are to follow
	tried    []bool                   // the rows whose checks were made, or cannot be
	table    *widget.Table
	group    int // an index of groupings
	filter   *widget.Input
	filtered string
	export   *widget.Input

	detail   widget.Scroll
	section  int
	check    int  // the chosen check
	reveal   bool // it is to be scrolled to
	onDetail bool
	drawn    *drawn

	width, height int
	status        string
}

// drawn is what the detail was drawn from, and its lines: a document is not broken into lines again for every key.
type drawn struct {
	row, section, check, width int
	cut                        bool // the sentence above is not whole
	look                       theme.Options
	lines                      []string
	at, end                    int // the lines of the chosen check
}

var _ screen.Screen = (*Model)(nil)

// groupings are what rows can be put together by, in the order of the key.
var groupings = []struct {
	name string
	of   func(*verification.Signature) string
}{{"", nil}, {"subject", Subject}, {"issuer", issuer}}

// New returns the screen of a report.
func New(deps screen.Deps, report *verification.Report, opts Options) *Model {
	m := &Model{deps: deps, opts: opts, table: widget.NewTable(deps.Theme, columns(false, nil))}
	m.SetReport(report)
	return m
}

// SetReport shows another report and keeps order, filter and the chosen signature. The command makes its checks.
func (m *Model) SetReport(report *verification.Report) tea.Cmd {
	m.replace(report)
	m.part = false
	return m.Init()
}

// SetPart shows a part of a report, the rest of which is to follow. No checks are made of it. The cursor stays on the first row
// where it is there: rows come before it, too.
func (m *Model) SetPart(report *verification.Report) {
	m.replace(report)
	m.part = true
}

func (m *Model) replace(report *verification.Report) {
	var chosen string
	if row := m.table.Chosen(); row >= 0 && (row > 0 || !m.part) {
		chosen = m.rows[row].Key()
	}
	m.report, m.rows = report, report.Rows()
	m.tried = make([]bool, len(m.rows))
	m.load++
	m.drawn = nil
	m.table.SetSource(rows{m.rows}, slices.IndexFunc(m.rows, func(s verification.Signature) bool { return chosen != "" && s.Key() == chosen }))
	m.table.SetColumns(columns(len(report.Attached) > 0, m.rows))
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.explainChosen(), m.explainFrom(0)) }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) {
	if width != m.width || height != m.height {
		m.reveal = true
	}
	m.width, m.height = width, height
}

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope {
	if m.filter != nil || m.export != nil {
		return keys.Edit
	}
	return keys.Signatures
}

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Sort, keys.Filter, keys.Copy, keys.Detail, keys.Section, keys.GroupBy:
		if len(m.rows) == 0 {
			return "there are no signatures"
		}
	case keys.Who:
		switch p := m.report.Policy; {
		case m.opts.Policy:
		case m.opts.Verify == nil:
			return "the command says whose signature counts: change that, or use sigwalk browse IMAGE"
		case p.KeyReference != "" || p.Certificate != "":
			return "the command names the key that must have signed: whose it is, is not asked"
		}
	case keys.Proof:
		return m.unprovable()
	case keys.Write:
		if m.deps.Dir == "" {
			return "there is no directory to write to"
		}
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	switch {
	case m.export != nil:
		m.export = nil
		return nil, true
	case m.filter != nil:
		m.filter = nil
		m.table.SetFilter(m.filtered)
		return nil, true
	case m.onDetail:
		m.onDetail = false
		return nil, true
	case m.filtered != "":
		m.filtered = ""
		m.table.SetFilter("")
		return nil, true
	}
	return nil, false
}

// Running implements screen.Screen.
func (m *Model) Running() bool { return false }

// Status implements screen.Screen.
func (m *Model) Status() string {
	switch {
	case m.export != nil:
		return "ends in .html .md .json .cosign.json .tsv or .txt: a new file below " + m.deps.Dir
	case m.filter != nil:
		return "show only rows that hold the text; enter keeps it, esc shows all"
	case m.status != "":
		return m.status
	case m.onDetail && m.section == sectionChecks:
		return "up and down open a check; 1 to 6 turn to what else is known; esc goes back to the rows"
	case m.filtered != "":
		return fmt.Sprintf("%d of %d hold %q; esc shows all", m.table.Shown(), len(m.rows), m.filtered)
	}
	return ""
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case explained:
		return m.takeExplained(msg)
	case proven:
		m.takeProven(msg)
	case written:
		m.takeWritten(msg)
	case policy.Chosen:
		return m.verify(msg.Policy)
	case verified:
		return m.takeVerified(msg)
	case tea.KeyMsg:
		return m.key(msg)
	}
	return nil
}

func (m *Model) key(key tea.KeyMsg) tea.Cmd {
	switch {
	case m.filter != nil:
		m.typed(key)
		return m.explainChosen()
	case m.export != nil:
		return m.named(key)
	}
	intent, ok := keys.Find(keys.Signatures, key.String())
	if !ok {
		return nil
	}
	m.status = ""
	switch intent {
	case keys.Sort:
		m.status = "sorted: " + m.table.SortNext()
	case keys.GroupBy:
		m.group = (m.group + 1) % len(groupings)
		m.regroup()
		m.status = strings.TrimSuffix("grouped by "+groupings[m.group].name, "by ")
		if m.group == 0 {
			m.status = "not grouped"
		}
	case keys.Filter:
		m.filter = widget.NewInput(m.deps.Theme)
		m.filter.SetText(m.filtered)
	case keys.Section:
		m.section, m.reveal = int(key.String()[0]-'1'), true
		m.detail.Home()
	case keys.ColLeft, keys.ColRight:
		m.scrollColumns(intent)
	case keys.Detail, keys.NextPane:
		m.onDetail, m.reveal = !m.onDetail, true
	case keys.Copy:
		return m.copyRow()
	case keys.Who:
		return screen.Send(screen.Push{Screen: policy.New(m.deps, m.report.Policy, policy.Identities(m.rows))})
	case keys.Proof:
		return m.proveChosen()
	case keys.Write:
		m.export = widget.NewInput(m.deps.Theme)
		m.export.SetText(m.fileName())
	default:
		m.move(intent)
	}
	return m.explainChosen()
}

func (m *Model) regroup() {
	of := groupings[m.group].of
	if of == nil {
		m.table.SetGroup(nil)
		return
	}
	m.table.SetGroup(func(row int) string { return of(&m.rows[row]) }) // of the rows that are shown then, not of those of now
}

func (m *Model) scrollColumns(intent keys.Intent) {
	by := 1
	if intent == keys.ColLeft {
		by = -1
	}
	m.status = "columns from " + m.table.Scroll(by) + " on"
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
	split := m.layout()
	page := max(1, split.First-2)
	switch {
	case m.onDetail && m.section == sectionChecks:
		screen.Moved(&chosenCheck{m}, intent, 5)
	case m.onDetail:
		screen.Moved(&m.detail, intent, max(1, split.Second-2))
	default:
		m.detail.Home()
		m.check = 0
		screen.Moved(m.table, intent, page)
	}
}

// chosenCheck moves over the checks of the matrix.
type chosenCheck struct{ m *Model }

// Move implements screen.Mover. What a check says is read to its end before the next one is chosen.
func (c *chosenCheck) Move(rows int) {
	m := c.m
	split := m.layout()
	m.detailLines(split.SecondWidth - 2)
	switch d, height := m.drawn, split.Second-1; {
	case d == nil:
		return
	case rows == 1 && !m.reveal && !m.detail.Sees(d.end-1, height), rows == -1 && !m.reveal && !m.detail.Sees(d.at, height):
		m.detail.Move(rows)
		return
	}
	most := len(verification.Checks()) - 1
	m.check, m.reveal = max(0, min(most, m.check+rows)), true
}

// Home implements screen.Mover.
func (c *chosenCheck) Home() { c.m.check, c.m.reveal = 0, true }

// End implements screen.Mover.
func (c *chosenCheck) End() { c.m.check, c.m.reveal = len(verification.Checks())-1, true }

func (m *Model) copyRow() tea.Cmd {
	row := m.table.Selected()
	if row < 0 {
		return nil
	}
	s := &m.rows[row]
	text := strings.Join([]string{Index(s), Subject(s), widget.Clean(s.Issuer)}, "\t")
	return screen.Send(screen.Copy{Text: text, What: "the row"})
}

// Report returns what is shown.
func (m *Model) Report() *verification.Report { return m.report }

// Point chooses a row that was clicked; one more click shows its detail.
func (m *Model) Point(row int) tea.Cmd {
	if m.filter != nil || m.export != nil {
		return nil // what is typed is not lost
	}
	if column, ok := widget.HeadOf(row); ok {
		m.status = "sorted: " + m.table.SortBy(column)
		return m.explainChosen()
	}
	if _, ok := widget.AreaOf(row); ok {
		m.onDetail, m.reveal = true, true
		return nil
	}
	if m.table.At(row) {
		return screen.Send(screen.Key("enter"))
	}
	m.onDetail = false
	m.detail.Home()
	screen.Goto(m.table, row)
	return m.explainChosen()
}
