package signatures

import (
	"cmp"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/export"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// written says how an export went.
type written struct {
	of   *Model
	name string
	err  error
}

// fileName is what an export is called unless the person says otherwise.
func (m *Model) fileName() string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, Short(m.report))
	return strings.Replace(name, "sha256-", "", 1) + ".html"
}

// named takes a key while the name of the export is typed.
func (m *Model) named(key tea.KeyMsg) tea.Cmd {
	if intent, _ := keys.Find(keys.Edit, key.String()); intent != keys.Submit || key.Paste {
		screen.Type(m.export, key)
		return nil
	}
	name := strings.TrimSpace(m.export.Text())
	form, err := export.FormOf(name)
	if err != nil {
		m.status, m.export = unwritten(err), nil
		return nil
	}
	m.export = nil
	m.status = "writing " + widget.Clean(name)
	report := *m.report // the checks are made on copies
	report.Signatures, report.Attached = slices.Clone(report.Signatures), slices.Clone(report.Attached)
	ctx, dir, now := m.deps.Context, m.deps.Dir, m.deps.Clock
	return m.deps.Tasks.Cmd(func() tea.Msg {
		return written{m, name, export.File(ctx, dir, name, form, &report, now)}
	})
}

func (m *Model) takeWritten(msg written) {
	if msg.of != m {
		return
	}
	m.status = "written: " + widget.Clean(filepath.Join(m.deps.Dir, msg.name))
	if msg.err != nil {
		m.status = unwritten(msg.err)
	}
}

// unwritten says on one line why there is no report: what happened and why, or where that says it all, what to do.
func unwritten(err error) string {
	var e *actions.Error
	if errors.As(err, &e) {
		return widget.Clean(e.What + ": " + cmp.Or(e.Why, e.Next))
	}
	return widget.Clean(err.Error())
}
