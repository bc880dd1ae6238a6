package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/shell"
	"github.com/sigwalk/sigwalk/workshop/undo"
)

// place is where a command works: the state directory, the variables with their sources, and the sandbox that was joined,
// if the deployment is not the person's own.
type place struct {
	dir    string
	env    *environment.Environment
	homes  actions.Homes
	handle *sandbox.Handle // nil with a deployment of the person's own
	host   bool
	files  fs.FS  // the folder of the course
	home   string // where what belongs to the course lies
	// where is the place that was chosen.
	where choice
	// remarks are what a person should know of it before working there.
	remarks []string
	// undo keeps how the sandbox was before each step; nil before the first session, and anywhere else.
	undo *undo.Keeper
	// deployment names, in the state directory, what the kept variables belong to.
	deployment string
}

// open finds the deployment, as choose says where; without any, the sandbox of the state directory is joined, or started for
// as long as it is used.
func (a *app) open(ctx context.Context, progress func(string)) (*place, error) {
	p, err := a.openWith(ctx, opening{where: a.dir, progress: progress, look: true, join: func(dir string) (*sandbox.Handle, error) {
		executable, err := a.executable()
		if err != nil {
			return nil, err
		}
		return sandbox.JoinOrLaunch(ctx, sandbox.Launch{Dir: dir, Executable: executable, Progress: progress, Stderr: a.err})
	}})
	if err == nil && progress == nil {
		a.remark(p)
	}
	return p, err
}

// openToWalk is open for what walks the workshop: the place that its flags choose is kept.
func (a *app) openToWalk(ctx context.Context) (*place, error) {
	p, err := a.open(ctx, nil)
	if err == nil && a.given().On != "" {
		if err = a.remember(p.dir, p.where); err != nil {
			p.close()
		}
	}
	return p, err
}

// remark says what a person should know of a place.
func (a *app) remark(p *place) {
	for _, text := range p.remarks {
		_, _ = fmt.Fprintln(a.err, "sigwalk: note: "+text)
	}
}

// openFor is open for looking at an image. One on the disk needs no sandbox: without one that runs, the trust root of the
// state directory is all there is.
func (a *app) openFor(ctx context.Context, image string) (*place, error) {
	if !layout.IsReference(image) {
		return a.open(ctx, nil)
	}
	return a.openAsItIs(ctx)
}

// openAsItIs joins a sandbox that runs, and does without where none does. It asks no cluster.
func (a *app) openAsItIs(ctx context.Context) (*place, error) {
	return a.openWith(ctx, opening{where: a.dirName, join: func(dir string) (*sandbox.Handle, error) {
		handle, err := sandbox.Join(ctx, dir)
		if err != nil {
			return nil, ctx.Err()
		}
		return handle, nil
	}})
}

// openRunning is open for commands that only tell: it starts no sandbox.
func (a *app) openRunning(ctx context.Context) (*place, error) {
	p, err := a.openWith(ctx, opening{where: a.dirName, look: true, join: func(dir string) (*sandbox.Handle, error) {
		handle, err := sandbox.Join(ctx, dir)
		return handle, notRunning(dir, err)
	}})
	if err == nil {
		a.remark(p)
	}
	return p, err
}

// opening is how a place is opened.
type opening struct {
	where    func() (string, error)
	join     func(dir string) (*sandbox.Handle, error)
	progress func(string) // nil for nobody
	look     bool         // at the cluster, where one is chosen
}

func (a *app) openWith(ctx context.Context, o opening) (*place, error) {
	own, err := a.ownVariables()
	if err != nil {
		return nil, err
	}
	if err := a.checkPlace(); err != nil {
		return nil, err
	}
	dir, err := o.where()
	if err != nil {
		return nil, err
	}
	files, err := a.courseFiles()
	if err != nil {
		return nil, err
	}
	p := &place{dir: dir, host: a.flags.host || a.permitted(dir), files: files, home: a.courseHome(dir)}
	if p.where, err = a.choose(own, dir); err != nil {
		return nil, err
	}
	base, err := a.furnish(ctx, p, own, o)
	if err != nil {
		return nil, err
	}
	p.env.Complete()
	p.env.TokenLogin(quay.TokenUser)
	p.deployment = deploymentOf(p.env)
	p.homes = p.env.Homes(base)
	err = p.restoreVariables()
	if err == nil {
		_, err = p.transport(actions.Discard) // a file of authorities that cannot be used is better known now
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// furnish gives the place its variables, and joins the sandbox if it is that. It returns the directory of its homes: each
// place has its own, for a trust root of one is worth nothing in another.
func (a *app) furnish(ctx context.Context, p *place, own []environment.Variable, o opening) (base string, err error) {
	base = p.dir
	var found []environment.Variable
	switch p.where.On {
	case onSandbox:
		if p.handle, err = o.join(p.dir); err != nil {
			return "", err
		}
	case onCluster:
		base = filepath.Join(p.dir, onCluster)
		if o.look {
			if found, p.remarks, err = a.clusterVariables(ctx, p.where, o.progress); err != nil {
				return "", err
			}
		}
	case onPublic:
		base = filepath.Join(p.dir, onPublic)
		if found, err = publicVariables(base); err != nil {
			return "", err
		}
	}
	homes := actions.HomesBelow(base)
	if p.handle != nil {
		p.env = environment.New(environment.Sandbox(p.handle.Settings(), homes)...)
		own = besideSandbox(own)
	} else {
		// Without homes of its own, a real cosign that evals `sigwalk env` would use those of the person.
		p.env = environment.New(variable("TUF_ROOT", homes.TUF, "default"), variable("DOCKER_CONFIG", homes.Docker, "default"))
		for _, v := range found {
			p.env.Set(v)
		}
		own = p.besideFound(own, found)
	}
	withoutLogin(p.env, own)
	for _, v := range own {
		p.env.Set(v)
	}
	if p.handle == nil {
		for _, c := range p.env.Contradictions(own) {
			// A flag that differs from the environment is meant to.
			if c.InForce.Name != c.Other.Name && !fromFlag(c.InForce) {
				p.remarks = append(p.remarks, remarkOn(actions.CodeContradiction, c.Text()))
			}
		}
	}
	return base, nil
}

// besideFound leaves out of what the person gives the addresses that the place itself has, as besideSandbox does, and
// remarks on those that differ: they are left from another deployment. A flag is no leftover.
func (p *place) besideFound(own, found []environment.Variable) []environment.Variable {
	there := environment.New(found...)
	there.Complete()
	for _, c := range there.Contradictions(own) {
		if !fromFlag(c.Other) {
			p.remarks = append(p.remarks, remarkOn(actions.CodeContradiction, c.Text()))
		}
	}
	return slices.DeleteFunc(slices.Clone(own), func(v environment.Variable) bool {
		return !fromFlag(v) && slices.ContainsFunc(found, func(f environment.Variable) bool {
			return f.Name == v.Name && slices.Contains(environment.EndpointVariables(), v.Name) || environment.SameEndpoint(f.Name, v.Name)
		})
	})
}

func fromFlag(v environment.Variable) bool { return strings.HasPrefix(string(v.Source), "flag ") }

// remarkOn is a remark that `sigwalk explain` says more of.
func remarkOn(code actions.Code, text string) string {
	return text + " (sigwalk explain " + string(code) + ")"
}

// dirName returns the state directory as an absolute path.
func (a *app) dirName() (string, error) {
	dir, err := filepath.Abs(a.flags.dir)
	if err != nil || a.flags.dir == "" {
		return "", usage("--dir %q names no directory", a.flags.dir)
	}
	return dir, nil
}

// dir returns the state directory as an absolute path and makes it.
func (a *app) dir() (string, error) {
	dir, err := a.dirName()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", unwritable(dir, err)
	}
	return dir, nil
}

func unwritable(path string, err error) error {
	return &actions.Error{
		Code: actions.CodeStateUnwritable,
		What: "cannot write the state directory " + path,
		Why:  reasonOf(err),
		Err:  err,
		Next: "make it writable and free some space, or name another with --dir",
	}
}

// close leaves the sandbox; one that was started for this command ends with it.
func (p *place) close() {
	if p.handle != nil {
		_ = p.handle.Leave()
	}
}

// shell opens the workshop shell in the lesson's directory, with our scripts laid out in it. Sign-ins open a browser with
// open, or none where it is nil.
func (p *place) shell(open func(context.Context, string) error) (*shell.Shell, error) {
	layout, err := workshop.LayOut(p.home, p.files)
	if err != nil {
		return nil, err
	}
	return shell.New(shell.Options{
		Machine:     p.machine(),
		Dir:         layout.Dir,
		Aliases:     layout.Aliases,
		Environment: p.env,
		Homes:       p.homes,
		AllowHost:   p.host,
		OpenBrowser: open,
	})
}

// machine is where this machine offers identity tokens. The sandbox's Fulcio knows none of them, and its lines see nothing
// of the machine unless that was allowed.
func (p *place) machine() *ambient.Machine {
	if p.handle != nil && !p.host {
		return nil
	}
	return ambient.ThisMachine()
}

// session opens a lesson; progressFile keeps the person's place in it, empty keeps nothing. A rehearsal signs in by itself
// where a person would. The caller closes both the session and, after it, the shell.
func (p *place) session(ctx context.Context, lesson *workshop.Lesson, progressFile string, rehearse bool) (*workshop.Session, io.Closer, error) {
	open := identity.OpenBrowser
	if rehearse {
		open = nil
	}
	sh, err := p.shell(open)
	if err != nil {
		return nil, nil, err
	}
	transcript := ""
	var progressOf func(string) string
	if progressFile != "" {
		transcript = transcriptFile(filepath.Dir(progressFile))
		progressOf = func(lesson string) string { return progressNamed(filepath.Dir(progressFile), lesson) }
	}
	keeper, err := p.undoer(ctx, rehearse, progressFile)
	if err != nil {
		return nil, nil, errors.Join(err, sh.Close())
	}
	var ran func()
	if progressFile != "" {
		ran = func() { _ = p.saveVariables() } // what cannot be kept can be set again by one line
	}
	session, err := workshop.NewSession(workshop.SessionOptions{
		Undo:         keeper,
		Ran:          ran,
		Lesson:       lesson,
		Environment:  p.env,
		Shell:        sh,
		Homes:        p.homes,
		ProgressFile: progressFile,
		ProgressOf:   progressOf,
		Transcript:   transcript,
		Rehearse:     rehearse,
		Where:        p.where.On,
	})
	if err != nil {
		return nil, nil, errors.Join(err, sh.Close())
	}
	return session, sh, nil
}

// progressFile is where a learner's place in a lesson is kept, below the directory of the progress.
func progressFile(dir string, lesson *workshop.Lesson) string { return progressNamed(dir, lesson.Name) }

func progressNamed(dir, lesson string) string { return filepath.Join(dir, lesson+".json") }

// transcriptFile keeps what was run, beside the progress.
func transcriptFile(dir string) string { return filepath.Join(dir, "transcript.jsonl") }

// hostShell makes the command that opens program, or sh, with the exported variables of the lesson, secrets included: it
// is the person's own terminal.
func (p *place) hostShell(program string) *exec.Cmd {
	if program == "" {
		program = "sh"
	}
	cmd := exec.Command(program) //nolint:noctx // the person's own shell, which ends when the person leaves it
	cmd.Env = os.Environ()
	for _, v := range p.env.List() {
		if v.Exported {
			cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
		}
	}
	cmd.Dir = filepath.Join(p.home, "workspace")
	return cmd
}
