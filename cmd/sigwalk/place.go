package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/layout"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/shell"
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
	// deployment names, in the state directory, what the kept variables belong to.
	deployment string
}

// open finds the deployment. Addresses given by flags, the environment or the configuration file are the person's own
// deployment; without any, the sandbox of the state directory is joined, or started for as long as it is used.
func (a *app) open(ctx context.Context, progress func(string)) (*place, error) {
	return a.openWith(a.dir, func(dir string) (*sandbox.Handle, error) {
		executable, err := a.executable()
		if err != nil {
			return nil, err
		}
		return sandbox.JoinOrLaunch(ctx, sandbox.Launch{Dir: dir, Executable: executable, Progress: progress, Stderr: a.err})
	})
}

// openFor is open for looking at an image. One on the disk needs no sandbox: without one that runs, the trust root of the
// state directory is all there is.
func (a *app) openFor(ctx context.Context, image string) (*place, error) {
	if !layout.IsReference(image) {
		return a.open(ctx, nil)
	}
	return a.openAsItIs(ctx)
}

// openAsItIs joins a sandbox that runs, and does without where none does.
func (a *app) openAsItIs(ctx context.Context) (*place, error) {
	return a.openWith(a.dirName, func(dir string) (*sandbox.Handle, error) {
		handle, err := sandbox.Join(ctx, dir)
		if err != nil {
			return nil, ctx.Err()
		}
		return handle, nil
	})
}

// openRunning is open for commands that only tell: it starts no sandbox.
func (a *app) openRunning(ctx context.Context) (*place, error) {
	return a.openWith(a.dirName, func(dir string) (*sandbox.Handle, error) {
		handle, err := sandbox.Join(ctx, dir)
		return handle, notRunning(dir, err)
	})
}

func (a *app) openWith(where func() (string, error), join func(dir string) (*sandbox.Handle, error)) (*place, error) {
	own, err := a.ownVariables()
	if err != nil {
		return nil, err
	}
	if err := a.flags.contradiction(); err != nil {
		return nil, err
	}
	dir, err := where()
	if err != nil {
		return nil, err
	}
	files, err := a.courseFiles()
	if err != nil {
		return nil, err
	}
	p := &place{dir: dir, host: a.flags.host, files: files, home: a.courseHome(dir)}
	if a.flags.local || !containsAny(own, deployment) {
		if p.handle, err = join(dir); err != nil {
			return nil, err
		}
	}
	if p.handle != nil {
		p.env = environment.New(environment.Sandbox(p.handle.Settings(), actions.HomesBelow(dir))...)
		own = besideSandbox(own)
		withoutLogin(p.env, own)
	} else {
		// Without homes of its own, a real cosign that evals `sigwalk env` would use those of the person.
		homes := actions.HomesBelow(dir)
		p.env = environment.New(variable("TUF_ROOT", homes.TUF, "default"), variable("DOCKER_CONFIG", homes.Docker, "default"))
	}
	for _, v := range own {
		p.env.Set(v)
	}
	p.env.Complete()
	p.deployment = deploymentOf(p.env)
	p.homes = p.env.Homes(dir)
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
func (p *place) session(lesson *workshop.Lesson, progressFile string, rehearse bool) (*workshop.Session, io.Closer, error) {
	open := identity.OpenBrowser
	if rehearse {
		open = nil
	}
	sh, err := p.shell(open)
	if err != nil {
		return nil, nil, err
	}
	session, err := workshop.NewSession(workshop.SessionOptions{
		Lesson:       lesson,
		Environment:  p.env,
		Shell:        sh,
		Homes:        p.homes,
		ProgressFile: progressFile,
		Rehearse:     rehearse,
	})
	if err != nil {
		return nil, nil, errors.Join(err, sh.Close())
	}
	return session, sh, nil
}

// progressFile is where a learner's place in a lesson is kept, below the home of its course.
func progressFile(home string, lesson *workshop.Lesson) string {
	return filepath.Join(home, "progress", lesson.Name+".json")
}

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

// verifier returns a verifier for the deployment.
func (p *place) verifier(obs actions.Observer) (*verification.Verifier, error) {
	return p.verifierWith(obs, materialFlags{})
}

// verifierWith is verifier with the trust root that flags name in place of the deployment's.
func (p *place) verifierWith(obs actions.Observer, flags materialFlags) (*verification.Verifier, error) {
	roots, err := p.roots(obs)
	if err != nil {
		return nil, err
	}
	opts, err := p.verification(obs)
	if err != nil {
		return nil, err
	}
	opts.Trust = roots
	if opts.Material, err = flags.material(roots.Material); err != nil {
		return nil, err
	}
	return verification.New(opts), nil
}

// verifierUnder is verifier with a trust root of its own.
func (p *place) verifierUnder(obs actions.Observer, trusted root.TrustedMaterial) (*verification.Verifier, error) {
	opts, err := p.verification(obs)
	if err != nil {
		return nil, err
	}
	opts.Material = func(context.Context) (root.TrustedMaterial, error) { return trusted, nil }
	return verification.New(opts), nil
}

// verification is how images are verified here, without the trust root.
func (p *place) verification(obs actions.Observer) (verification.Options, error) {
	transport, err := p.transport(obs)
	if err != nil {
		return verification.Options{}, err
	}
	return verification.Options{
		Registry:  registry.New(registry.Options{Homes: p.homes, Transport: transport, Observer: obs}),
		Endpoints: p.env.Endpoints(), Observer: obs, Transport: transport, Repository: p.value("COSIGN_REPOSITORY"),
	}, nil
}

// roots is the trust root of the state directory.
func (p *place) roots(obs actions.Observer) (*trust.Client, error) {
	transport, err := p.transport(obs)
	if err != nil {
		return nil, err
	}
	return trust.New(trust.Options{Homes: p.homes, Endpoints: p.env.Endpoints(), Transport: transport, Observer: obs}), nil
}

// value is that of a variable, empty when it is not set.
func (p *place) value(name string) string {
	v, _ := p.env.Get(name)
	return v.Value
}

func (p *place) transport(obs actions.Observer) (http.RoundTripper, error) {
	return web.Transport(web.Options{CAFile: p.env.Endpoints().CAFile, Observer: obs})
}
