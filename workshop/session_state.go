package workshop

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// stateOf derives where step i stands. The caller holds s.mu.
func (s *Session) stateOf(i int) StepState {
	state := s.steps[i]
	if state.running {
		return StepRunning
	}
	if state.skipped {
		return StepSkipped
	}
	if s.done(i) {
		return StepDone
	}
	if s.blocked(i).why != "" {
		return StepBlocked
	}
	if state.runs > 0 {
		return StepFailed
	}
	return StepIdle
}

// done reports whether step i is done: by the world for a step that changes it, by its own run otherwise.
func (s *Session) done(i int) bool {
	state := s.steps[i]
	if s.opts.Lesson.Steps[i].Kind != Changes {
		return state.observed
	}
	for _, check := range state.checks {
		if !check.held {
			return false
		}
	}
	return true
}

// failing returns the first check of step i that a later step cannot rely on, or -1 when all can be. A lasting check, which
// keeps its step done, must hold now to be relied on.
func (s *Session) failing(i int) int {
	if s.opts.Lesson.Steps[i].Kind != Changes {
		if s.steps[i].observed {
			return -1
		}
		return 0
	}
	for c, check := range s.steps[i].checks {
		if !check.held || check.State == CheckFails {
			return c
		}
	}
	return -1
}

// blocker is why a step cannot be run now.
type blocker struct {
	why     string   // empty where nothing blocks
	step    int      // the step of this lesson that is to be done first, or -1
	earlier *Earlier // the one of another lesson, or nil
}

// blocked says what blocks step i.
func (s *Session) blocked(i int) blocker {
	if why := s.notHere(i); why != "" {
		return blocker{why: why, step: -1}
	}
	for _, name := range s.opts.Lesson.Needs {
		if !s.isSet(name) {
			return blocker{why: name + " is not set, and the lesson needs it", step: -1}
		}
	}
	if lacks := s.lacks(i); lacks != "" {
		return blocker{why: lacks + ", and the step needs it", step: -1}
	}
	if why, earlier := s.missed(i); earlier != nil {
		return blocker{why: why, step: -1, earlier: earlier}
	}
	for _, id := range s.opts.Lesson.Steps[i].Needs {
		for n := range i {
			step := s.opts.Lesson.Steps[n]
			if step.ID != id {
				continue
			}
			c := s.failing(n)
			if c < 0 {
				continue
			}
			why := fmt.Sprintf("step %d, %s, is not done", n+1, step.Title)
			if step.Kind == Changes {
				why = fmt.Sprintf("step %d, %s: %s", n+1, step.Title, notYet(step.Checks[c], s.steps[n].checks[c]))
			}
			return blocker{why: why, step: n}
		}
	}
	return blocker{step: -1}
}

// missed says which step of an earlier lesson the world does not show, and why; nil where it shows them all, or was not asked yet.
// A step that is only read can be read all the same.
func (s *Session) missed(i int) (why string, earlier *Earlier) {
	if s.opts.Lesson.Steps[i].Command == "" {
		return "", nil
	}
	for n := range s.earlier {
		earlier := &s.opts.Lesson.After[n]
		for c, record := range s.earlier[n].checks {
			if record.State == CheckFails {
				return fmt.Sprintf("%s, step %d, %s: %s", earlier.Title, earlier.Number, earlier.Step.Title, notYet(earlier.Step.Checks[c], record)), earlier
			}
		}
	}
	return "", nil
}

// notYet says what is not so, and what is so instead.
func notYet(check Check, record checkRecord) string {
	why := "not yet true that " + check.Title
	if record.Found != "" {
		why += " (" + record.Found + ")"
	}
	return why
}

// sandboxPlace is what SessionOptions.Where says of the sandbox.
const sandboxPlace = "sandbox"

// toTheSandbox says how one comes there.
const toTheSandbox = "start sigwalk with --on sandbox to do it there"

// NotHere says, in a sentence, that the lesson is for the sandbox alone, and how to come there, where one works elsewhere; else it
// returns "". where is as SessionOptions.Where.
func (l *Lesson) NotHere(where string) string { return notHere(where, "lesson", l.SandboxOnly) }

func notHere(where, what, reason string) string {
	if reason == "" || where == "" || where == sandboxPlace {
		return ""
	}
	return "this " + what + " is for the sandbox alone, because " + reason + ": " + toTheSandbox
}

// notHere says why step i, or its lesson, cannot be done where one works, or "".
func (s *Session) notHere(i int) string {
	if why := s.opts.Lesson.NotHere(s.opts.Where); why != "" {
		return why
	}
	return notHere(s.opts.Where, "step", s.opts.Lesson.Steps[i].SandboxOnly)
}

// lacks says which variable step i needs that has no value, or "".
func (s *Session) lacks(i int) string {
	for _, wanted := range s.opts.Lesson.Steps[i].Variables {
		names := strings.Split(wanted, "|")
		if !slices.ContainsFunc(names, s.isSet) {
			return orList(names) + " is not set"
		}
	}
	return ""
}

func (s *Session) isSet(name string) bool {
	v, ok := s.opts.Environment.Get(name)
	return ok && v.Value != ""
}

// blockedError is why Run refuses.
func (s *Session) blockedError(i int, by blocker) error {
	why := by.why
	what, next := "cannot be done yet", "give it a value with a flag, in the environment or in the configuration file"
	if s.notHere(i) != "" {
		what, next = "cannot be done here", toTheSandbox
		why = strings.TrimSuffix(why, ": "+toTheSandbox)
	}
	switch {
	case by.step >= 0:
		next = fmt.Sprintf("do step %d first: %s", by.step+1, s.opts.Lesson.Steps[by.step].Title)
	case by.earlier != nil:
		next = fmt.Sprintf("do step %d of the lesson %s first: %s", by.earlier.Number, by.earlier.Lesson, by.earlier.Step.Title)
	}
	return &actions.Error{
		Code: actions.CodeStepBlocked, What: fmt.Sprintf("step %d, %s, %s", i+1, s.opts.Lesson.Steps[i].Title, what),
		Why: why, Next: next,
	}
}
