package workshop

import (
	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trace"
)

// tracing is the trace of a step's last run: while it runs what records it, afterwards what was recorded.
type tracing struct {
	recorder *trace.Recorder
	ended    *trace.Trace
}

// traced returns an observer that keeps a trace of the run of a step that begins, in front of next.
func (s *Session) traced(step int, next actions.Observer) actions.Observer {
	recorder := trace.NewRecorder(next, s.opts.Clock)
	s.mu.Lock()
	s.steps[step].tracing = &tracing{recorder: recorder}
	s.mu.Unlock()
	return recorder
}

// endTrace keeps the trace as it is when the run ends: what comes later belongs to no run.
func (s *Session) endTrace(step int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.steps[step].tracing; t != nil {
		ended := t.recorder.Trace()
		t.ended = &ended
	}
}

// Trace returns what the last run of a step did, so far where it still runs; ok is false where none was run in this session.
func (s *Session) Trace(step int) (t trace.Trace, running, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if step < 0 || step >= len(s.steps) || s.steps[step].tracing == nil {
		return trace.Trace{}, false, false
	}
	kept := s.steps[step].tracing
	if kept.ended != nil {
		return *kept.ended, false, true
	}
	return kept.recorder.Trace(), true, true
}
