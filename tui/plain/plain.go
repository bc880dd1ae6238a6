// Package plain walks through a lesson line by line, for screen readers and for terminals that can do nothing else: it
// prints, it asks, it reads a line. There is no colour, and nothing that was printed is touched again.
package plain

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/widget"
	"github.com/sigwalk/sigwalk/workshop"
)

// Options configure Run.
type Options struct {
	// In is read line by line; where it is a terminal, secrets are not echoed.
	In  io.Reader
	Out io.Writer
	// Course is what is taught; nil for a lesson alone. Standings says how far one has come in it.
	Course    *workshop.Course
	Standings func() []workshop.Standing
	// Open opens the session of the lesson of that name, empty for the one to go on with; progress tells on one line what
	// it is doing. Run closes the session before it opens another.
	Open func(ctx context.Context, lesson string, progress func(string)) (*workshop.Session, error)
	// Editions brings what the course's folder comes to hold, as workshop.Follow tells it; nil for a course that does not change.
	// Reopen opens the lesson of a session that is closed again, from the latest edition, at the step of that ID.
	Editions <-chan workshop.Edition
	Reopen   func(ctx context.Context, before *workshop.Session, step string) (*workshop.Session, error)
	// Shell makes the command that opens a shell with the variables of the lesson; nil where there is none.
	Shell func() *exec.Cmd
	// Doctor finds out what is wrong with the deployment; nil where that cannot be asked.
	Doctor func(ctx context.Context, told func(doctor.Finding)) (*doctor.Report, error)
	// Trust reads the trust root as it is kept now; nil where only what a step has fetched is known.
	Trust func(ctx context.Context) (*trust.Status, error)
	// Page finds the page that the registry has of the lesson's repository, for a browser; nil where that is not known. Browser
	// opens an address in the person's browser; nil where there is none.
	Page    func(ctx context.Context) (string, error)
	Browser func(ctx context.Context, address string) error
	// Settings are what the person has set, which the screens go by, too; nil for nothing. Keep keeps one for the next time, by
	// what it returns; nil keeps none.
	Settings *settings.Current
	Keep     func(name settings.Name, value string) (write func() error)
	// Notices brings sentences that are printed as they come, before the next prompt.
	Notices <-chan string
	Clock   actions.Clock
	// Dir is where the person's exports go; empty for nowhere.
	Dir string
	// Width is where lines are broken, in cells; zero for 80.
	Width int
}

// Run walks until the person quits, input ends, or ctx ends, whose error it then returns. An interrupt stops the step
// that runs; when none runs, Run returns context.Canceled.
func Run(ctx context.Context, opts Options) error {
	return run(ctx, opts, func(ctx context.Context, name string, progress func(string)) (lesson.Session, error) {
		session, err := opts.Open(ctx, name, progress)
		if err != nil {
			return nil, err
		}
		return session, nil
	})
}

type opener func(ctx context.Context, name string, progress func(string)) (lesson.Session, error)

func run(ctx context.Context, opts Options, open opener) error {
	if opts.Width <= 0 {
		opts.Width = 80
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	w := &walker{printer: printer{out: opts.Out, width: opts.Width}, opts: opts, in: newReader(opts.In), interrupts: interrupts}
	w.say("sigwalk, plain. Starting.")
	var at otherLesson
	for {
		err := w.lesson(ctx, at, open)
		var other *otherLesson
		if !errors.As(err, &other) {
			return err
		}
		at = *other
	}
}

// newEdition says that the lesson is to be opened again, at the step of that ID, because its course has another edition.
type newEdition struct{ step string }

// Error implements error.
func (n *newEdition) Error() string { return "the course is to be read again" }

// reopener opens the lesson of a session again.
func (w *walker) reopener(before lesson.Session, step string) opener {
	return func(ctx context.Context, _ string, _ func(string)) (lesson.Session, error) {
		session, err := w.opts.Reopen(ctx, before.(*workshop.Session), step) //nolint:forcetypeassert // it came from Open or Reopen
		if err != nil {
			return nil, err
		}
		return session, nil
	}
}

// take makes an edition of the course the one that is taught, or says what is wrong with it.
func (w *walker) take(e workshop.Edition) error {
	w.broken = e.Err
	if e.Course == nil {
		w.say("Note: the course was saved with something wrong in it. The lesson stays as it was until that is mended.")
		w.wrong()
		return nil
	}
	w.opts.Course = e.Course
	return &newEdition{w.now().Step.ID}
}

// wrong says what is wrong with the files of the course, if anything is.
func (w *walker) wrong() {
	var wrong workshop.Problems
	switch {
	case errors.As(w.broken, &wrong):
		for _, problem := range wrong {
			w.say("Wrong: %s.", widget.Clean(problem.String()))
		}
	case w.broken != nil:
		w.failure(w.broken)
	}
}

// otherLesson says that the person wants to open another lesson, at the step of that ID if it is not empty.
type otherLesson struct{ name, step string }

// Error implements error.
func (o *otherLesson) Error() string { return "the lesson " + o.name + " is to be opened" }

// lesson opens one lesson and walks through it, until the person wants no more of it.
func (w *walker) lesson(ctx context.Context, at otherLesson, open opener) error {
	opening, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		session lesson.Session
		err     error
	}
	opened := make(chan result, 1)
	steps := make(chan string, 16)
	go func() {
		session, err := open(opening, at.name, func(text string) {
			select {
			case steps <- text:
			default:
			}
		})
		opened <- result{session, err}
	}()
	w.session, w.again = nil, false
	for w.session == nil {
		select {
		case text := <-steps:
			w.say("%s", text)
		case <-w.interrupts:
			stop()
		case r := <-opened:
			if r.err != nil {
				return r.err
			}
			w.session = r.session
		}
	}
	lesson.Turn(w.session, at.step)
	for {
		err := errors.Join(w.attend(ctx), w.session.Close())
		var saved *newEdition
		if !errors.As(err, &saved) {
			return err
		}
		if w.session, err = w.reopener(w.session, saved.step)(ctx, "", nil); err != nil {
			return err
		}
		w.again = true
	}
}

// attend walks through the lesson that is open while its checks look at the world.
func (w *walker) attend(ctx context.Context) error {
	watching, end := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.session.Watch(watching)
	}()
	defer func() {
		end()
		<-watched
	}()
	return w.walk(ctx)
}

// reader reads lines when it is asked to, and can be left waiting: the goroutine that reads ends with the next line.
type reader struct {
	source io.Reader
	buffer *bufio.Reader
	lines  chan line
	asked  bool
}

type line struct {
	text string
	err  error
}

func newReader(source io.Reader) *reader {
	return &reader{source: source, buffer: bufio.NewReader(source), lines: make(chan line, 1)}
}

// next lets a line be read, if that is not under way, and returns where it comes out. Whoever takes it calls taken.
func (r *reader) next() <-chan line {
	if !r.asked {
		r.asked = true
		go func() {
			text, err := r.buffer.ReadString('\n')
			if text != "" && errors.Is(err, io.EOF) {
				err = nil
			}
			r.lines <- line{strings.TrimRight(text, "\r\n"), err}
		}()
	}
	return r.lines
}

func (r *reader) taken() { r.asked = false }

// read returns the next line without its end. At the end of input it returns io.EOF, and what stands before it first.
func (r *reader) read(ctx context.Context, interrupts <-chan os.Signal) (string, error) {
	lines := r.next()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-interrupts:
		return "", context.Canceled
	case l := <-lines:
		r.taken()
		return l.text, l.err
	}
}

// errEnded says that the person, or the input, wants no more.
var errEnded = errors.New("ended")

func (w *walker) walk(ctx context.Context) error {
	snap := w.session.Snapshot()
	if snap.Lesson == nil || len(snap.Steps) == 0 {
		return &actions.Error{Code: actions.CodeLessonBroken, What: "the lesson has no steps"}
	}
	w.step, w.hints = snap.Current, 0
	w.say("")
	if w.again {
		w.say("The course was saved, and is read as it is now.")
	}
	w.say("%s. %d steps.", widget.Clean(snap.Lesson.Title), len(snap.Steps))
	if snap.Where != "" {
		w.say("You work on: %s.", snap.Where)
	}
	w.noted = map[string]bool{}
	w.notices()
	if w.step == 0 && snap.Lesson.Intro != "" && !w.again {
		w.text(snap.Lesson.Intro)
	}
	w.show()
	for {
		err := w.prompt(ctx)
		switch {
		case errors.Is(err, errEnded):
			return nil
		case errors.Is(err, io.EOF):
			w.say("")
			w.say("Input has ended, so sigwalk ends too. What was done is kept. To run the steps without anybody there, use: sigwalk run")
			return nil
		case err != nil:
			return err
		}
	}
}

// prompt asks what to do, and does it.
func (w *walker) prompt(ctx context.Context) error {
	w.notices()
	_, _ = fmt.Fprintf(w.out, "\nstep %d of %d> ", w.step+1, len(w.session.Snapshot().Steps))
	var text string
	select {
	case e := <-w.opts.Editions:
		w.say("")
		return w.take(e)
	case <-ctx.Done():
		return ctx.Err()
	case <-w.interrupts:
		return context.Canceled
	case l := <-w.in.next():
		w.in.taken()
		if l.err != nil {
			return l.err
		}
		text = l.text
	}
	w.echo(text)
	return w.obey(ctx, text)
}

// obey does what was typed.
func (w *walker) obey(ctx context.Context, text string) error {
	word, rest := parse(text)
	if _, err := strconv.Atoi(word); err == nil && rest == "" {
		return w.jump(word)
	}
	if c, found := find(word); found && (rest == "" || c.takes) {
		return c.do(w, ctx, rest)
	}
	w.say("There is no command %q here. A question mark lists them.", strings.TrimSpace(text))
	return nil
}

// parse takes a command and what stands behind it apart. Behind a sign no space is needed. A tab at the end is kept: it asks what
// the last word can become.
func parse(text string) (word, rest string) {
	text = strings.TrimLeft(strings.TrimRight(text, " \r\n"), " \t")
	for _, sign := range []string{"$", "!", "/"} {
		if behind, found := strings.CutPrefix(text, sign); found {
			return sign, strings.TrimLeft(behind, " ")
		}
	}
	word, rest, _ = strings.Cut(strings.TrimSpace(text), " ")
	return word, strings.TrimSpace(rest)
}
