// Package recovery is the screen on which signatures that a tag lost are brought back: what the log and the registry's history
// know and the tag lacks, each with where it stands; which of them to attach; and what came of it.
package recovery

import (
	"context"
	"errors"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// Options say what the screen works with. Both functions run beside the screen, report their stages to told, and stop when
// ctx ends.
type Options struct {
	Image string
	// Look finds what the sources know and the tag lacks, and changes nothing.
	Look func(ctx context.Context, told func(actions.Stage)) (*recovery.Report, error)
	// Attach attaches some of report.Lacking(), and notes in them and in the report what came of it.
	Attach func(ctx context.Context, report *recovery.Report, chosen []*recovery.Signature, told func(actions.Stage)) error
}

// Attached is sent when signatures were brought back, for the screens that show them.
type Attached struct{ Image string }

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps          screen.Deps
	opts          Options
	run           *run
	stages        []actions.Stage
	report        *recovery.Report
	failure       error
	left          map[*recovery.Signature]bool // what is not to be brought back
	cursor        int
	list, detail  widget.Scroll
	onDetail      bool
	asking        bool
	done          string // what came of attaching
	width, height int
}

var _ screen.Screen = (*Model)(nil)

// run is work beside the screen.
type run struct {
	attaching bool
	told      chan actions.Stage
	cancel    context.CancelFunc
}

type (
	staged struct {
		of    *run
		stage actions.Stage
	}
	looked struct {
		of     *run
		report *recovery.Report
		err    error
	}
	attached struct {
		of  *run
		err error
	}
)

// mostStages is more than any run has, so that who tells never waits for the screen.
const mostStages = 256

// New returns the screen, which begins to look at once.
func New(deps screen.Deps, opts Options) *Model {
	return &Model{deps: deps, opts: opts, left: map[*recovery.Signature]bool{}}
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return m.look() }

// begin starts work beside the screen.
func (m *Model) begin(attaching bool, work func(ctx context.Context, r *run, told func(actions.Stage)) tea.Msg) tea.Cmd {
	ctx, cancel := context.WithCancel(m.deps.Context)
	r := &run{attaching: attaching, told: make(chan actions.Stage, mostStages), cancel: cancel}
	m.run, m.stages, m.failure, m.done = r, nil, nil, ""
	return tea.Batch(m.next(r), m.deps.Tasks.Cmd(func() tea.Msg {
		defer cancel()
		defer close(r.told)
		return work(ctx, r, func(s actions.Stage) {
			select {
			case r.told <- s:
			case <-ctx.Done():
			}
		})
	}))
}

func (m *Model) look() tea.Cmd {
	look := m.opts.Look
	return m.begin(false, func(ctx context.Context, r *run, told func(actions.Stage)) tea.Msg {
		report, err := look(ctx, told)
		return looked{r, report, err}
	})
}

func (m *Model) attach() tea.Cmd {
	attach, report, chosen := m.opts.Attach, m.report, m.chosen()
	return m.begin(true, func(ctx context.Context, r *run, told func(actions.Stage)) tea.Msg {
		return attached{r, attach(ctx, report, chosen, told)}
	})
}

// next waits for the next stage of a run.
func (m *Model) next(r *run) tea.Cmd {
	return m.deps.Tasks.Cmd(func() tea.Msg {
		s, more := <-r.told
		if !more {
			return nil
		}
		return staged{r, s}
	})
}

// chosen is what is to be brought back. The report is not read while it is attached.
func (m *Model) chosen() []*recovery.Signature {
	if m.report == nil {
		return nil
	}
	var chosen []*recovery.Signature
	for _, s := range m.report.Lacking() {
		if !m.left[s] {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// at is the chosen row.
func (m *Model) at() *recovery.Signature {
	if m.report == nil || m.cursor >= len(m.report.Signatures) {
		return nil
	}
	return m.report.Signatures[m.cursor]
}

// lacks reports whether a signature can be brought back.
func lacks(s *recovery.Signature) bool {
	return s != nil && s.Rebuilt && s.Verified && !s.Present && !s.Attached
}

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) { m.width, m.height = width, height }

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope {
	if m.asking {
		return keys.Question
	}
	return keys.Recover
}

// Disabled implements screen.Screen.
func (m *Model) Disabled(intent keys.Intent) string {
	switch intent {
	case keys.Pick, keys.PickAll, keys.BringBack, keys.Reload:
		switch {
		case m.run != nil && m.run.attaching:
			return "it is being attached"
		case m.run != nil:
			return "it is still being looked for: esc stops that"
		case intent == keys.Reload:
			return ""
		case m.report == nil || len(m.report.Lacking()) == 0:
			return "there is nothing to bring back"
		}
	}
	switch {
	case intent == keys.Pick && !lacks(m.at()):
		return "this one cannot be brought back, or is there"
	case intent == keys.BringBack && len(m.chosen()) == 0:
		return "nothing is chosen: space chooses, a all of them"
	}
	return ""
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	switch {
	case m.asking:
		m.asking = false
		return nil, true
	case m.run != nil:
		m.run.cancel()
		return screen.Tell("stopping"), true
	case m.onDetail:
		m.onDetail = false
		return nil, true
	}
	return nil, false
}

// Running implements screen.Screen. Looking may be cut off, attaching should not be.
func (m *Model) Running() bool { return m.run != nil && m.run.attaching }

// Status implements screen.Screen.
func (m *Model) Status() string {
	switch {
	case m.asking:
		return ""
	case m.run != nil && m.run.attaching:
		return m.deps.Theme.Busy.Render("~") + " attaching - esc stops it"
	case m.run != nil:
		return m.deps.Theme.Busy.Render("~") + " looking - esc stops it"
	case errors.Is(m.failure, context.Canceled):
		return "stopped: r looks again"
	case m.failure != nil:
		return "it did not work: r looks again"
	case m.done != "":
		return m.done
	case len(m.report.Lacking()) == 0:
		return "nothing to bring back"
	}
	return fmt.Sprintf("enter brings back %d of %d; space leaves one out", len(m.chosen()), len(m.report.Lacking()))
}

// Update implements screen.Screen.
func (m *Model) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case staged:
		if msg.of == m.run {
			m.take(msg.stage)
			return m.next(msg.of)
		}
	case looked:
		if msg.of == m.run {
			m.run, m.failure = nil, msg.err
			if msg.report != nil {
				m.report, m.left, m.cursor = msg.report, map[*recovery.Signature]bool{}, 0
			}
		}
	case attached:
		if msg.of == m.run {
			return m.takeAttached(msg.err)
		}
	case tea.KeyMsg:
		return m.key(msg)
	}
	return nil
}

// take puts a stage in its place.
func (m *Model) take(stage actions.Stage) {
	for i := range m.stages {
		if m.stages[i].ID == stage.ID {
			m.stages[i] = stage
			return
		}
	}
	m.stages = append(m.stages, stage)
}

func (m *Model) takeAttached(err error) tea.Cmd {
	m.run, m.failure = nil, err
	if err != nil {
		return nil
	}
	m.done = fmt.Sprintf("%d brought back; the tag holds %d now", len(m.report.Attached()), m.report.After)
	return screen.Send(Attached{Image: m.opts.Image})
}

func (m *Model) key(key tea.KeyMsg) tea.Cmd {
	intent, _ := keys.Find(m.Scope(), key.String())
	switch intent {
	case keys.Yes:
		m.asking = false
		return m.attach()
	case keys.No:
		m.asking = false
	case keys.Reload:
		return m.look()
	case keys.Pick:
		m.left[m.at()] = !m.left[m.at()]
		m.move(keys.Down)
	case keys.PickAll:
		all := len(m.chosen()) == len(m.report.Lacking())
		for _, s := range m.report.Lacking() {
			m.left[s] = all
		}
	case keys.BringBack:
		m.asking = true
	case keys.NextPane:
		m.onDetail = !m.onDetail
	default:
		m.move(intent)
	}
	return nil
}

func (m *Model) move(intent keys.Intent) {
	if m.asking {
		return
	}
	page := max(1, m.height/2)
	if m.onDetail {
		screen.Moved(&m.detail, intent, page)
		return
	}
	m.detail.Home()
	screen.Moved(rows{m}, intent, page)
}

// rows moves the chosen row.
type rows struct{ *Model }

func (r rows) count() int {
	if r.report == nil {
		return 0
	}
	return len(r.report.Signatures)
}

func (r rows) Move(by int) { r.cursor = max(0, min(r.count()-1, r.cursor+by)) }
func (r rows) Home()       { r.cursor = 0 }
func (r rows) End()        { r.cursor = max(0, r.count()-1) }

// Point chooses a row that was clicked; one more click chooses the signature, or leaves it out.
func (m *Model) Point(row int) tea.Cmd {
	if _, ok := widget.AreaOf(row); ok {
		m.onDetail = true
		return nil
	}
	if row == m.cursor {
		return screen.Send(screen.Key(" "))
	}
	screen.Goto(rows{m}, row)
	return nil
}
