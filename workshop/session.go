package workshop

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// SessionOptions configure a session.
type SessionOptions struct {
	Lesson      *Lesson
	Environment *environment.Environment
	Shell       *shell.Shell
	// Where says in a word where one works, such as "sandbox"; empty where nobody needs to know.
	Where string
	// Homes are where checks look when the environment's TUF_ROOT and DOCKER_CONFIG say nothing else.
	Homes actions.Homes
	// Step is the ID of the step to begin at; empty for the one that was open last, or the first that is not done.
	Step string
	// ProgressFile keeps what was done; empty keeps nothing.
	ProgressFile string
	// ProgressOf is the progress file of another lesson, whose steps an undo may make ones that are to be done again; nil for none.
	ProgressOf func(lesson string) string
	// Transcript is the file that keeps what was run; empty keeps nothing.
	Transcript string
	Clock      actions.Clock
	// Probe is how often the checks of open steps look at the world; zero for 2 s.
	Probe time.Duration
	// Base carries the network calls of checks; nil for the default.
	Base http.RoundTripper
	// Unattended sessions have nobody to answer questions: a line that asks fails with actions.ErrNobodyToAsk.
	Unattended bool
	// Undo keeps how the sandbox was before each step; nil where nothing can be put back, because it is no sandbox.
	Undo *undo.Keeper
	// Ran is called after each line that ran, before Run and Try return; nil for nobody. It keeps what the line left beside the
	// progress, so that a crash loses nothing of it.
	Ran func()
	// Rehearse signs in as the steps' rehearse blocks say, at the provider's own page, where a line asks for it.
	Rehearse bool
}

// Session is one learner in one lesson. It is safe for concurrent use; one step runs at a time.
type Session struct {
	opts    SessionOptions
	world   *world
	outputs []*output // as opts.Lesson.Steps; each guards itself
	changed chan struct{}
	kick    chan struct{} // tells Watch to look now
	asking  chan struct{} // held by the one question that may wait

	mu       sync.Mutex
	steps    []*stepState // as opts.Lesson.Steps
	earlier  []*looks     // as opts.Lesson.After
	current  int
	busy     bool // a Run is under way
	stop     context.CancelFunc
	question *pendingQuestion
	yes      map[string]bool // lasting questions that were answered with yes, by ID
	notices  []string
	closed   bool
	touched  time.Time // when the person last did something

	progress *progressStore
}

// stepState is what the session knows of one step; Session.mu guards it.
type stepState struct {
	running bool
	skipped bool
	// observed is true once an observing step was done, or a step without command was read; it stays.
	observed bool
	runs     int  // runs that ended, in this session
	ranHere  bool // the step's line was run here, in this session or an earlier one
	looks

	exitCode int
	values   []any
	err      error
	took     time.Duration
	stages   []actions.Stage
	progress []actions.Progress
	notes    []actions.Note
	tracing  *tracing // nil before the first run
	outputAt int      // where the last run's output begins
}

// looks is what came of looking at the world for the checks of one step; Session.mu guards it.
type looks struct {
	// generation tells the results of a probe that began before a run or reset from those that count.
	generation int
	checks     []checkRecord
	probed     time.Time     // when the world was last asked
	cost       time.Duration // how long that took
}

// certain reports whether every check was seen to hold in this session.
func (l *looks) certain() bool {
	return !slices.ContainsFunc(l.checks, func(c checkRecord) bool { return c.State != CheckHolds })
}

// answered reports whether every check has an answer in this session.
func (l *looks) answered() bool {
	return !slices.ContainsFunc(l.checks, func(c checkRecord) bool { return c.State == CheckUnknown || c.State == CheckProbing })
}

// checkRecord is what is known of one check. held is its last certain answer: an unreachable registry undoes nothing.
type checkRecord struct {
	CheckResult
	held bool
}

type pendingQuestion struct {
	question actions.Question
	answer   chan actions.Answer
}

// defaultProbe is a pace that a person takes for at once and a registry does not notice.
const defaultProbe = 2 * time.Second

// NewSession opens a session and resumes the progress that was kept. A progress file that cannot be read is kept aside
// under another name, and the snapshot's Notices say so.
func NewSession(opts SessionOptions) (*Session, error) {
	if opts.Lesson == nil || opts.Environment == nil || opts.Shell == nil {
		return nil, &actions.Error{Code: actions.CodeInternal, What: "a session wants a lesson, an environment and a shell"}
	}
	if opts.Probe <= 0 {
		opts.Probe = defaultProbe
	}
	s := &Session{
		opts:    opts,
		world:   &world{env: opts.Environment, homes: opts.Homes, base: opts.Base, clock: opts.Clock, readFile: opts.Shell.ReadFile},
		changed: make(chan struct{}, 1),
		kick:    make(chan struct{}, 1),
		asking:  make(chan struct{}, 1),
		yes:     map[string]bool{},
	}
	for _, step := range opts.Lesson.Steps {
		s.steps = append(s.steps, &stepState{looks: looks{checks: make([]checkRecord, len(step.Checks))}})
		s.outputs = append(s.outputs, &output{limit: maxOutput, finished: true, wrote: s.notify})
	}
	for _, earlier := range opts.Lesson.After {
		s.earlier = append(s.earlier, &looks{checks: make([]checkRecord, len(earlier.Step.Checks))})
	}
	s.touched = time.Now()
	s.resume()
	s.noteUndo()
	return s, nil
}

// Snapshot is the session at one moment; it shares nothing with the session but what is never changed.
type Snapshot struct {
	Lesson *Lesson
	// Where is SessionOptions.Where.
	Where   string
	Steps   []StepSnapshot
	Current int
	Env     []environment.Variable
	Notices []string
}

// StepSnapshot is one step at one moment.
type StepSnapshot struct {
	Step    Step
	State   StepState
	Blocked string // why, when the state is StepBlocked: the check of another step that fails
	// BlockedBy is the index of the step to do first, or -1; BlockedEarlier is that step where it is one of another lesson, or nil.
	BlockedBy      int
	BlockedEarlier *Earlier
	Checks         []CheckResult // as Step.Checks
	Stages         []actions.Stage
	Progress       []actions.Progress
	Notes          []actions.Note
	ExitCode       int
	Values         []any // the typed results of the last run, as shell.Result.Values
	Err            error
	Took           time.Duration
	// Traced is true when Session.Trace has something to say about the step.
	Traced bool
	// Elsewhere is true when the step is done but was not run here.
	Elsewhere bool
	// Runs counts the runs of this session that ended; OutputStart is the offset at which the last run's output begins.
	Runs        int
	OutputStart int
}

// Holds reports whether every check of the step holds now. A step that observes stays done although its last run did not
// pass; a rehearsal wants to know the difference.
func (s StepSnapshot) Holds() bool {
	return !slices.ContainsFunc(s.Checks, func(c CheckResult) bool { return c.State != CheckHolds })
}

// Snapshot returns the session as it is now.
func (s *Session) Snapshot() Snapshot {
	env := s.opts.Environment.List()
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot := Snapshot{Lesson: s.opts.Lesson, Where: s.opts.Where, Current: s.current, Env: env, Notices: slices.Clone(s.notices)}
	for i := range s.steps {
		snapshot.Steps = append(snapshot.Steps, s.snapshotOf(i))
	}
	return snapshot
}

func (s *Session) snapshotOf(i int) StepSnapshot {
	state := s.steps[i]
	step := StepSnapshot{
		Step: s.opts.Lesson.Steps[i], BlockedBy: -1,
		Stages: slices.Clone(state.stages), Progress: slices.Clone(state.progress), Notes: slices.Clone(state.notes),
		ExitCode: state.exitCode, Values: slices.Clone(state.values), Err: state.err, Took: state.took,
		Traced: state.tracing != nil, Runs: state.runs, OutputStart: state.outputAt,
	}
	for _, check := range state.checks {
		step.Checks = append(step.Checks, check.CheckResult)
	}
	step.State = s.stateOf(i)
	if step.State == StepBlocked {
		by := s.blocked(i)
		step.Blocked, step.BlockedBy, step.BlockedEarlier = by.why, by.step, by.earlier
	}
	step.Elsewhere = step.State == StepDone && !state.ranHere
	return step
}

// Changed delivers a value, at most one waiting, whenever a snapshot or output would differ from the last one taken.
func (s *Session) Changed() <-chan struct{} { return s.changed }

// notify never blocks: one waiting value is enough for a reader that then reads everything.
func (s *Session) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Output delivers what lines print, in order and in full: the session never waits for a reader, and lets go of the oldest
// output only beyond 64 MiB a step, which the text then says. Output returns what came since offset and the next offset.
// Offsets run on from one run of a step to the next; StepSnapshot.OutputStart says where the last run begins.
func (s *Session) Output(step int, offset int) (text string, next int) {
	if step < 0 || step >= len(s.outputs) {
		return "", offset
	}
	return s.outputs[step].read(offset)
}

// Question returns the question that a running step waits on, if any; Answer answers it.
func (s *Session) Question() (actions.Question, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.question == nil {
		return actions.Question{}, false
	}
	return s.question.question, true
}

// Answer answers the question that waits; without one it does nothing.
func (s *Session) Answer(a actions.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.question == nil {
		return
	}
	s.question.answer <- a
	s.question = nil
	s.notify()
}

// Select makes step the current one.
func (s *Session) Select(step int) {
	s.change(step, func(state *stepState) { s.current, state.probed = step, time.Time{} })
	s.lookNow()
}

// Skip marks a step as skipped; it is never shown as done.
func (s *Session) Skip(step int) {
	s.change(step, func(state *stepState) { state.skipped = !state.running })
	_ = s.save() // a notice says so
}

// Reset forgets what this session knows of a step, so that it can be done again. What the world shows stays: a step that
// changes the world turns done again when its checks hold.
func (s *Session) Reset(step int) {
	s.change(step, func(state *stepState) {
		if state.running {
			return
		}
		*state = stepState{
			looks:    looks{generation: state.generation + 1, checks: make([]checkRecord, len(state.checks))},
			outputAt: s.outputs[step].end(),
		}
	})
	_ = s.save() // a notice says so
	s.lookNow()
}

// change applies f to a step's state, if there is such a step.
func (s *Session) change(step int, f func(*stepState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if step < 0 || step >= len(s.steps) || s.closed {
		return
	}
	f(s.steps[step])
	s.notify()
}

// Close stops what runs, saves the progress and releases the session. The shell and the environment stay their owner's.
func (s *Session) Close() error {
	s.mu.Lock()
	s.closed = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	return s.save()
}

// note adds a notice for the person. The caller holds s.mu.
func (s *Session) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(s.notices, text) {
		s.notices = append(s.notices, text)
		s.notify()
	}
}
