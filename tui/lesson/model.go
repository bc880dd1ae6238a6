package lesson

import (
	"context"
	"os/exec"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/signin"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// Options configure the screen.
type Options struct {
	Session Session
	// Life ends when the session is shown no more, be it that screens above go on; nil for as long as the program.
	Life context.Context //nolint:containedctx // as that of screen.Deps
	// Shell makes the command that opens a shell with the variables of the lesson; nil where there is none.
	Shell func() *exec.Cmd
	// Course is what the lesson is part of, and Standings says how far one has come in it; nil for a lesson alone.
	Course    *workshop.Course
	Standings func() []workshop.Standing
	// Doctor finds out what is wrong with the deployment; nil where that cannot be asked.
	Doctor doctor.Examine
	// Verifier is how images are verified here, beside the commands of the lesson; nil where nothing can be.
	Verifier func() (*verification.Verifier, error)
	// Trust reads the trust root as it is kept now; nil where only what a step has fetched is known.
	Trust func(ctx context.Context) (*trust.Status, error)
	// Page finds the page that the registry has of the lesson's repository, for a browser; nil where that is not known.
	Page func(ctx context.Context) (string, error)
	// Audience is true where others look on, from afar: the lesson is drawn large.
	Audience bool
}

// pane is a part of the screen that can have the focus.
type pane int

const (
	paneText pane = iota
	paneOutput
	paneChecks
	paneEnv
	paneSteps
	panes
)

// run is a command of the lesson that runs.
type run struct {
	step    int
	judged  workshop.StepState // what the session says the step is at
	started time.Time
	cancel  context.CancelFunc
	stopped bool
}

// Model is the screen. It implements screen.Screen.
type Model struct {
	deps     screen.Deps
	life     context.Context //nolint:containedctx // as that of screen.Deps
	session  Session
	shell    func() *exec.Cmd
	course   outline.Options                           // with a nil Course for a lesson alone
	verifier func() (*verification.Verifier, error)    // nil where nothing can be verified
	findPage func(ctx context.Context) (string, error) // nil where there is no registry
	examine  doctor.Examine                            // nil where there is no deployment to look at
	// trust reads the trust root as it is kept now; nil where only what a step has fetched is known
	trust func(ctx context.Context) (*trust.Status, error)
	// audience is true where others look on
	audience bool

	width, height int
	snap          workshop.Snapshot
	revision      int                  // of snap
	tokens        map[string]time.Time // until when those among its variables are valid
	counting      bool                 // down, second by second
	read          []int                // how far the output of each step was read
	logs          []*widget.Log
	step          int // the one that is looked at
	told, telling int // the step that the session knows of, and the one it is being told of or -1

	focus  pane
	scroll [panes]widget.Scroll
	cursor [panes]int // chosen row of the panes that have rows
	result bool       // the result is shown in place of the output
	// compare shows the expected output in place of either
	compare bool
	shown   map[int]extras
	edited  map[int]string // commands that the person changed, by step

	running   *run
	ask       *ask
	signin    *signin.Model // while a person signs in
	undoing   bool          // what can be undone is asked for, or is being undone
	answering bool          // an answer is on its way to the session
	edit      *widget.Input // the command while it is changed
	prompt    *prompt       // any other line, while it is typed
	message   string
	pages     pages
	drawn     drawn
	made      made
}

// extras are the parts of a step's text that are shown on request.
type extras struct {
	why   bool
	hints int
}

var _ screen.Screen = (*Model)(nil)

// New returns the screen of a session, which stays the caller's to close.
func New(deps screen.Deps, opts Options) *Model {
	life := opts.Life
	if life == nil {
		life = deps.Context
	}
	return &Model{
		deps: deps, life: life, session: opts.Session, shell: opts.Shell,
		course:  outline.Options{Course: opts.Course, Standings: opts.Standings},
		examine: opts.Doctor, verifier: opts.Verifier, findPage: opts.Page, trust: opts.Trust, audience: opts.Audience,
		step: -1, telling: -1, shown: map[int]extras{}, edited: map[int]string{},
	}
}

// Init implements screen.Screen.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.look(), m.watch()) }

// Say puts text on the status line until something else is to be said there.
func (m *Model) Say(text string) { m.message = text }

// SetSize implements screen.Screen.
func (m *Model) SetSize(width, height int) {
	m.width, m.height = width, height
	if m.signin != nil {
		m.signin.SetSize(width, height)
	}
}

// Scope implements screen.Screen.
func (m *Model) Scope() keys.Scope {
	switch {
	case m.signin != nil:
		return keys.SignIn
	case m.ask != nil && m.ask.question.YesNo:
		return keys.Question
	case m.ask != nil, m.edit != nil:
		return keys.Edit
	case m.prompt != nil:
		return keys.Prompt
	}
	return keys.Lesson
}

// Running implements screen.Screen.
func (m *Model) Running() bool { return m.running != nil }

// Busy reports whether something runs, is asked or is being typed that would be lost with the screen.
func (m *Model) Busy() bool {
	return m.running != nil || m.ask != nil || m.signin != nil || m.answering || m.undoing || m.edit != nil || m.prompt != nil
}

// Step is the ID of the step that is looked at; empty before the first snapshot.
func (m *Model) Step() string {
	step, _ := m.current()
	return step.Step.ID
}

// Cancel implements screen.Screen.
func (m *Model) Cancel() (tea.Cmd, bool) {
	switch {
	case m.ask != nil && m.ask.local:
		m.ask = nil
		return nil, true
	case m.edit != nil:
		m.edit = nil
		return nil, true
	case m.prompt != nil:
		m.prompt = nil
		return nil, true
	case m.running != nil:
		m.running.stopped = true
		m.running.cancel()
		m.message = ""
		return nil, true
	case m.focus != paneText:
		m.focus = paneText
		return nil, true
	}
	return nil, false
}

// current returns the step that is looked at; ok is false before the first snapshot and in a lesson without steps.
func (m *Model) current() (step workshop.StepSnapshot, ok bool) {
	if m.step < 0 || m.step >= len(m.snap.Steps) {
		return workshop.StepSnapshot{}, false
	}
	return m.snap.Steps[m.step], true
}

// after returns the lesson that follows this one, or nil.
func (m *Model) after() *workshop.Lesson {
	if m.course.Course == nil || m.snap.Lesson == nil {
		return nil
	}
	return m.course.Course.After(m.snap.Lesson.Name)
}

// command returns what will run: the step's own command, or what the person made of it.
func (m *Model) command(step int) (line string, own bool) {
	if line, ok := m.edited[step]; ok {
		return line, false
	}
	return m.snap.Steps[step].Step.Command, true
}
