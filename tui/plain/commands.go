package plain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// command is one thing that can be typed at the prompt. The letters are those of the screens.
type command struct {
	name, help string
	do         func(w *walker, ctx context.Context, rest string) error
}

// is reports whether word is the command. Case counts only where two commands differ by nothing else.
func (c command) is(word string) bool {
	if strings.EqualFold(c.name, "l") {
		return c.name == word
	}
	return strings.EqualFold(c.name, word)
}

// takes reports whether more may stand behind the command.
func (c command) takes() bool {
	return c.name == "$" || c.name == "L" || c.name == "trace" || c.name == "set"
}

func commands() []command {
	return []command{
		{"", "alone, runs the command of the step", func(w *walker, ctx context.Context, _ string) error { return w.run(ctx, "") }},
		{"$", "a dollar sign and a line: runs that line of the workshop shell", func(w *walker, ctx context.Context, rest string) error {
			return w.try(ctx, rest)
		}},
		{"n", "goes to the next step", func(w *walker, _ context.Context, _ string) error { return w.turn(w.step + 1) }},
		{"p", "goes to the step before", func(w *walker, _ context.Context, _ string) error { return w.turn(w.step - 1) }},
		{"r", "reads the step again", func(w *walker, _ context.Context, _ string) error { w.show(); return nil }},
		{"h", "gives a hint, and then the next one", func(w *walker, _ context.Context, _ string) error { w.hint(); return nil }},
		{"w", "says why this step is there", func(w *walker, _ context.Context, _ string) error { w.why(); return nil }},
		{"l", "lists the steps", func(w *walker, _ context.Context, _ string) error { w.list(); return nil }},
		{"L", "lists the lessons; with a number behind it, opens that lesson", func(w *walker, _ context.Context, rest string) error { return w.lessons(rest) }},
		{"e", "lists the variables; secrets are dots", func(w *walker, _ context.Context, _ string) error { w.env(); return nil }},
		{"s", "opens a shell with the variables of the lesson", func(w *walker, ctx context.Context, _ string) error { w.shell(); return nil }},
		{"d", "doctor: finds out what is wrong with the deployment, and says what to do", func(w *walker, ctx context.Context, _ string) error { return w.doctor(ctx) }},
		{"-", "leaves this step out", func(w *walker, _ context.Context, _ string) error {
			w.session.Skip(w.step)
			return w.turn(w.step + 1)
		}},
		{"t", "writes what was run, as Markdown, to a new file", func(w *walker, _ context.Context, _ string) error { w.export(); return nil }},
		{"page", "opens the page that a Quay has of the repository in your browser, and says its address", func(w *walker, ctx context.Context, _ string) error {
			return w.page(ctx)
		}},
		{"trace", "says what the step did, stage by stage, with its network calls; with a number behind it what that stage made; with the word save, keeps all of it as JSON in a new file", func(w *walker, _ context.Context, rest string) error {
			w.trace(rest)
			return nil
		}},
		{"set", "lists the settings; with a name and a value behind it, sets one, such as: set mouse on", func(w *walker, _ context.Context, rest string) error {
			w.set(rest)
			return nil
		}},
		{"x", "resets this step, after a question", (*walker).reset},
		{"u", "puts the sandbox back as it was before this step, after a question", func(w *walker, ctx context.Context, _ string) error { return w.undo(ctx) }},
		{"?", "lists the commands", func(w *walker, _ context.Context, _ string) error { w.help(); return nil }},
		{"q", "quits", func(*walker, context.Context, string) error { return errEnded }},
	}
}

// page opens the page that the registry has of the repository.
func (w *walker) page(ctx context.Context) error {
	if w.opts.Page == nil {
		w.say("There is no registry here.")
		return nil
	}
	address, err := w.opts.Page(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		w.failure(err)
	case w.opts.Browser == nil || w.opts.Browser(ctx, address) != nil:
		w.say("There is no browser here. The page is at:")
		_, _ = fmt.Fprintln(w.out, widget.Clean(address))
	default:
		w.say("Opened in your browser:")
		_, _ = fmt.Fprintln(w.out, widget.Clean(address))
	}
	return nil
}

func (w *walker) turn(step int) error {
	n := len(w.session.Snapshot().Steps)
	switch {
	case step < 0:
		w.say("This is the first step.")
	case step >= n:
		if next := w.after(); next != nil {
			return &otherLesson{next.Name}
		}
		w.say("This is the last step.")
	default:
		w.step, w.hints = step, 0
		w.session.Select(step)
		w.show()
	}
	return nil
}

func (w *walker) hint() {
	hints := w.now().Step.Hints
	if len(hints) == 0 {
		w.say("There are no hints to this step.")
		return
	}
	w.hints = min(w.hints+1, len(hints))
	w.say("Hint %d of %d:", w.hints, len(hints))
	w.text(hints[w.hints-1])
}

func (w *walker) why() {
	if why := w.now().Step.Why; why != "" {
		w.text(why)
		return
	}
	w.say("This step says why by itself.")
}

func (w *walker) list() {
	for i, s := range w.session.Snapshot().Steps {
		w.say("%d. %s: %s", i+1, widget.Clean(s.Step.Title), stateWord(s))
	}
}

// export writes the transcript to a file.
func (w *walker) export() {
	file, err := w.session.ExportTranscript(w.opts.Dir, w.opts.Course)
	if err != nil {
		w.failure(err)
		return
	}
	w.say("What was run is in %s.", widget.Clean(filepath.Join(w.opts.Dir, file)))
}

// after returns the lesson that follows this one, or nil.
func (w *walker) after() *workshop.Lesson {
	if w.opts.Course == nil {
		return nil
	}
	return w.opts.Course.After(w.session.Snapshot().Lesson.Name)
}

// lessons lists the lessons, or opens the one of that number.
func (w *walker) lessons(number string) error {
	if w.opts.Course == nil {
		w.say("This lesson is part of no course.")
		return nil
	}
	if number == "" {
		for i, s := range w.opts.Standings() {
			only := ""
			if s.Lesson.SandboxOnly != "" {
				only = " For the sandbox alone, because " + widget.Clean(s.Lesson.SandboxOnly) + "."
			}
			w.say("%d. %s: %d of %d steps done, %d minutes planned.%s", i+1, widget.Clean(s.Lesson.Title), s.Done, len(s.Lesson.Steps), s.Lesson.Minutes, only)
		}
		w.say("L and a number opens one, such as: L 2")
		return nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(w.opts.Course.Lessons) {
		w.say("There is no lesson %s. L lists them.", widget.Clean(number))
		return nil
	}
	return &otherLesson{w.opts.Course.Lessons[n-1].Name}
}

func (w *walker) env() {
	for _, v := range w.session.Snapshot().Env {
		value := widget.Clean(v.Value)
		switch {
		case v.Value == "":
			value = "has no value"
		case v.Secret || environment.IsSecret(v.Name):
			value = "secret, set"
		}
		w.say("%s: %s (from %s)", widget.Clean(v.Name), value, widget.Clean(string(v.Source)))
	}
}

func (w *walker) shell() {
	if w.opts.Shell == nil {
		w.say("There is no shell here.")
		return
	}
	cmd := w.opts.Shell()
	if cmd.Stdin == nil {
		cmd.Stdin = w.opts.In
	}
	if cmd.Stdout == nil {
		cmd.Stdout = w.out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	w.say("A shell with the variables of the lesson. Type exit to come back.")
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		w.say("The shell could not be run: %s", widget.Clean(err.Error()))
		return
	}
	w.say("Back from the shell.")
}

func (w *walker) reset(ctx context.Context, _ string) error {
	_, _ = fmt.Fprint(w.out, "Forget what was done in this step? What it changed in the world stays. y or n> ")
	yes, err := w.yes(ctx)
	if err != nil {
		return err
	}
	if yes {
		w.session.Reset(w.step)
		w.say("The step was reset.")
	}
	return nil
}

// undo puts the sandbox back, after saying what that undoes.
func (w *walker) undo(ctx context.Context) error {
	undo, err := w.session.Undoable(ctx, w.step)
	if err != nil {
		w.failure(err)
		return nil
	}
	w.say("%s", lesson.UndoQuestion(w.session.Snapshot(), undo))
	_, _ = fmt.Fprint(w.out, lesson.UndoPrompt+" y or n> ")
	yes, err := w.yes(ctx)
	if err != nil || !yes {
		return err
	}
	if undo, err = w.session.Undo(ctx, w.step); err != nil {
		w.failure(err)
		return nil
	}
	w.say("%s", lesson.UndoDone(undo))
	return nil
}

func (w *walker) help() {
	for _, c := range commands() {
		name := c.name
		if name == "" {
			name = "Enter"
		}
		w.say("%s: %s.", name, c.help)
	}
}

func (w *walker) now() workshop.StepSnapshot { return w.session.Snapshot().Steps[w.step] }

// doctor prints what is wrong with the deployment; what is well is told in a sentence.
func (w *walker) doctor(ctx context.Context) error {
	if w.opts.Doctor == nil {
		w.say("There is no deployment to look at here.")
		return nil
	}
	w.say("Looking at the deployment.")
	report, err := w.opts.Doctor(ctx, func(doctor.Finding) {})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.say("It could not be looked at: %s", widget.Clean(err.Error()))
		return nil
	}
	for _, f := range report.Failures() {
		w.say("Failed: %s (%s).", widget.Clean(f.Title), f.Code)
		for _, text := range f.Evidence {
			w.say("Evidence: %s", widget.Clean(text))
		}
		w.say("It means: %s", widget.Clean(f.Means))
		w.say("Do this: %s", widget.Clean(f.Next))
		for _, command := range f.Commands {
			w.say("$ %s", widget.Clean(command))
		}
	}
	w.say("%s", widget.Clean(report.Summary()))
	return nil
}
