package plain

import (
	"context"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// enter runs the step, or goes to what blocks it.
func (w *walker) enter(ctx context.Context) error {
	s := w.now()
	if s.State == workshop.StepBlocked && s.BlockedBy >= 0 {
		w.say("Step %d is blocked: %s.", w.step+1, widget.Clean(s.Blocked))
		w.say("This is the step to do first:")
		return w.turn(s.BlockedBy)
	}
	if s.State == workshop.StepBlocked && s.BlockedEarlier != nil {
		w.say("Step %d is blocked: %s.", w.step+1, widget.Clean(s.Blocked))
		w.say("That step is opened now, in its own lesson. L opens this lesson again afterwards.")
		return &otherLesson{s.BlockedEarlier.Lesson, s.BlockedEarlier.ID}
	}
	return w.run(ctx, "")
}

// jump goes to the step of a number.
func (w *walker) jump(number string) error {
	n, err := strconv.Atoi(number)
	if steps := len(w.session.Snapshot().Steps); err != nil || n < 1 || n > steps {
		w.say("There is no step %s. They go from 1 to %d, and l lists them.", widget.Clean(number), steps)
		return nil
	}
	return w.turn(n - 1)
}

// checks says what the world shows of the step, and what blocks it.
func (w *walker) checks() {
	s := w.now()
	w.say("State: %s.", stateWord(s))
	if len(s.Step.Checks) == 0 {
		w.say("This step has no checks: it is done when it was read.")
	}
	w.sayChecks(s)
	if s.State == workshop.StepBlocked && s.BlockedBy >= 0 {
		w.say("Enter goes to step %d, which blocks it.", s.BlockedBy+1)
	}
	if s.State == workshop.StepBlocked && s.BlockedEarlier != nil {
		w.say("Enter opens the lesson %s at step %d, which blocks it.", widget.Clean(s.BlockedEarlier.Title), s.BlockedEarlier.Number)
	}
}

func (w *walker) sayChecks(s workshop.StepSnapshot) {
	for i, check := range s.Step.Checks {
		result := "not looked at yet"
		if i < len(s.Checks) {
			result = checkWord(s.Checks[i])
		}
		w.say("Check: %s: %s.", widget.Clean(check.Title), result)
	}
}

// change asks for each line of the command, and runs what comes of it.
func (w *walker) change(ctx context.Context) error {
	command := strings.TrimRight(w.now().Step.Command, "\n")
	if command == "" {
		w.say("This step has no command.")
		return nil
	}
	lines := strings.Split(command, "\n")
	w.say("Enter keeps a line, a minus leaves it out, and anything else takes its place.")
	var changed []string
	for i, line := range lines {
		w.say("Line %d of %d is:", i+1, len(lines))
		w.plainly("  " + line)
		w.ask("line %d> ", i+1)
		text, err := w.in.read(ctx, w.interrupts)
		if err != nil {
			return err
		}
		w.echo(text)
		switch strings.TrimSpace(text) {
		case "":
			changed = append(changed, line)
		case "-":
		default:
			changed = append(changed, text)
		}
	}
	if len(changed) == 0 {
		w.say("Nothing is left of it, so nothing is run.")
		return nil
	}
	w.say("This is run:")
	for _, line := range changed {
		w.plainly("  " + line)
	}
	w.ask("Run it? y or n> ")
	yes, err := w.yes(ctx)
	if err != nil || !yes {
		return err
	}
	return w.run(ctx, strings.Join(changed, "\n"))
}
