package signatures

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// Checks are made beside the screen, on copies: the chosen signature at once, and those of a list of up to explainAll in
// the background, a chunk a message.
const (
	explainAll = 1000
	chunk      = 50
)

// explained brings signatures with their checks, for the rows from first on of the load-th report of a model.
type explained struct {
	of    *Model
	load  int
	first int
	rows  []verification.Signature
	next  bool // the rows behind them are to follow
}

// proven brings the answer of the log for one row.
type proven struct {
	of   *Model
	load int
	row  int
	sig  verification.Signature
	err  error
}

// explainChosen makes the checks of the chosen row, where they have not been made.
func (m *Model) explainChosen() tea.Cmd {
	row := m.table.Selected()
	if row < 0 || m.tried[row] || m.rows[row].Checks != nil {
		return nil
	}
	return m.explain(row, row+1, false)
}

// explainFrom makes the checks of a chunk of rows, unless there are too many in all.
func (m *Model) explainFrom(first int) tea.Cmd {
	if len(m.rows) > explainAll || first >= len(m.rows) {
		return nil
	}
	return m.explain(first, min(first+chunk, len(m.rows)), true)
}

func (m *Model) explain(from, to int, next bool) tea.Cmd {
	ctx, load := m.deps.Context, m.load
	rows := slices.Clone(m.rows[from:to])
	return m.deps.Tasks.Cmd(func() tea.Msg {
		for i := range rows {
			if ctx.Err() != nil {
				return nil
			}
			rows[i].Explain(ctx)
		}
		return explained{m, load, from, rows, next}
	})
}

// takeExplained keeps checks that have come. A row that has some keeps them: they may hold a proof that the log gave.
func (m *Model) takeExplained(msg explained) tea.Cmd {
	if msg.of != m || msg.load != m.load {
		return nil
	}
	for i := range msg.rows {
		m.tried[msg.first+i] = true
		if row := &m.rows[msg.first+i]; row.Checks == nil {
			*row = msg.rows[i]
		}
	}
	m.drawn = nil
	if msg.next {
		return m.explainFrom(msg.first + len(msg.rows))
	}
	return nil
}

// proveChosen asks the log for the inclusion proof of the chosen row.
func (m *Model) proveChosen() tea.Cmd {
	row := m.table.Selected()
	ctx, load, prove := m.deps.Context, m.load, m.opts.Prove
	sig := m.rows[row]
	m.status = "asking the log for the proof of index " + Index(&sig)
	return m.deps.Tasks.Cmd(func() tea.Msg {
		sig, err := prove(ctx, sig)
		return proven{m, load, row, sig, err}
	})
}

func (m *Model) takeProven(msg proven) {
	if msg.of != m || msg.load != m.load {
		return
	}
	m.drawn = nil
	if msg.err != nil {
		m.status = "the log gave no proof: " + msg.err.Error()
		return
	}
	m.rows[msg.row] = msg.sig
	m.status = msg.sig.Check(verification.CheckProof).What
	m.section = sectionLog
}

// unprovable says why the log cannot be asked for a proof of the chosen row; empty when it can.
func (m *Model) unprovable() string {
	row := m.table.Selected()
	switch {
	case row < 0:
		return "there are no signatures"
	case m.opts.Prove == nil:
		return "no log can be asked here: sigwalk browse IMAGE can"
	}
	switch c := m.rows[row].Check(verification.CheckProof); {
	case c.ID == "":
		return "the checks are not made yet"
	case c.Code == actions.CodeNoProof:
		return ""
	case c.State == verification.CheckOK:
		return "the proof is there: 3 shows it"
	}
	return "there is no log entry that could be proven"
}
