// Package tui is what a person sees: the root model, and one package a screen.
//
// The rules of the user interface:
//
//   - Nothing waits in Update, and nothing reads or writes there. Work is done by commands; a command changes no state,
//     it returns a message. Whatever may wait is counted in screen.Tasks and ends with the context.
//   - Every view is exactly as high and as wide as the terminal. Widths are cells by x/ansi. Text from elsewhere passes
//     widget.Clean before it is drawn.
//   - A key means the same everywhere and stands in the catalogue of package keys. A key that cannot be used says why.
//     Where letters are typed, letters do nothing else.
//   - What a state is can be read: a glyph and a word, never a colour alone. Skipped is never green.
//   - Ctrl-C stops what runs, and quits when pressed again. Esc stops, leaves or goes back, and never quits. Ctrl-Z puts
//     the program to sleep.
//   - The last two lines are status and keys. A sentence there stays until the next key.
//   - Nothing is asked of the terminal: a terminal that never answers is as good as any. Nothing that a library prints
//     reaches the screen.
//   - Secrets are dots.
package tui

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/browse"
	"github.com/sigwalk/sigwalk/tui/doctor"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/outline"
	"github.com/sigwalk/sigwalk/tui/present"
	"github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/tui/replay"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/settings"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/recording"
)

// Options configure Run. Those of the terminal are those of Terminal.
type Options struct {
	Terminal

	// Course is what is taught; nil for a lesson alone. Standings says how far one has come in it.
	Course    *workshop.Course
	Standings func() []workshop.Standing
	// Doctor finds out what is wrong with the deployment; nil where that cannot be asked.
	Doctor doctor.Examine
	// Verifier is how images are verified here, beside the commands of the lessons; nil where nothing can be.
	Verifier func() (*verification.Verifier, error)
	// Trust reads the trust root as it is kept now; nil where only what a step has fetched is known.
	Trust func(ctx context.Context) (*trust.Status, error)
	// Page finds the page that the registry has of the lesson's repository, for a browser; nil where that is not known.
	Page func(ctx context.Context) (string, error)
	// Open opens the session of the lesson of that name, empty for the one to go on with. It runs beside the screen and
	// tells by progress, on one line, what it is doing; it stops when ctx ends. Run closes the session before it opens
	// another.
	Open func(ctx context.Context, lesson string, progress func(string)) (*workshop.Session, error)
	// Editions brings what the course's folder comes to hold, as workshop.Follow tells it; nil for a course that does not change.
	// Reopen opens the lesson of a session that is closed again, from the latest edition, at the step of that ID.
	Editions <-chan workshop.Edition
	Reopen   func(ctx context.Context, before *workshop.Session, step string) (*workshop.Session, error)
	// Shell makes the command that opens a shell with the variables of the lesson; nil where there is none.
	Shell func() *exec.Cmd
	// Stage makes this terminal the one that an audience sees, which other terminals follow; nil for a person alone.
	Stage Stage
	// Record keeps what is shown; nil keeps nothing.
	Record Recorder
}

// Terminal says on what and how the screens are drawn. The zero value is the terminal of the process.
type Terminal struct {
	In  *os.File // nil for standard input
	Out *os.File // nil for standard output
	// Theme says what the terminal can show, from theme.Detect.
	Theme theme.Options
	// Notices brings sentences that are shown in the line of status as they come, such as a signature that was put back.
	Notices <-chan string
	Clock   actions.Clock
	// Open opens a URL in the person's browser; nil where there is none.
	Open func(ctx context.Context, url string) error
	// Dir is where the person's exports go; empty for nowhere.
	Dir string
	// Settings are what the person has set, for which Theme is what the terminal itself can show; nil for nothing. Keep keeps a
	// setting that was changed for the next time, by what it returns, which may wait; nil keeps none.
	Settings *settings.Current
	Keep     func(name settings.Name, value string) (write func() error)
	// Stray takes what libraries print while the screen is drawn; empty for nowhere. It is a file's name.
	Stray string
}

// session is opened by Run; tests open one of their own.
type opener func(ctx context.Context, name string, progress func(string)) (lesson.Session, error)

// Run shows the workshop until the person quits or ctx ends, whose error it then returns.
func Run(ctx context.Context, opts Options) error {
	// behind keeps secrets from an audience, and from a recording.
	behind := func(session *workshop.Session) lesson.Session {
		if opts.Stage != nil || opts.Record != nil {
			return present.Hide(session)
		}
		return session
	}
	open := func(ctx context.Context, name string, progress func(string)) (lesson.Session, error) {
		session, err := opts.Open(ctx, name, progress)
		if err != nil {
			return nil, err
		}
		return behind(session), nil
	}
	reopen := func(ctx context.Context, before lesson.Session, step string) (lesson.Session, error) {
		if hidden, ok := before.(*present.Hidden); ok {
			before = hidden.Session
		}
		session, err := opts.Reopen(ctx, before.(*workshop.Session), step) //nolint:forcetypeassert // it came from Open or Reopen
		if err != nil {
			return nil, err
		}
		return behind(session), nil
	}
	return run(ctx, opts.Terminal, &school{
		open: open, shell: opts.Shell, course: opts.Course, standings: opts.Standings, doctor: opts.Doctor, page: opts.Page, trust: opts.Trust, verifier: opts.Verifier,
		editions: opts.Editions, reopen: reopen, stage: opts.Stage, record: opts.Record,
	})
}

func run(ctx context.Context, terminal Terminal, s *school) error {
	around := func(r *root) tea.Model {
		var shown tea.Model = r
		if s.stage != nil {
			shown = newProjector(r, s.stage)
		}
		if s.record != nil {
			shown = newRecorder(r, shown, s.record)
		}
		return shown
	}
	return show(ctx, terminal, calm, around, func(deps screen.Deps) screen.Screen { return newStarting(deps, s, outline.Chosen{}) })
}

// alone is a program without anything around its screens.
func alone(r *root) tea.Model { return r }

// Browse shows the signatures and the tree of any image until the person quits or ctx ends, whose error it then returns.
func Browse(ctx context.Context, terminal Terminal, opts browse.Options) error {
	return show(ctx, terminal, brisk, alone, func(deps screen.Deps) screen.Screen { return browse.New(deps, opts) })
}

// Follow shows the terminal of whoever presents, which follows the projector that link leads to, until the person quits or ctx
// ends, whose error it then returns.
func Follow(ctx context.Context, terminal Terminal, link present.Link) error {
	return show(ctx, terminal, calm, alone, func(deps screen.Deps) screen.Screen { return present.NewFollower(deps, link) })
}

// Recover shows what an image's tag lost, and brings it back, until the person quits or ctx ends, whose error it then returns.
func Recover(ctx context.Context, terminal Terminal, opts recovery.Options) error {
	return show(ctx, terminal, brisk, alone, func(deps screen.Deps) screen.Screen { return recovery.New(deps, opts) })
}

// Replay plays a recording until the person quits or ctx ends, whose error it then returns.
func Replay(ctx context.Context, terminal Terminal, r *recording.Recording) error {
	return show(ctx, terminal, brisk, alone, func(deps screen.Deps) screen.Screen { return replay.New(deps, r) })
}

// ErrNoTerminal is returned where standard input or output is no terminal.
var ErrNoTerminal = &actions.Error{
	Code: actions.CodeUsage,
	What: "the screens need a terminal",
	Why:  "input or output is not one",
	Next: "use --plain, or sigwalk run",
}

// How many frames a second are drawn at the most. Bubble Tea looks as often whether there is one to draw, which is a third of what an
// open lesson costs while nobody does anything: what stays open for hours is drawn less often than what a person waits for.
const (
	calm  = 30
	brisk = 60
)

func show(ctx context.Context, terminal Terminal, frames int, around func(*root) tea.Model, first func(screen.Deps) screen.Screen) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, out := terminal.In, terminal.Out
	if in == nil {
		in = os.Stdin
	}
	if out == nil {
		out = os.Stdout
	}
	if !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return ErrNoTerminal
	}
	width, height, err := term.GetSize(int(out.Fd()))
	if err != nil {
		return fmt.Errorf("ask the terminal for its size: %w", err)
	}
	in, out, release, err := shield(in, out, terminal.Stray)
	if err != nil {
		return err
	}
	defer release()
	// Nothing here draws with the default renderer, but should a library do so, it must not question the terminal.
	if terminal.Settings == nil {
		terminal.Settings = settings.New(nil, nil, nil)
	}
	look := look(terminal.Theme, terminal.Settings)
	lipgloss.SetHasDarkBackground(look.Dark)

	tasks := &screen.Tasks{}
	deps := screen.Deps{
		Context: ctx, Theme: theme.New(look), Clock: terminal.Clock, Tasks: tasks, Open: terminal.Open, Dir: terminal.Dir, Settings: terminal.Settings,
	}
	root := newRoot(deps, first(deps), terminal.Notices, in, out)
	root.able, root.keep = terminal.Theme, terminal.Keep
	root.resize(width, height)
	// Signals end ctx, and its end is told like a person's wish to quit. Bubble Tea's own handler would wait for ever to
	// tell of a signal when the event loop has ended with ctx, and a loop that ends so does not wait for its reader.
	options := []tea.ProgramOption{tea.WithFPS(frames), tea.WithoutSignalHandler(), tea.WithAltScreen(), tea.WithInput(&input{in, cancel}), tea.WithOutput(out)}
	if deps.Settings.On(settings.Mouse) {
		options = append(options, tea.WithMouseCellMotion())
	}
	program := tea.NewProgram(around(root), options...)
	defer context.AfterFunc(ctx, program.Quit)()
	_, err = program.Run()
	err = ended(err, terminal.Stray)
	outer := ctx.Err()
	cancel()
	tasks.Close()
	if closeErr := root.close(); err == nil {
		err = closeErr
	}
	if outer != nil {
		return outer
	}
	return err
}

// input is the person's end of the terminal. Bubble Tea goes on without a word when that is gone, and would draw for
// nobody.
type input struct {
	*os.File
	gone func()
}

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	n, err := in.File.Read(p)
	if n == 0 && err != nil {
		in.gone()
	}
	return n, err
}

// clipboard writes to the terminal in one piece, so that it does not come between the parts of a frame.
func clipboard(out io.Writer, sequence string) error {
	_, err := io.WriteString(out, sequence)
	return err
}
