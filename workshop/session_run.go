package workshop

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// Run runs the step (its own command, or line when that is not empty) and then its checks. It returns when all is done;
// cancelling ctx stops it. It fails only when the step cannot be run at all (CodeStepBlocked, CodeStepRunning, CodeUsage);
// how the line ended is in the snapshot, with ExitCode 130 when it was stopped. A step without a command is read, and done.
func (s *Session) Run(ctx context.Context, step int, line string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := s.reserve(step, stop); err != nil {
		return err
	}
	defer s.release()
	if err := s.confirmNeeds(ctx, step); err != nil {
		return err
	}
	if strings.TrimSpace(line) == "" {
		line = s.opts.Lesson.Steps[step].Command
	}
	if line == "" {
		s.change(step, func(state *stepState) { state.observed, state.ranHere, state.skipped = true, true, false })
		_ = s.save()
		return nil
	}
	s.keepBefore(ctx, step)
	s.begin(step)
	start := time.Now()
	result, err := s.runLine(ctx, step, line)
	s.finish(ctx, step, result, err, time.Since(start))
	s.transcribe(step, line, start)
	s.keepAfter()
	return nil
}

// reserve makes sure that one step runs at a time.
func (s *Session) reserve(step int, stop context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case step < 0 || step >= len(s.steps):
		return &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("there is no step %d", step+1),
			Next: fmt.Sprintf("name one from 1 to %d", len(s.steps)),
		}
	case s.closed:
		return &actions.Error{Code: actions.CodeInternal, What: "the session is closed"}
	case s.busy:
		return &actions.Error{
			Code: actions.CodeStepRunning, What: "another step is running",
			Next: "wait until it ends, or stop it",
		}
	}
	s.busy, s.stop = true, stop
	return nil
}

func (s *Session) release() {
	s.mu.Lock()
	s.busy, s.stop = false, nil
	s.mu.Unlock()
	s.lookNow()
}

// confirmNeeds asks the world once more about the needs that were not seen to hold: the watcher may not have looked yet.
func (s *Session) confirmNeeds(ctx context.Context, step int) error {
	s.mu.Lock()
	var ask []subject
	for n := range step {
		if s.needs(step, n) && s.opts.Lesson.Steps[n].Kind == Changes && !s.steps[n].certain() {
			ask = append(ask, s.subject(n))
		}
	}
	for n, known := range s.earlier {
		if !known.certain() {
			ask = append(ask, s.earlierSubject(n))
		}
	}
	s.mu.Unlock()
	if len(ask) > 0 {
		s.probe(ctx, ask)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if by := s.blocked(step); by.why != "" {
		return s.blockedError(step, by)
	}
	return nil
}

// needs reports whether step names the step n. The caller holds s.mu.
func (s *Session) needs(step, n int) bool {
	for _, id := range s.opts.Lesson.Steps[step].Needs {
		if s.opts.Lesson.Steps[n].ID == id {
			return true
		}
	}
	return false
}

// begin clears what the last run of a step left.
func (s *Session) begin(step int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.steps[step]
	state.generation++
	state.running, state.skipped = true, false
	state.exitCode, state.values, state.err, state.took = 0, nil, nil, 0
	state.stages, state.progress, state.notes = nil, nil, nil
	s.outputs[step].setFinished(false)
	state.outputAt = s.outputs[step].end()
	s.current = step
	s.notify()
}

// runLine runs a line in the shell. A panic below ends the line and not the program.
func (s *Session) runLine(ctx context.Context, step int, line string) (result shell.Result, err error) {
	out := s.outputs[step]
	defer func() {
		if defect := recover(); defect != nil {
			result.ExitCode = 1
			err = &actions.Error{
				Code: actions.CodeInternal, What: "the command ended by a defect of sigwalk", Why: fmt.Sprint(defect),
				Next: "please report it with this trace:\n" + string(debug.Stack()),
			}
		}
		s.endTrace(step)
	}()
	return s.opts.Shell.Run(ctx, line, shell.Streams{Out: out, Err: out}, s.traced(step, &runObserver{session: s, step: step}))
}

// finish keeps how the line ended and looks at the checks.
func (s *Session) finish(ctx context.Context, step int, result shell.Result, err error, took time.Duration) {
	stopped := ctx.Err() != nil
	s.mu.Lock()
	state := s.steps[step]
	if err == nil {
		err = result.Err
	}
	state.exitCode, state.values, state.err, state.took = result.ExitCode, result.Values, err, took
	switch {
	case stopped:
		state.exitCode, state.err = 130, ctx.Err()
	case err != nil && state.exitCode == 0:
		// The line is no shell syntax, or was never run: a pipeline that ends well keeps its 0.
		if result.Err == nil {
			state.exitCode = max(1, actions.ExitCode(err))
		}
	}
	if !stopped {
		state.ranHere = true
		for c := range state.checks {
			state.checks[c].State = CheckProbing
		}
	}
	s.mu.Unlock()
	s.outputs[step].setFinished(true)
	s.notify()
	if !stopped {
		s.judge(ctx, step, &result)
	}
	s.mu.Lock()
	state.running = false
	state.runs++
	s.mu.Unlock()
	s.forgetProbing(&s.steps[step].looks)
}

// runObserver turns what a line's actions report into the step's state.
type runObserver struct {
	session *Session
	step    int
}

// Event implements actions.Observer.
func (o *runObserver) Event(_ context.Context, event actions.Event) {
	o.session.change(o.step, func(state *stepState) {
		switch e := event.(type) {
		case actions.Stage:
			state.stages = withStage(state.stages, e)
		case actions.Progress:
			state.progress = withProgress(state.progress, e)
		case actions.Note:
			state.notes = append(state.notes, e)
		}
	})
}

// withStage adds a stage that starts, and replaces the one that started when it ends. A line may run an action twice: the
// last stage of a name is the one that ends.
func withStage(stages []actions.Stage, stage actions.Stage) []actions.Stage {
	if stage.State != actions.StageStarted {
		for i := len(stages) - 1; i >= 0; i-- {
			if stages[i].ID == stage.ID && stages[i].State == actions.StageStarted {
				stages[i] = stage
				return stages
			}
		}
	}
	return append(stages, stage)
}

func withProgress(list []actions.Progress, progress actions.Progress) []actions.Progress {
	for i := range list {
		if list[i].ID == progress.ID {
			list[i] = progress
			return list
		}
	}
	return append(list, progress)
}

// Ask implements actions.Observer: one question waits at a time. It is kept with what the line prints, the answer too
// where it is no text.
func (o *runObserver) Ask(ctx context.Context, question actions.Question) (actions.Answer, error) {
	s := o.session
	if s.opts.Unattended {
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	select {
	case s.asking <- struct{}{}:
	case <-ctx.Done():
		return actions.Answer{}, ctx.Err()
	}
	defer func() { <-s.asking }()
	transcript := s.outputs[o.step]
	_, _ = io.WriteString(transcript, question.Script())
	if s.opts.Rehearse && question.ID == identity.QuestionSignIn {
		answer, err := s.rehearse(ctx, o.step, question)
		_, _ = io.WriteString(transcript, answer.Text.String()+"\n")
		return answer, err
	}
	if s.agreed(question) {
		_, _ = io.WriteString(transcript, "y (agreed to before, in this session)\n")
		return actions.Answer{Yes: true}, nil
	}
	pending := &pendingQuestion{question: question, answer: make(chan actions.Answer, 1)}
	s.setQuestion(pending)
	defer s.setQuestion(nil)
	select {
	case answer := <-pending.answer:
		_, _ = io.WriteString(transcript, said(question, answer)+"\n")
		s.agree(question, answer)
		return answer, nil
	case <-ctx.Done():
		if !question.NoText {
			_, _ = io.WriteString(transcript, "\n")
		}
		return actions.Answer{}, ctx.Err()
	}
}

// said is an answer as the transcript keeps it.
func said(question actions.Question, answer actions.Answer) string {
	switch {
	case question.YesNo && answer.Yes:
		return "y"
	case question.YesNo:
		return "n"
	case answer.Choice != "":
		return answer.Choice
	}
	return answer.Text.String()
}

// agreed reports whether a yes to a lasting question was given before, in this session.
func (s *Session) agreed(question actions.Question) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return question.Lasting && s.yes[question.ID]
}

func (s *Session) agree(question actions.Question, answer actions.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if question.Lasting && answer.Yes {
		s.yes[question.ID] = true
	}
}

func (s *Session) setQuestion(pending *pendingQuestion) {
	s.mu.Lock()
	s.question = pending
	s.mu.Unlock()
	s.notify()
}
