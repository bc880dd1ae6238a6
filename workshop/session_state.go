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
	if why, _ := s.blocked(i); why != "" {
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

// blocked says why step i cannot be run now and which step is to be done first (-1 when it is none of them), or "".
func (s *Session) blocked(i int) (why string, by int) {
	if why := s.notHere(i); why != "" {
		return why, -1
	}
	for _, name := range s.opts.Lesson.Needs {
		if !s.isSet(name) {
			return name + " is not set, and the lesson needs it", -1
		}
	}
	if lacks := s.lacks(i); lacks != "" {
		return lacks + ", and the step needs it", -1
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
			why = fmt.Sprintf("step %d, %s, is not done", n+1, step.Title)
			if step.Kind == Changes {
				why = fmt.Sprintf("step %d, %s: not yet true that %s", n+1, step.Title, step.Checks[c].Title)
				if found := s.steps[n].checks[c].Found; found != "" {
					why += " (" + found + ")"
				}
			}
			return why, n
		}
	}
	return "", -1
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
func (s *Session) blockedError(i int, why string, by int) error {
	what, next := "cannot be done yet", "give it a value with a flag, in the environment or in the configuration file"
	if s.notHere(i) != "" {
		what, next = "cannot be done here", toTheSandbox
		why = strings.TrimSuffix(why, ": "+toTheSandbox)
	}
	if by >= 0 {
		next = fmt.Sprintf("do step %d first: %s", by+1, s.opts.Lesson.Steps[by].Title)
	}
	return &actions.Error{
		Code: actions.CodeStepBlocked, What: fmt.Sprintf("step %d, %s, %s", i+1, s.opts.Lesson.Steps[i].Title, what),
		Why: why, Next: next,
	}
}
