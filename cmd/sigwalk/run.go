package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
)

func (a *app) runCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "run [LESSON...]",
		Short: "Run the steps of lessons without a screen, and stop at the first that fails",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.rehearse(cmd.Context(), args, yes)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "agree to the transparency log's notice (with the sandbox that is understood)")
	return printing(cmd, "text", "json")
}

// rehearsal is what `sigwalk run` found.
type rehearsal struct {
	Lessons []rehearsedLesson `json:"lessons"`
	Passed  int               `json:"passed"`
	Failed  int               `json:"failed"`
	Skipped int               `json:"skipped"`
}

type rehearsedLesson struct {
	Name  string          `json:"lesson"`
	Steps []rehearsedStep `json:"steps"`
}

type rehearsedStep struct {
	ID      string           `json:"id"`
	Title   string           `json:"title"`
	State   string           `json:"state"` // passed, failed or skipped
	Seconds float64          `json:"seconds"`
	Checks  []rehearsedCheck `json:"checks"`
	// Of a step that failed: why, what to do, and what it printed.
	Reason string `json:"reason,omitempty"`
	Next   string `json:"next,omitempty"`
	Output string `json:"output,omitempty"`
}

type rehearsedCheck struct {
	Title string `json:"title"`
	Holds bool   `json:"holds"`
	Found string `json:"found"`
}

func (a *app) rehearse(ctx context.Context, names []string, yes bool) error {
	course, err := a.course()
	if err != nil {
		return err
	}
	lessons, err := lessonsNamed(course, names)
	if err != nil {
		return err
	}
	p, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer p.close()
	result := rehearsal{}
	for _, lesson := range lessons {
		done, err := a.rehearseLesson(ctx, p, lesson, yes || p.handle != nil, result.Failed > 0)
		if err != nil {
			return err
		}
		result.Lessons = append(result.Lessons, done)
		for _, step := range done.Steps {
			switch step.State {
			case "passed":
				result.Passed++
			case "failed":
				result.Failed++
			default:
				result.Skipped++
			}
		}
	}
	if a.flags.output == "json" {
		a.printJSON(result)
	} else {
		a.say("%d passed, %d failed, %d skipped\n", result.Passed, result.Failed, result.Skipped)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case result.Failed > 0:
		return exit(1)
	}
	return nil
}

// lessonsNamed returns the lessons of those names, or all of them.
func lessonsNamed(course *workshop.Course, names []string) ([]*workshop.Lesson, error) {
	if len(names) == 0 {
		return course.Lessons, nil
	}
	lessons := make([]*workshop.Lesson, len(names))
	for i, name := range names {
		var err error
		if lessons[i], err = course.Lesson(name); err != nil {
			return nil, err
		}
	}
	return lessons, nil
}

// rehearseLesson runs the lesson's steps. After a failure, here or in an earlier lesson, the rest is skipped.
func (a *app) rehearseLesson(ctx context.Context, p *place, lesson *workshop.Lesson, consent, failed bool) (rehearsedLesson, error) {
	done := rehearsedLesson{Name: lesson.Name}
	if a.flags.output != "json" {
		a.say("%s\n", lesson.Title)
	}
	// It keeps no progress: a rehearsal starts at the first step and leaves a learner's place alone.
	session, sh, err := p.session(lesson, "", true)
	if err != nil {
		return done, err
	}
	defer func() { _ = errors.Join(session.Close(), sh.Close()) }()
	answering, stop := context.WithCancel(ctx)
	defer stop()
	go answer(answering, session, consent)
	for i, step := range lesson.Steps {
		row := rehearsedStep{ID: step.ID, Title: step.Title, State: "skipped"}
		if !failed && ctx.Err() == nil {
			start := time.Now()
			err := session.Run(ctx, i, "")
			row.fill(session.Snapshot().Steps[i], err)
			row.Seconds = time.Since(start).Seconds()
			if failed = row.State == "failed"; failed {
				row.Output, _ = session.Output(i, 0)
			}
		}
		done.Steps = append(done.Steps, row)
		a.printStep(row)
	}
	return done, p.saveVariables()
}

// answer gives the one answer that a rehearsal may give.
func answer(ctx context.Context, session *workshop.Session, consent bool) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-session.Changed():
			if q, waits := session.Question(); waits {
				session.Answer(actions.Answer{Yes: q.YesNo && consent})
			}
		}
	}
}

// fill says how a step ended. The world may show it as done although its command failed here, because somebody did it
// before; a rehearsal wants every command to work.
func (r *rehearsedStep) fill(s workshop.StepSnapshot, err error) {
	r.State = "passed"
	if s.State != workshop.StepDone || !s.Holds() || s.ExitCode != 0 && !s.Step.MeantToFail() {
		r.State = "failed"
	}
	for i, check := range s.Step.Checks {
		found := rehearsedCheck{Title: check.Title}
		if i < len(s.Checks) {
			found.Holds, found.Found = s.Checks[i].State == workshop.CheckHolds, s.Checks[i].Found
			if s.Checks[i].Err != nil {
				found.Found = s.Checks[i].Err.Error()
			}
		}
		r.Checks = append(r.Checks, found)
	}
	if err == nil {
		err = s.Err
	}
	if r.State != "failed" {
		return
	}
	var what *actions.Error
	switch {
	case errors.As(err, &what):
		r.Reason, r.Next = err.Error(), what.Next
	case err != nil:
		r.Reason = err.Error()
	case s.ExitCode != 0:
		r.Reason = fmt.Sprintf("the command ended with exit code %d", s.ExitCode)
	default:
		r.Reason = "the command ended well, and a check does not hold"
	}
}

func (a *app) printStep(row rehearsedStep) {
	if a.flags.output == "json" {
		return
	}
	word := map[string]string{"passed": "ok", "failed": "x ", "skipped": "--"}[row.State]
	a.say("  %s %-44s %6.2fs\n", word, row.Title, row.Seconds)
	if row.State != "failed" {
		return
	}
	for _, check := range row.Checks {
		mark := "x "
		if check.Holds {
			mark = "ok"
		}
		a.say("       %s %s: %s\n", mark, check.Title, check.Found)
	}
	if row.Reason != "" {
		a.say("     why:  %s\n", strings.ReplaceAll(row.Reason, "\n", "\n           "))
	}
	if row.Next != "" {
		a.say("     next: %s\n", strings.ReplaceAll(row.Next, "\n", "\n           "))
	}
	for line := range strings.Lines(row.Output) {
		line = strings.TrimRight(line, "\n")
		a.say("%s\n", "     | "+line)
	}
}
