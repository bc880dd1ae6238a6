package workshop

import (
	"maps"

	"github.com/sigwalk/sigwalk/actions"
)

// Reopen returns a session of the same learner in another edition of the lesson, at the step of the ID at, after Close. Steps
// keep what is known of them under their ID: their progress, the results of the last run, and what it printed. What a check
// found counts where the check is the same. It fails with CodeInternal while the session is open.
func (s *Session) Reopen(lesson *Lesson, at string) (*Session, error) {
	s.mu.Lock()
	closed := s.closed && !s.busy
	s.mu.Unlock()
	if !closed {
		return nil, &actions.Error{Code: actions.CodeInternal, What: "a session that is open cannot be opened again"}
	}
	opts := s.opts
	opts.Lesson, opts.Step = lesson, at
	next, err := NewSession(opts)
	if err != nil {
		return nil, err
	}
	next.inherit(s)
	return next, nil
}

// inherit takes over what the session before knew of the steps that are still there.
func (s *Session) inherit(before *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before.mu.Lock()
	defer before.mu.Unlock()
	s.yes = before.yes
	for i, step := range s.opts.Lesson.Steps {
		for b, old := range before.opts.Lesson.Steps {
			if old.ID != step.ID {
				continue
			}
			resumed := s.steps[i]
			state := *before.steps[b]
			state.checks = make([]checkRecord, len(step.Checks))
			for c, check := range step.Checks {
				state.checks[c] = resumed.checks[c]
				if c < len(old.Checks) && old.Checks[c].Kind == check.Kind && maps.Equal(old.Checks[c].With, check.With) {
					state.checks[c] = before.steps[b].checks[c]
				}
			}
			state.observed = state.observed && step.Kind != Changes
			s.steps[i] = &state
			s.outputs[i] = before.outputs[b].passOn(s.notify)
		}
	}
}
