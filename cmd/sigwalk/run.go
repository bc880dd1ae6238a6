package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Minutes is the time that is planned for the lessons, Seconds what their steps took.
	Minutes int     `json:"minutes"`
	Seconds float64 `json:"seconds"`
}

type rehearsedLesson struct {
	Name    string          `json:"lesson"`
	Minutes int             `json:"minutes"` // planned
	Seconds float64         `json:"seconds"` // that its steps took
	Steps   []rehearsedStep `json:"steps"`
}

type rehearsedStep struct {
	ID      string           `json:"id"`
	Title   string           `json:"title"`
	State   string           `json:"state"` // passed, failed or skipped
	Seconds float64          `json:"seconds"`
	Checks  []rehearsedCheck `json:"checks"`
	// Differs are the lines in which the output is another than the lesson expects: "-" for one that is missing, "+" for one that
	// was not expected. A step is not judged by them.
	Differs []string `json:"differs,omitempty"`
	// Of a step that failed: why, what to do, and what it printed. Of one that was left out, why.
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
	p, err := a.openToWalk(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	result := rehearsal{}
	// Where none can be done, the first shows why.
	some := slices.ContainsFunc(lessons, func(lesson *workshop.Lesson) bool { return p.lacking(lesson) == "" })
	for _, lesson := range lessons {
		if lacking := p.lacking(lesson); lacking != "" && some && len(names) == 0 && result.Failed == 0 {
			// It is for another deployment. One that was named shows why it cannot be done.
			result.add(a.leaveOut(lesson, lacking))
			continue
		}
		done, err := a.rehearseLesson(ctx, p, lesson, yes || p.handle != nil, result.Failed > 0)
		if err != nil {
			return err
		}
		result.add(done)
	}
	return a.concludeRehearsal(ctx, result)
}

// add counts the steps of a lesson.
func (r *rehearsal) add(done rehearsedLesson) {
	for _, step := range done.Steps {
		done.Seconds += step.Seconds
		switch step.State {
		case "passed":
			r.Passed++
		case "failed":
			r.Failed++
		default:
			r.Skipped++
		}
	}
	r.Lessons = append(r.Lessons, done)
	r.Minutes += done.Minutes
	r.Seconds += done.Seconds
}

// concludeRehearsal prints the sum and returns how it ended.
func (a *app) concludeRehearsal(ctx context.Context, result rehearsal) error {
	if a.flags.output == "json" {
		a.printJSON(result)
	} else {
		a.printTable(result)
		a.say("\n%d passed, %d failed, %d skipped\n", result.Passed, result.Failed, result.Skipped)
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

// stepRunner does a step of a rehearsal and fills in how it went.
type stepRunner func(ctx context.Context, session *workshop.Session, step int, row *rehearsedStep)

// rehearseLesson runs the lesson's steps. After a failure, here or in an earlier lesson, the rest is skipped.
func (a *app) rehearseLesson(ctx context.Context, p *place, lesson *workshop.Lesson, consent, failed bool) (rehearsedLesson, error) {
	return a.rehearseWith(ctx, p, lesson, consent, failed, runStep)
}

// runStep does one step of a rehearsal.
func runStep(ctx context.Context, session *workshop.Session, step int, row *rehearsedStep) {
	line := ""
	if rehearsal := session.Snapshot().Steps[step].Step.Rehearsal; rehearsal != nil {
		line = rehearsal.Command
	}
	err := session.Run(ctx, step, line)
	now := session.Snapshot().Steps[step]
	row.fill(now, err)
	if now.Step.Expected == "" || now.Runs == 0 {
		return
	}
	printed, _ := session.Output(step, 0)
	for _, line := range workshop.Differences(workshop.CompareOutput(now.Step.Expected, printed)) {
		mark := "+ "
		if line.Outcome == workshop.Missing {
			mark = "- "
		}
		row.Differs = append(row.Differs, mark+line.Text)
	}
}

// rehearseWith is rehearseLesson with a way to do each step.
func (a *app) rehearseWith(ctx context.Context, p *place, lesson *workshop.Lesson, consent, failed bool, do stepRunner) (rehearsedLesson, error) {
	done := rehearsedLesson{Name: lesson.Name, Minutes: lesson.Minutes}
	if a.flags.output != "json" {
		a.say("%s\n", lesson.Title)
	}
	// It keeps no progress: a rehearsal starts at the first step and leaves a learner's place alone.
	session, sh, err := p.session(ctx, lesson, "", true)
	if err != nil {
		return done, err
	}
	defer func() { _ = errors.Join(session.Close(), sh.Close()) }()
	answering, stop := context.WithCancel(ctx)
	defer stop()
	go answer(answering, session, consent)
	left := map[string]bool{} // steps that nobody could sign in for, and those that need them
	for i, step := range lesson.Steps {
		row := rehearsedStep{ID: step.ID, Title: step.Title, State: "skipped", Reason: session.Unrehearsable(i)}
		if slices.ContainsFunc(step.Needs, func(need string) bool { return left[need] }) {
			row.Reason = "a step that it needs was left out"
		}
		left[step.ID] = row.Reason != ""
		if !failed && !left[step.ID] && ctx.Err() == nil {
			start := time.Now()
			do(ctx, session, i, &row)
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

// lacking says why the lesson cannot be done here: it is for the sandbox alone, or a variable that it needs is not set; or it
// returns "".
func (p *place) lacking(lesson *workshop.Lesson) string {
	if why := lesson.NotHere(p.where.On); why != "" {
		return why
	}
	for _, name := range lesson.Needs {
		if p.value(name) == "" {
			return "the lesson needs " + name + ", which is not set"
		}
	}
	return ""
}

// leaveOut says that a lesson is not for this deployment.
func (a *app) leaveOut(lesson *workshop.Lesson, why string) rehearsedLesson {
	out := rehearsedLesson{Name: lesson.Name, Minutes: lesson.Minutes}
	if a.flags.output != "json" {
		a.say("%s\n", lesson.Title)
	}
	for _, step := range lesson.Steps {
		row := rehearsedStep{ID: step.ID, Title: step.Title, State: "skipped", Reason: why}
		out.Steps = append(out.Steps, row)
		a.printStep(row)
	}
	return out
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
		if s.BlockedEarlier != nil {
			r.Next = "run that lesson before this one: sigwalk run " + s.BlockedEarlier.Lesson
		}
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
	if len(row.Differs) > 0 {
		a.say("     note: its output differs from the expected one\n")
	}
	for _, line := range row.Differs {
		a.say("     %s\n", line)
	}
	if row.State == "skipped" && row.Reason != "" {
		a.say("     why:  %s\n", row.Reason)
	}
	if row.State != "failed" {
		return
	}
	for _, check := range row.Checks {
		mark := "x "
		if check.Holds {
			mark = "ok"
		}
		a.say("       %s %s: %s\n", mark, check.Title, cmp.Or(check.Found, "not looked at"))
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
