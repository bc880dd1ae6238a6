package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// walker is one walk.
type walker struct {
	printer
	opts       Options
	in         *reader
	interrupts chan os.Signal
	session    lesson.Session
	step       int
	hints      int
	broken     error // what is wrong with the latest edition of the course
	noted      map[string]bool
	again      bool // the lesson was opened again for another edition
}

// notices says what came since the last prompt: of the program, and of the lesson, each once.
func (w *walker) notices() {
	for _, text := range w.session.Snapshot().Notices {
		w.note(text)
	}
	for {
		select {
		case text, ok := <-w.opts.Notices:
			if !ok {
				w.opts.Notices = nil
				return
			}
			w.note(text)
		default:
			return
		}
	}
}

// note says what a person should know, once in a lesson.
func (w *walker) note(text string) {
	if !w.noted[text] {
		w.noted[text] = true
		w.say("Note: %s", widget.Clean(text))
	}
}

// show prints the step and where it stands, after what is wrong with the course.
func (w *walker) show() {
	s := w.now()
	w.wrong()
	w.say("")
	w.say("Step %d. %s", w.step+1, widget.Clean(s.Step.Title))
	w.say("State: %s.", stateWord(s))
	w.say("")
	w.text(s.Step.Text)
	if s.Step.Command == "" {
		w.say("")
		w.say("Nothing to run here. Enter says that you have read it, n goes on.")
		return
	}
	w.say("")
	w.say("Command:")
	for l := range strings.SplitSeq(strings.TrimRight(s.Step.Command, "\n"), "\n") {
		_, _ = fmt.Fprintln(w.out, "  "+widget.Clean(l))
	}
	w.say("")
	w.say("Enter runs it. A question mark lists what else can be done.")
}

func stateWord(s workshop.StepSnapshot) string {
	switch s.State {
	case workshop.StepBlocked:
		if s.BlockedBy < 0 {
			return "blocked, " + widget.Clean(s.Blocked)
		}
		return "blocked by step " + fmt.Sprint(s.BlockedBy+1) + ", " + widget.Clean(s.Blocked)
	case workshop.StepRunning:
		return "running"
	case workshop.StepDone:
		if s.Elsewhere {
			return "done, elsewhere"
		}
		return "done"
	case workshop.StepFailed:
		return "failed"
	case workshop.StepSkipped:
		return "skipped"
	case workshop.StepIdle:
	}
	return "to do"
}

// run runs the step and prints what it prints, until it is over. An interrupt stops it. What the step asks is among what
// it prints; the next line is the answer.
func (w *walker) run(ctx context.Context, text string) error {
	return w.watch(ctx, func(ctx context.Context) error { return w.session.Run(ctx, w.step, text) })
}

// try is run for a line that the lesson does not ask for.
func (w *walker) try(ctx context.Context, text string) error {
	return w.watch(ctx, func(ctx context.Context) error { return w.session.Try(ctx, w.step, text) })
}

// watch prints what work makes the step print, until it is over.
func (w *walker) watch(ctx context.Context, work func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	_, offset := w.session.Output(w.step, 0)
	over := make(chan error, 1)
	step := w.step
	go func() { over <- work(ctx) }()
	// A question may go as it came: what it waited for has happened elsewhere.
	for {
		q, asked := w.session.Question()
		var lines <-chan line
		if asked {
			offset = w.flush(step, offset)
			if w.hidden(q) {
				w.secret()
				continue
			}
			lines = w.in.next()
		}
		select {
		case err := <-over:
			w.flush(step, offset)
			return w.report(step, err)
		case <-w.interrupts:
			w.say("Stopping.")
			stop()
		case <-w.session.Changed():
			offset = w.flush(step, offset)
		case l := <-lines:
			w.in.taken()
			if l.err != nil {
				stop()
				return errors.Join(l.err, <-over)
			}
			w.echo(l.text)
			w.answer(q, l.text)
		}
	}
}

// echo prints a line that was read, where no terminal has: a transcript without the answers cannot be read.
func (w *walker) echo(text string) {
	if file, ok := w.opts.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return
	}
	if q, asked := w.session.Question(); asked && q.Secret {
		text = ""
	}
	_, _ = fmt.Fprintln(w.out, widget.Clean(text))
}

// flush prints what the step printed since offset.
func (w *walker) flush(step, offset int) int {
	text, next := w.session.Output(step, offset)
	for l := range strings.SplitAfterSeq(text, "\n") {
		body, ended := strings.CutSuffix(l, "\n")
		if i := strings.LastIndexByte(strings.TrimRight(body, "\r"), '\r'); i >= 0 {
			body = body[i+1:]
		}
		body = widget.Clean(strings.TrimRight(body, "\r"))
		if ended {
			body += "\n"
		}
		_, _ = io.WriteString(w.out, body)
	}
	return next
}

// report prints how the step ended.
func (w *walker) report(step int, err error) error {
	s := w.session.Snapshot().Steps[step]
	if errors.Is(err, context.Canceled) || errors.Is(s.Err, context.Canceled) {
		w.say("")
		w.say("Stopped. Enter runs it again.")
		return nil
	}
	if err != nil {
		w.failure(err)
		return nil
	}
	if s.Err != nil && s.State != workshop.StepDone {
		w.failure(s.Err)
	}
	for _, v := range s.Values {
		w.say("")
		for _, l := range lesson.Result(look(), v, w.opts.Clock.Now(), w.width) {
			_, _ = fmt.Fprintln(w.out, strings.TrimRight(l, " "))
		}
	}
	w.say("")
	w.sayChecks(s)
	switch {
	case s.State == workshop.StepDone && !s.Holds():
		w.say("The step was done before. This time not everything holds. n goes on.")
	case s.State == workshop.StepDone && s.ExitCode != 0:
		w.say("The step is done: the command ended with exit code %d, as it should. n goes on.", s.ExitCode)
	case s.State == workshop.StepDone:
		w.say("The step is done. n goes on.")
	default:
		w.say("The step is not done: %s.", stateWord(s))
	}
	return nil
}

func checkWord(r workshop.CheckResult) string {
	found := ""
	if r.Found != "" {
		found = ", " + widget.Clean(r.Found)
	}
	switch r.State {
	case workshop.CheckHolds:
		return "ok" + found
	case workshop.CheckFails:
		return "does not hold" + found
	case workshop.CheckBroken:
		if r.Err != nil {
			found = ", " + widget.Clean(r.Err.Error())
		}
		return "cannot be asked" + found
	case workshop.CheckProbing, workshop.CheckUnknown:
	}
	return "not looked at yet"
}

// failure prints what went wrong, why, and what to do next.
func (w *walker) failure(err error) {
	var e *actions.Error
	if !errors.As(err, &e) {
		w.say("Failed: %s", widget.Clean(err.Error()))
		return
	}
	w.say("Failed: %s", widget.Clean(e.What))
	why := e.Why
	if why == "" && e.Err != nil {
		why = e.Err.Error()
	}
	if why != "" {
		w.say("Why: %s", widget.Clean(why))
	}
	if e.Next != "" {
		w.say("Next: %s", widget.Clean(e.Next))
	}
}

// answer gives the step the line that was typed.
func (w *walker) answer(q actions.Question, text string) {
	word := strings.ToLower(strings.TrimSpace(text))
	if q.YesNo && word != "y" && word != "yes" && word != "n" && word != "no" {
		_, _ = fmt.Fprint(w.out, "Please answer y or n> ")
		return
	}
	w.session.Answer(q.Read(text))
}

// hidden reports whether the answer can be typed without being shown.
func (w *walker) hidden(q actions.Question) bool {
	file, ok := w.opts.In.(*os.File)
	return ok && q.Secret && term.IsTerminal(int(file.Fd())) && w.in.buffer.Buffered() == 0 && !w.in.asked
}

// secret reads an answer that is not shown.
func (w *walker) secret() {
	file, ok := w.opts.In.(*os.File)
	if !ok {
		return
	}
	text, err := term.ReadPassword(int(file.Fd()))
	_, _ = fmt.Fprintln(w.out)
	if err != nil {
		w.say("The answer cannot be read: %v", err)
	}
	w.session.Answer(actions.Answer{Text: actions.NewSecret(string(text))})
}

// yes reads until the answer is one.
func (w *walker) yes(ctx context.Context) (bool, error) {
	for {
		text, err := w.in.read(ctx, w.interrupts)
		if err != nil {
			return false, err
		}
		w.echo(text)
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		_, _ = fmt.Fprint(w.out, "Please answer y or n> ")
	}
}
