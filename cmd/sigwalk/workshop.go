package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/tui"
	"github.com/sigwalk/sigwalk/tui/plain"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// openWorkshop shows the lesson to go on with: on the whole screen, or line by line where the person or the terminal wants that.
func (a *app) openWorkshop(ctx context.Context) error {
	course, err := a.courseMended(ctx)
	if err != nil || course == nil {
		return err
	}
	dir, err := a.dir()
	if err != nil {
		return err
	}
	if err := a.askPlace(ctx, dir); err != nil {
		return err
	}
	if err := a.askHost(ctx, dir, course); err != nil {
		return err
	}
	progress, err := a.progressDir(dir)
	if err != nil {
		return err
	}
	guide := &guide{
		app: a, home: a.courseHome(dir), progress: progress, notices: make(chan string, noticesHeld), editions: make(chan workshop.Edition, 1),
	}
	guide.course.Store(course)
	defer guide.close()
	if a.flags.present && a.lineByLine() {
		return usageNext("leave out --plain, or set TERM to what the terminal is", "--present wants a full screen")
	}
	now, kept := a.settings(a.started(dir))
	if _, err := kept.Read(); err != nil {
		guide.notice(err.Error())
	}
	guide.follow(ctx)
	if a.flags.record != "" && a.lineByLine() {
		return usageNext("set TERM to what the terminal is", "a recording is of a full screen, and this terminal has none")
	}
	if a.lineByLine() {
		// There an interrupt stops the step that runs, and is not for the whole program.
		ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		return plain.Run(ctx, plain.Options{
			In: a.in, Out: a.out, Course: course, Standings: guide.standings, Open: guide.open, Shell: guide.shell, Doctor: guide.doctor, Notices: guide.notices, Width: a.width(),
			Dir: filepath.Join(guide.home, "workspace"), Editions: guide.editions, Reopen: guide.reopen,
			Page: guide.page, Trust: guide.trust, Browser: identity.OpenBrowser, Settings: now, Keep: kept.Keep,
		})
	}
	terminal, err := a.terminal(dir)
	if err != nil {
		return err
	}
	terminal.Notices, terminal.Dir = guide.notices, filepath.Join(guide.home, "workspace")
	terminal.Settings = now
	opts := tui.Options{
		Terminal: terminal, Course: course, Standings: guide.standings, Open: guide.open, Shell: guide.shell,
		Doctor: guide.doctor, Editions: guide.editions, Reopen: guide.reopen, Page: guide.page, Trust: guide.trust,
		Verifier: guide.verifier,
	}
	run := tui.Run
	if a.flags.record != "" {
		run = a.recordTo
	}
	if a.flags.present {
		return a.presentTo(ctx, dir, opts, run)
	}
	return run(ctx, opts)
}

// lineByLine reports whether there shall be no full screen. A terminal that says it is dumb cannot draw one.
func (a *app) lineByLine() bool { return a.flags.plain || a.getenv("TERM") == "dumb" }

func (a *app) getenv(name string) string {
	value, _ := a.lookup(name)
	return value
}

// width is how wide the terminal is, zero where there is none.
func (a *app) width() int {
	if out, ok := a.out.(*os.File); ok {
		if width, _, err := term.GetSize(int(out.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// onTerminal reports whether both ends of this invocation are a terminal.
func (a *app) onTerminal() bool {
	in, inOK := a.in.(*os.File)
	out, outOK := a.out.(*os.File)
	return inOK && outOK && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// terminal is the terminal of this invocation, for the screens.
func (a *app) terminal(dir string) (tui.Terminal, error) {
	in, inOK := a.in.(*os.File)
	out, outOK := a.out.(*os.File)
	if !inOK || !outOK {
		return tui.Terminal{}, tui.ErrNoTerminal
	}
	now, kept := a.settings(nil)
	return tui.Terminal{
		In: in, Out: out, Theme: theme.Detect("", a.getenv), Stray: filepath.Join(dir, "stray.log"),
		Open: identity.OpenBrowser, Settings: now, Keep: kept.Keep,
	}, nil
}

// noticesHeld is how many notices wait for the screen; the oldest make room.
const noticesHeld = 16

// guide opens a lesson for a surface that a person looks at, and closes all that belongs to it.
type guide struct {
	app      *app
	course   atomic.Pointer[workshop.Course]
	home     string // where the course's files lie
	progress string // where the progress lies
	notices  chan string
	editions chan workshop.Edition // the latest one that nobody has taken

	mu     sync.Mutex
	place  *place
	keeper keeper
	closer []io.Closer

	leave     context.CancelFunc // ends attending; nil without a sandbox
	attending sync.WaitGroup
	unfollow  context.CancelFunc // ends following; nil for the built-in course
	following sync.WaitGroup
}

// standings implements tui.Options.Standings.
func (g *guide) standings() []workshop.Standing {
	standings, _ := g.course.Load().Standings(g.progressFile)
	return standings
}

func (g *guide) progressFile(lesson *workshop.Lesson) string { return progressFile(g.progress, lesson) }

// open implements tui.Options.Open. The deployment is opened once, for all lessons.
func (g *guide) open(ctx context.Context, name string, progress func(string)) (*workshop.Session, error) {
	_, lesson := g.course.Load().Standings(g.progressFile)
	if name != "" {
		var err error
		if lesson, err = g.course.Load().Lesson(name); err != nil {
			return nil, err
		}
	}
	g.mu.Lock()
	p := g.place
	g.mu.Unlock()
	if p == nil {
		var err error
		if p, err = g.app.open(ctx, progress); err != nil {
			return nil, asAction(err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	first := g.place == nil
	g.place = p
	if name == "" {
		lesson = g.passOver(ctx, p, lesson)
	}
	if first {
		for _, text := range p.remarks {
			g.notice(text)
		}
	}
	session, sh, err := p.session(ctx, lesson, g.progressFile(lesson), false)
	if err != nil {
		return nil, err
	}
	g.closer = append(g.closer, sh)
	if !first {
		return session, nil
	}
	if err := g.begin(ctx, p); err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return session, nil
}

// lookFor bounds how long a lesson that may be done already is looked at before the person sees anything.
const lookFor = 3 * time.Second

// passOver goes on from lessons that were never opened and in which nothing is left to do: somebody made all that they make, or
// they cannot be done here. The last lesson is never passed over.
func (g *guide) passOver(ctx context.Context, p *place, lesson *workshop.Lesson) *workshop.Lesson {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	for _, standing := range g.standings() {
		next := g.course.Load().After(lesson.Name)
		if standing.Lesson != lesson || next == nil {
			continue
		}
		// Progress that cannot be read counts as none in a standing; opening the lesson for good says so.
		if _, err := os.Lstat(g.progressFile(lesson)); err == nil {
			return lesson
		}
		session, sh, err := p.session(ctx, lesson, g.progressFile(lesson), false)
		if err != nil {
			return lesson
		}
		settled, lacking := session.Settled(ctx)
		_ = errors.Join(session.Close(), sh.Close())
		if !settled {
			return lesson
		}
		if lacking != "" {
			g.notice(fmt.Sprintf("left out %q, because %s; L lists the lessons", lesson.Title, lacking))
		}
		lesson = next
	}
	return lesson
}

// begin starts what lasts as long as the deployment is used: guarding, or attending to the sandbox that does it. It outlives
// ctx's deadline, if it has one; close ends it.
func (g *guide) begin(ctx context.Context, p *place) error {
	ctx = context.WithoutCancel(ctx)
	if p.handle == nil {
		guard, err := ownGuard(p)
		if err != nil {
			return err
		}
		g.keeper.start(ctx, guard, g.notice)
		return nil
	}
	ctx, g.leave = context.WithCancel(ctx)
	g.attending.Go(func() { g.attend(ctx, p.handle) })
	return nil
}

// attend passes on what the sandbox has to say. One that ends while the lesson is open is started again, with the same
// addresses and all that it knew. It returns when ctx ends, or there is no such sandbox any more.
func (g *guide) attend(ctx context.Context, handle *sandbox.Handle) {
	before := handle.Settings()
	for {
		g.listen(ctx, handle)
		_ = handle.Leave()
		if ctx.Err() != nil {
			return
		}
		g.notice("the sandbox has ended; it is being started again")
		executable, err := g.app.executable()
		if err == nil {
			handle, err = sandbox.JoinOrLaunch(ctx, sandbox.Launch{Dir: g.place.dir, Executable: executable})
		}
		switch {
		case ctx.Err() != nil && err != nil:
			return
		case err != nil:
			g.notice("the sandbox has ended and cannot be started again: quit, and start sigwalk anew")
			return
		case handle.Settings() != before:
			_ = handle.Leave()
			g.notice("the sandbox is another one now: quit, and start sigwalk anew")
			return
		}
		g.notice("the sandbox had ended; it runs again, and nothing is lost")
	}
}

// listen passes on notices until the sandbox or ctx ends.
func (g *guide) listen(ctx context.Context, handle *sandbox.Handle) {
	for {
		select {
		case text, ok := <-handle.Notices():
			if !ok {
				return
			}
			g.notice(text)
		case <-ctx.Done():
			return
		}
	}
}

// notice passes a sentence on. It never blocks.
func (g *guide) notice(text string) {
	for {
		select {
		case g.notices <- text:
			return
		default:
		}
		select {
		case <-g.notices:
		default:
		}
	}
}

// shell makes the command that opens the person's own shell with the variables of the lesson.
func (g *guide) shell() *exec.Cmd {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.place == nil {
		return nil
	}
	return g.place.hostShell(g.app.getenv("SHELL"))
}

// close keeps what the lines left and gives everything back.
func (g *guide) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unfollow != nil {
		g.unfollow()
		g.following.Wait()
	}
	g.keeper.close()
	for _, c := range g.closer {
		_ = c.Close()
	}
	if g.place != nil {
		_ = g.place.saveVariables() // what cannot be kept can be set again by one line
	}
	if g.leave != nil {
		g.leave()
		g.attending.Wait()
	}
	if g.place != nil {
		g.place.close()
	}
}
