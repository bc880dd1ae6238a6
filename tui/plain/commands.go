package plain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// command is one thing that can be typed at the prompt. The letters are those of the screens.
type command struct {
	name, help string
	do         func(w *walker, ctx context.Context, rest string) error
	takes      bool // more may stand behind it
}

// find returns the command of that name. Case counts only where two commands differ by nothing else.
func find(word string) (command, bool) {
	all := commands()
	for _, c := range all {
		if c.name == word {
			return c, true
		}
	}
	var same []command
	for _, c := range all {
		if strings.EqualFold(c.name, word) {
			same = append(same, c)
		}
	}
	if len(same) != 1 {
		return command{}, false
	}
	return same[0], true
}

// just is a command that can neither fail nor be followed by more.
func just(name, help string, do func(*walker)) command {
	return command{name: name, help: help, do: func(w *walker, _ context.Context, _ string) error { do(w); return nil }}
}

// with is a command that more may follow, and that cannot fail.
func with(name, help string, do func(w *walker, rest string)) command {
	return command{name: name, help: help, takes: true, do: func(w *walker, _ context.Context, rest string) error { do(w, rest); return nil }}
}

// alone is a command that may fail, and that nothing follows.
func alone(name, help string, do func(*walker, context.Context) error) command {
	return command{name: name, help: help, do: func(w *walker, ctx context.Context, _ string) error { return do(w, ctx) }}
}

func commands() []command {
	return slices.Concat(stepCommands(), resultCommands(), otherCommands())
}

// stepCommands go from step to step and do them.
func stepCommands() []command {
	return []command{
		alone("", "alone, runs the command of the step; on a blocked step, goes to the step that blocks it", (*walker).enter),
		{"$", "a dollar sign and a line: runs that line of the workshop shell; with a tab at its end, lists what its last word can become", (*walker).line, true},
		with("history", "lists the lines that were run; ! and a number runs one of them again, such as: ! 2", func(w *walker, _ string) { w.history() }),
		{"!", "an exclamation mark and a number: runs that line of the history again", (*walker).repeat, true},
		alone("c", "changes the command, line by line, before it runs", (*walker).change),
		alone("n", "goes to the next step", func(w *walker, _ context.Context) error { return w.turn(w.step + 1) }),
		alone("p", "goes to the step before", func(w *walker, _ context.Context) error { return w.turn(w.step - 1) }),
		{"g", "g and a number: goes to that step; the number alone does the same", func(w *walker, _ context.Context, rest string) error { return w.jump(rest) }, true},
		just("r", "reads the step again", (*walker).show),
		just("C", "says what the command is expected to print, and in what it printed something else", (*walker).compare),
		just("k", "says where the checks of the step stand, and what blocks it", (*walker).checks),
		just("h", "gives a hint, and then the next one", (*walker).hint),
		just("w", "says why this step is there", (*walker).why),
		just("l", "lists the steps", (*walker).list),
		{"L", "lists the lessons; with a number behind it, opens that lesson", func(w *walker, _ context.Context, rest string) error { return w.lessons(rest) }, true},
		{"/", "a slash and words: finds commands, steps, lessons and settings by these words, and does the one you choose", (*walker).search, true},
		alone("-", "leaves this step out", func(w *walker, _ context.Context) error {
			w.session.Skip(w.step)
			return w.turn(w.step + 1)
		}),
		alone("x", "resets this step, after a question", func(w *walker, ctx context.Context) error { return w.reset(ctx, "") }),
		alone("u", "puts the sandbox back as it was before this step, after a question", (*walker).undo),
	}
}

// resultCommands look at what came of it.
func resultCommands() []command {
	return []command{
		just("o", "says again what the last run of the step printed, and what came of it", (*walker).output),
		{"v", "lists the signatures of the last verification; with a number behind it, says every check of that one", (*walker).signatures, true},
		just("t", "says what hangs off the image, as the last look at its tree found it", (*walker).tree),
		alone("T", "says what is in the trust root, as it is kept now", (*walker).trust),
		with("trace", "says what the step did, stage by stage, with its network calls; with a number behind it what that stage made; with the word save, keeps all of it as JSON in a new file", (*walker).trace),
		with("N", "is trace", (*walker).trace),
		just("y", "writes the command of the step to a new file, to copy it from there", (*walker).copy),
		just("Y", "prints the command alone, unbroken, to select it", (*walker).raw),
		just("E", "exports what was run, as Markdown, to a new file", (*walker).export),
	}
}

// otherCommands are about the lesson as a whole.
func otherCommands() []command {
	return []command{
		with("e", "lists the variables; secrets are not shown; with a name behind it, says all of one, with a line that exports it", (*walker).env),
		just("s", "opens a shell with the variables of the lesson", (*walker).shell),
		alone("D", "doctor: finds out what is wrong with the deployment, and says what to do", (*walker).doctor),
		alone("page", "opens the page that a Quay has of the repository in your browser, and says its address", (*walker).page),
		alone("B", "is page", (*walker).page),
		with("set", "lists the settings; with a name and a value behind it, sets one, such as: set mouse on", (*walker).set),
		with("?", "lists the commands; with one behind it, says what that does", (*walker).help),
		alone("q", "quits", func(*walker, context.Context) error { return errEnded }),
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
			return &otherLesson{name: next.Name}
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

// compare says what the step is expected to print, and where that was otherwise.
func (w *walker) compare() {
	s := w.now()
	if s.Step.Expected == "" {
		w.say("This step does not say what its output is to be.")
		return
	}
	printed, _ := w.session.Output(w.step, 0)
	for _, l := range lesson.Expected(look(), s, printed, w.width) {
		_, _ = fmt.Fprintln(w.out, strings.TrimRight(l, " "))
	}
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
	return &otherLesson{name: w.opts.Course.Lessons[n-1].Name}
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
	w.say("%s", lesson.UndoQuestion(w.session.Snapshot(), w.opts.Course, undo))
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

func (w *walker) help(name string) {
	if name != "" {
		c, found := find(name)
		if !found {
			w.say("There is no command %q here. A question mark alone lists them.", widget.Clean(name))
			return
		}
		w.say("%s", c.text())
		return
	}
	for _, c := range commands() {
		w.say("%s", c.text())
	}
	w.say("A number alone goes to the step of that number. Control and C stops what runs.")
}

// text says what the command does.
func (c command) text() string {
	name := c.name
	if name == "" {
		name = "Enter"
	}
	return name + ": " + c.help + "."
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
