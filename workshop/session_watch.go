package workshop

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/workshop/shell"
)

const (
	// checkTimeout bounds one look at the world.
	checkTimeout = 10 * time.Second
	// finishedEvery is how many rounds pass between two looks at a step that is done or skipped.
	finishedEvery = 15
	// restFor is how many times longer than its last look took a step is left alone: an image with very many signatures
	// must not keep the machine busy. slowest, in rounds, is the most that this and idling put off a look.
	restFor = 20
	slowest = 5
	// idleAfter is how long a learner may do nothing before looks become seldom.
	idleAfter = 10 * time.Minute
	// probesAtOnce bounds the steps that are looked at side by side.
	probesAtOnce = 4
)

// Watch evaluates the checks of open steps until ctx ends: those of steps that are not done at every round, those that are
// done far more seldom, none while a step runs. It returns when the last check that it began has ended.
func (s *Session) Watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.kick:
			asked = true
		}
		if due := s.due(asked); len(due) > 0 {
			s.probe(ctx, due)
			if ctx.Err() != nil {
				return
			}
		}
		timer.Reset(s.opts.Probe)
	}
}

// lookNow makes Watch begin its next round at once.
func (s *Session) lookNow() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// subject is a step that the world is asked about: one of this lesson, or of an earlier one.
type subject struct {
	known  *looks
	checks []Check
}

func (s *Session) subject(step int) subject {
	return subject{&s.steps[step].looks, s.opts.Lesson.Steps[step].Checks}
}

func (s *Session) earlierSubject(n int) subject {
	return subject{s.earlier[n], s.opts.Lesson.After[n].Step.Checks}
}

// due lists the steps whose checks are to be asked in this round. When the person has just done something, open steps are
// asked without delay.
func (s *Session) due(asked bool) []subject {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || s.closed {
		return nil
	}
	now := time.Now()
	if asked {
		s.touched = now
	}
	var due []subject
	take := func(of subject, finished bool) {
		since := now.Sub(of.known.probed)
		if finished && of.known.answered() {
			if since < finishedEvery*s.opts.Probe {
				return
			}
		} else if !asked && since < s.rest(of.known, now) {
			return
		}
		due = append(due, of)
	}
	for n, known := range s.earlier {
		take(s.earlierSubject(n), known.certain())
	}
	for i, state := range s.steps {
		if s.opts.Lesson.Steps[i].Kind == Changes {
			take(s.subject(i), s.done(i) || state.skipped)
		}
	}
	return due
}

// rest is how long an open step is left alone between two looks. The caller holds s.mu.
func (s *Session) rest(known *looks, now time.Time) time.Duration {
	most := slowest * s.opts.Probe
	if now.Sub(s.touched) > idleAfter {
		return most
	}
	return min(restFor*known.cost, most)
}

// probe asks the world about the checks of the given steps, side by side, and returns when all have answered.
func (s *Session) probe(ctx context.Context, steps []subject) {
	before := s.doneMask()
	look := s.world.look()
	var group errgroup.Group
	group.SetLimit(probesAtOnce)
	for _, of := range steps {
		group.Go(func() error {
			start := time.Now()
			s.checkStep(ctx, of, look, nil)
			s.mu.Lock()
			of.known.probed, of.known.cost = time.Now(), time.Since(start)
			s.mu.Unlock()
			return nil
		})
	}
	_ = group.Wait()
	if before != s.doneMask() {
		_ = s.save()
	}
}

// Look asks the checks of a step about the world now and returns what they found. Those of a step's own run do not hold
// before it ran.
func (s *Session) Look(ctx context.Context, step int) []CheckResult {
	s.probe(ctx, []subject{s.subject(step)})
	return s.Snapshot().Steps[step].Checks
}

// judge evaluates all checks of a step after a run, with what the run gave, and settles an observing step.
func (s *Session) judge(ctx context.Context, step int, result *shell.Result) {
	s.checkStep(ctx, s.subject(step), s.world.look(), result)
	s.change(step, func(state *stepState) {
		for _, check := range state.checks {
			if check.State != CheckHolds {
				return
			}
		}
		if s.opts.Lesson.Steps[step].Kind == Observes {
			state.observed = true
		}
	})
}

// checkStep evaluates the checks of one step one after another. Without a result those that look at the step's own run are
// left as they are. What comes out after a newer run or a reset is dropped.
func (s *Session) checkStep(ctx context.Context, of subject, look *look, result *shell.Result) {
	s.mu.Lock()
	generation := of.known.generation
	for c := range of.known.checks {
		if record := &of.known.checks[c]; record.State == CheckUnknown {
			record.State = CheckProbing
			s.notify()
		}
	}
	s.mu.Unlock()
	for c, check := range of.checks {
		kind, _ := kindOf(check.Kind)
		if kind.ofRun && result == nil {
			continue
		}
		checkCtx, cancel := context.WithTimeout(ctx, checkTimeout)
		outcome := look.evaluate(checkCtx, check, result)
		cancel()
		if ctx.Err() != nil {
			s.forgetProbing(of.known)
			return
		}
		outcome.At = s.opts.Clock.Now()
		s.mu.Lock()
		if of.known.generation == generation {
			s.record(&of.known.checks[c], outcome, kind.lasting)
		}
		s.mu.Unlock()
	}
}

// forgetProbing gives checks that were not asked to the end back their uncertainty.
func (s *Session) forgetProbing(known *looks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range known.checks {
		if record := &known.checks[c]; record.State == CheckProbing {
			record.State = CheckUnknown
		}
	}
	s.notify()
}

// record keeps what a check found. The time is that of the first look that found it so. The caller holds s.mu.
func (s *Session) record(record *checkRecord, outcome CheckResult, lasting bool) {
	switch outcome.State {
	case CheckHolds:
		record.held = true
	case CheckFails:
		record.held = record.held && lasting
	case CheckUnknown, CheckProbing, CheckBroken:
	}
	if record.State == outcome.State && record.Found == outcome.Found && errorText(record.Err) == errorText(outcome.Err) {
		return
	}
	record.CheckResult = outcome
	s.notify()
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// doneMask says which steps are done, one letter a step, to see whether that changed.
func (s *Session) doneMask() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	mask := make([]byte, len(s.steps))
	for i := range s.steps {
		mask[i] = '-'
		if s.done(i) {
			mask[i] = '+'
		}
	}
	return string(mask)
}
