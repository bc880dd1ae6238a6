package workshop

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/workshop/transcript"
)

// Try runs a line that the lesson does not ask for, whatever the step needs. It is looked at as the step's own line is, and may so
// make the step done; it never makes it fail. It returns as Run does.
func (s *Session) Try(ctx context.Context, step int, line string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := s.reserve(step, stop); err != nil {
		return err
	}
	defer s.release()
	if strings.TrimSpace(line) == "" {
		return nil
	}
	s.mu.Lock()
	runs, ranHere, skipped := s.steps[step].runs, s.steps[step].ranHere, s.steps[step].skipped
	s.mu.Unlock()
	s.keepBefore(ctx, step)
	s.begin(step)
	start := time.Now()
	result, err := s.runLine(ctx, step, line)
	s.finish(ctx, step, result, err, time.Since(start))
	s.mu.Lock()
	if state := s.steps[step]; !s.done(step) {
		state.runs, state.ranHere, state.skipped = runs, ranHere, skipped
	}
	s.mu.Unlock()
	s.notify()
	s.transcribe(step, line, start)
	s.keepAfter()
	return nil
}

// mostRemembered is how many lines History returns.
const mostRemembered = 500

// History returns the lines that were run in the course, the last one last, each once, without secrets.
func (s *Session) History() []string {
	if s.opts.Transcript == "" {
		return nil
	}
	entries, _, err := transcript.Read(s.opts.Transcript)
	if err != nil {
		return nil
	}
	var lines []string
	for _, e := range entries {
		lines = slices.DeleteFunc(lines, func(line string) bool { return line == e.Line })
		lines = append(lines, e.Line)
	}
	return lines[max(0, len(lines)-mostRemembered):]
}

// Complete returns what the last word of a line can become, and where that word begins, as shell.Shell.Complete.
func (s *Session) Complete(ctx context.Context, text string) (candidates []string, from int) {
	return s.opts.Shell.Complete(ctx, text)
}
