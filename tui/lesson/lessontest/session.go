// Package lessontest is a session in memory that plays what it is told, for tests of the screens: the world does not
// come into it.
package lessontest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// Play is what running a step does. It may print, report stages and ask through the stage it is given, and leaves its
// results there.
type Play func(ctx context.Context, stage *Stage) error

// Stage is a step that runs.
type Stage struct {
	session *Session
	step    int
	Line    string
}

// Session implements lesson.Session.
type Session struct {
	mu       sync.Mutex
	snap     workshop.Snapshot
	output   []string
	plays    []Play
	question *actions.Question
	answers  chan actions.Answer
	changed  chan struct{}
	closed   bool
	tried    []string
	traces   map[int]trace.Trace
}

// New returns a session of lesson whose steps do plays when they run; a nil play does nothing.
func New(lesson *workshop.Lesson, env []environment.Variable, plays []Play) *Session {
	s := &Session{
		snap:    workshop.Snapshot{Lesson: lesson, Where: "sandbox", Env: env},
		output:  make([]string, len(lesson.Steps)),
		plays:   plays,
		answers: make(chan actions.Answer, 1),
		changed: make(chan struct{}, 1),
		traces:  map[int]trace.Trace{},
	}
	for _, step := range lesson.Steps {
		s.snap.Steps = append(s.snap.Steps, workshop.StepSnapshot{
			Step: step, BlockedBy: -1, Checks: make([]workshop.CheckResult, len(step.Checks)),
		})
	}
	s.block()
	return s
}

// BlockBy makes a step wait for one of an earlier lesson.
func (s *Session) BlockBy(step int, earlier *workshop.Earlier) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snap.Steps[step].State, s.snap.Steps[step].BlockedEarlier = workshop.StepBlocked, earlier
}

// block works out which steps wait for others.
func (s *Session) block() {
	for i := range s.snap.Steps {
		step := &s.snap.Steps[i]
		if step.State != workshop.StepIdle && step.State != workshop.StepBlocked {
			continue
		}
		step.State, step.Blocked, step.BlockedBy = workshop.StepIdle, "", -1
		for _, need := range step.Step.Needs {
			j := slices.IndexFunc(s.snap.Steps, func(o workshop.StepSnapshot) bool { return o.Step.ID == need })
			if j >= 0 && s.snap.Steps[j].State != workshop.StepDone {
				step.State, step.BlockedBy = workshop.StepBlocked, j
				step.Blocked = "the checks of \"" + s.snap.Steps[j].Step.Title + "\" do not hold yet"
				break
			}
		}
	}
}

func (s *Session) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Change changes the session as something in the world would.
func (s *Session) Change(change func(snap *workshop.Snapshot)) {
	s.mu.Lock()
	change(&s.snap)
	s.block()
	s.mu.Unlock()
	s.notify()
}

// Fail makes the last run of a step that is done one that did not pass; the step stays done.
func (s *Session) Fail(step int) {
	s.Change(func(snap *workshop.Snapshot) {
		st := &snap.Steps[step]
		st.ExitCode, st.Values, st.Err = 1, nil, errors.New("it broke")
		st.Checks[0] = workshop.CheckResult{State: workshop.CheckFails}
	})
}

// Print adds to what the step prints.
func (st *Stage) Print(text string) {
	st.session.mu.Lock()
	st.session.output[st.step] += text
	st.session.mu.Unlock()
	st.session.notify()
}

// Update changes the step that runs.
func (st *Stage) Update(change func(*workshop.StepSnapshot)) {
	st.session.Change(func(snap *workshop.Snapshot) { change(&snap.Steps[st.step]) })
}

// Ask puts a question, which the step prints too, and waits for the answer.
func (st *Stage) Ask(ctx context.Context, q actions.Question) (actions.Answer, error) {
	s := st.session
	st.Print(q.Script())
	s.mu.Lock()
	s.question = &q
	s.mu.Unlock()
	s.notify()
	defer func() {
		s.mu.Lock()
		s.question = nil
		s.mu.Unlock()
		s.notify()
	}()
	select {
	case <-ctx.Done():
		return actions.Answer{}, ctx.Err()
	case a := <-s.answers:
		return a, nil
	}
}

// Snapshot implements lesson.Session.
func (s *Session) Snapshot() workshop.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := s.snap
	snap.Env = slices.Clone(snap.Env)
	snap.Notices = slices.Clone(snap.Notices)
	snap.Steps = slices.Clone(snap.Steps)
	for i := range snap.Steps {
		step := &snap.Steps[i]
		step.Checks, step.Stages = slices.Clone(step.Checks), slices.Clone(step.Stages)
		step.Progress, step.Values = slices.Clone(step.Progress), slices.Clone(step.Values)
	}
	return snap
}

// Changed implements lesson.Session.
func (s *Session) Changed() <-chan struct{} { return s.changed }

// Output implements lesson.Session.
func (s *Session) Output(step, offset int) (string, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output[step][offset:], len(s.output[step])
}

// Question implements lesson.Session.
func (s *Session) Question() (actions.Question, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.question == nil {
		return actions.Question{}, false
	}
	return *s.question, true
}

// Answer implements lesson.Session.
func (s *Session) Answer(a actions.Answer) { s.answers <- a }

// Run implements lesson.Session.
func (s *Session) Run(ctx context.Context, step int, line string) error {
	if line == "" {
		line = s.snap.Lesson.Steps[step].Command
	}
	s.Change(func(snap *workshop.Snapshot) {
		st := &snap.Steps[step]
		st.State, st.Values, st.Err, st.ExitCode, st.Stages, st.Progress = workshop.StepRunning, nil, nil, 0, nil, nil
		st.OutputStart = len(s.output[step])
	})
	var err error
	if play := s.plays[step]; play != nil {
		err = play(ctx, &Stage{session: s, step: step, Line: strings.TrimSpace(line)})
	}
	s.Change(func(snap *workshop.Snapshot) {
		st := &snap.Steps[step]
		st.Runs++
		st.Err = err
		st.State = workshop.StepDone
		if err != nil && st.ExitCode == 0 {
			st.State, st.ExitCode = workshop.StepFailed, 1
		}
		for i := range st.Checks {
			if st.State == workshop.StepDone {
				st.Checks[i] = workshop.CheckResult{State: workshop.CheckHolds, Found: st.Checks[i].Found}
			} else {
				st.Checks[i].State = workshop.CheckFails
			}
		}
	})
	return ctx.Err()
}

// Select implements lesson.Session.
func (s *Session) Select(step int) {
	s.Change(func(snap *workshop.Snapshot) { snap.Current = step })
}

// Skip implements lesson.Session.
func (s *Session) Skip(step int) {
	s.Change(func(snap *workshop.Snapshot) { snap.Steps[step].State = workshop.StepSkipped })
}

// Reset implements lesson.Session.
func (s *Session) Reset(step int) {
	s.Change(func(snap *workshop.Snapshot) {
		snap.Steps[step] = workshop.StepSnapshot{
			Step: snap.Steps[step].Step, BlockedBy: -1, Checks: make([]workshop.CheckResult, len(snap.Steps[step].Checks)),
		}
	})
}

// Undoable implements lesson.Session: a step that ran can be undone, with those that ran behind it.
func (s *Session) Undoable(_ context.Context, step int) (workshop.Undo, error) {
	undo := workshop.Undo{Changes: []string{"removes the file cosign.key"}}
	for i, at := range s.Snapshot().Steps {
		if i >= step && at.Runs > 0 {
			undo.Steps = append(undo.Steps, i)
		}
	}
	if len(undo.Steps) == 0 || undo.Steps[0] != step {
		return workshop.Undo{}, &actions.Error{Code: actions.CodeUsage, What: "there is nothing to undo of this step"}
	}
	return undo, nil
}

// Undo implements lesson.Session.
func (s *Session) Undo(ctx context.Context, step int) (workshop.Undo, error) {
	undo, err := s.Undoable(ctx, step)
	for _, i := range undo.Steps {
		s.Reset(i)
	}
	return undo, err
}

// Watch implements lesson.Session.
func (s *Session) Watch(ctx context.Context) { <-ctx.Done() }

// Try implements lesson.Session.
func (s *Session) Try(ctx context.Context, step int, line string) error {
	s.mu.Lock()
	s.tried = append(s.tried, line)
	s.mu.Unlock()
	return s.Run(ctx, step, line)
}

// Tried returns the lines that Try was given.
func (s *Session) Tried() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tried)
}

// History implements lesson.Session.
func (s *Session) History() []string { return []string{"echo first", "echo second"} }

// Complete implements lesson.Session: it knows one word.
func (s *Session) Complete(_ context.Context, text string) (candidates []string, from int) {
	from = strings.LastIndexByte(text, ' ') + 1
	for _, word := range []string{"verify", "verify-attestation", "cosign"} {
		if strings.HasPrefix(word, text[from:]) {
			candidates = append(candidates, word)
		}
	}
	return candidates, from
}

// ExportTranscript implements lesson.Session.
func (s *Session) ExportTranscript(string, *workshop.Course) (string, error) {
	return "transcript.md", nil
}

// Close implements lesson.Session.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Closed reports whether Close was called.
func (s *Session) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Now is the time in every demo.
func Now() time.Time { return time.Date(2026, 10, 22, 12, 41, 7, 0, time.UTC) }
