package signatures

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// verified is the answer to a policy that was chosen.
type verified struct {
	of     *Model
	load   int
	report *verification.Report
	err    error
}

// verify asks for a report with another policy, where nobody else does.
func (m *Model) verify(policy verification.Policy) tea.Cmd {
	if m.opts.Verify == nil {
		return nil
	}
	ctx, load, image, verify := m.deps.Context, m.load, m.report.Image, m.opts.Verify
	m.status = "verifying with that policy"
	return m.deps.Tasks.Cmd(func() tea.Msg {
		report, err := verify(ctx, image, policy)
		return verified{m, load, report, err}
	})
}

func (m *Model) takeVerified(msg verified) tea.Cmd {
	if msg.of != m || msg.load != m.load {
		return nil
	}
	if msg.err != nil {
		m.status = "not verified: " + widget.Clean(msg.err.Error())
		return nil
	}
	cmd := m.SetReport(msg.report)
	m.status = "with another policy than the command's; what the step found stays as it was"
	return cmd
}
