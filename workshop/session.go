package workshop

import (
	"context"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// SessionOptions configure a session.
type SessionOptions struct {
	Lesson      *Lesson
	Environment *environment.Environment
	Shell       *shell.Shell
	Homes       actions.Homes
	// ProgressFile keeps what was done; empty keeps nothing.
	ProgressFile string
	Clock        actions.Clock
	// Probe is how often the checks of open steps look at the world; zero for 2 s.
	Probe time.Duration
}

// Session is one learner in one lesson. It is safe for concurrent use; one step runs at a time.
type Session struct{}

// NewSession opens a session and resumes the progress that was kept. A progress file that cannot be read is kept aside
// under another name, and Warnings says so.
func NewSession(opts SessionOptions) (*Session, error) { panic("being built") }

// Snapshot is the session at one moment; it shares nothing with the session.
type Snapshot struct {
	Lesson  *Lesson
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
	// BlockedBy is the index of the step to do first, or -1.
	BlockedBy int
	Checks    []CheckResult // as Step.Checks
	Stages    []actions.Stage
	Progress  []actions.Progress
	ExitCode  int
	Values    []any // the typed results of the last run, as shell.Result.Values
	Err       error
	Took      time.Duration
	// Elsewhere is true when the step is done but was not run here.
	Elsewhere bool
}

// Snapshot returns the session as it is now.
func (s *Session) Snapshot() Snapshot { panic("being built") }

// Changed delivers a value, at most one waiting, whenever a snapshot would differ from the last one taken.
func (s *Session) Changed() <-chan struct{} { panic("being built") }

// Output delivers what lines print, in order and in full: the session never drops output and never waits for a reader.
// Read returns what came since offset and the next offset.
func (s *Session) Output(step int, offset int) (text string, next int) { panic("being built") }

// Question returns the question that a running step waits on, if any; Answer answers it.
func (s *Session) Question() (actions.Question, bool) { panic("being built") }

// Answer answers the question that waits.
func (s *Session) Answer(a actions.Answer) { panic("being built") }

// Run runs the step (its own command, or line when that is not empty) and then its checks. It returns when all is done;
// cancelling ctx stops it. It fails only when the step cannot be run at all; how the line ended is in the snapshot.
func (s *Session) Run(ctx context.Context, step int, line string) error { panic("being built") }

// Select makes step the current one.
func (s *Session) Select(step int) { panic("being built") }

// Skip marks a step as skipped; it is never shown as done.
func (s *Session) Skip(step int) { panic("being built") }

// Reset forgets what this session knows of a step, so that it can be done again.
func (s *Session) Reset(step int) { panic("being built") }

// Watch evaluates the checks of open steps until ctx ends.
func (s *Session) Watch(ctx context.Context) { panic("being built") }

// Close saves the progress and releases the session.
func (s *Session) Close() error { panic("being built") }
