package workshop

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// Undo is what putting the sandbox back as it was before a step does.
type Undo struct {
	// Changes says each thing that is done, in words, such as "removes the file cosign.key". There may be none.
	Changes []string
	// Left says what is not as it was and cannot be put back, and why.
	Left []string
	// Steps are the steps of this lesson that are to be done again, by their index: the one that was asked for, and those that
	// ran since.
	Steps []int
	// Elsewhere are the steps of other lessons that ran since, which are to be done again, too.
	Elsewhere []undo.Step
}

// keepFor bounds how long a step waits until the world before it is kept.
const keepFor = 10 * time.Second

// keepBefore keeps the world before a step runs for the first time.
func (s *Session) keepBefore(ctx context.Context, step int) {
	if s.opts.Undo == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, keepFor)
	defer cancel()
	s.opts.Undo.Before(ctx, s.stepOf(step))
	s.noteUndo()
}

// noteUndo tells what a person should know of what is kept to undo.
func (s *Session) noteUndo() {
	if s.opts.Undo == nil {
		return
	}
	for _, text := range s.opts.Undo.Notices() {
		s.mu.Lock()
		s.note("%s", text) // each once
		s.mu.Unlock()
	}
}

func (s *Session) stepOf(step int) undo.Step {
	return undo.Step{Lesson: s.opts.Lesson.Name, ID: s.opts.Lesson.Steps[step].ID}
}

// Undoable says what Undo would do. It fails with CodeUsage where nothing can be put back, and says why.
func (s *Session) Undoable(ctx context.Context, step int) (Undo, error) {
	if s.opts.Undo == nil {
		return Undo{}, &actions.Error{
			Code: actions.CodeUsage, What: "what a step changed can be undone in the sandbox alone", Why: "a registry that is not sigwalk's own may be somebody else's too",
			Next: "x makes the step one that is to be done again, and leaves the world as it is",
		}
	}
	plan, err := s.opts.Undo.Plan(ctx, s.stepOf(step))
	return s.undoOf(plan), err
}

// Undo puts the sandbox back as it was before a step ran for the first time, with all that was done since, and resets the
// steps that this undoes. What the transparency log holds stays in it.
func (s *Session) Undo(ctx context.Context, step int) (Undo, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := s.reserve(step, stop); err != nil {
		return Undo{}, err
	}
	defer s.release()
	if _, err := s.Undoable(ctx, step); err != nil {
		return Undo{}, err
	}
	plan, err := s.opts.Undo.Undo(ctx, s.stepOf(step))
	if err != nil {
		return Undo{}, err
	}
	undone := s.undoOf(plan)
	for _, i := range undone.Steps {
		s.Reset(i)
	}
	s.Select(step)
	return undone, s.forgetElsewhere(undone.Elsewhere)
}

// forgetElsewhere makes steps of other lessons ones that are to be done again.
func (s *Session) forgetElsewhere(steps []undo.Step) error {
	if s.opts.ProgressOf == nil {
		return nil
	}
	var err error
	for i, step := range steps {
		if slices.ContainsFunc(steps[:i], func(before undo.Step) bool { return before.Lesson == step.Lesson }) {
			continue // it was forgotten with that one
		}
		var ids []string
		for _, other := range steps[i:] {
			if other.Lesson == step.Lesson {
				ids = append(ids, other.ID)
			}
		}
		progress := progressStore{path: s.opts.ProgressOf(step.Lesson)}
		err = errors.Join(err, progress.forget(step.Lesson, ids))
	}
	return err
}

// undoOf finds the steps of a plan in this lesson.
func (s *Session) undoOf(plan undo.Plan) Undo {
	out := Undo{Changes: plan.Changes, Left: plan.Left}
	for _, ran := range plan.Steps {
		if ran.Lesson != s.opts.Lesson.Name {
			out.Elsewhere = append(out.Elsewhere, ran)
			continue
		}
		for i := range s.opts.Lesson.Steps {
			if s.stepOf(i) == ran {
				out.Steps = append(out.Steps, i)
			}
		}
	}
	return out
}
