// Package sandbox is a whole local Sigstore: a registry, a second one that plays quay.io, an OpenID Connect provider,
// Fulcio, a certificate transparency log, Rekor, a timestamp authority and a TUF repository, all real, in one process,
// on loopback, with state that survives a restart and a crash.
//
// One process owns a sandbox (Start). Others join it through a control socket (Join, JoinOrLaunch) and hold it up for as
// long as they are there.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sigwalk/sigwalk/workshop/sandbox/identity"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
	"github.com/sigwalk/sigwalk/workshop/sandbox/registry"
	"github.com/sigwalk/sigwalk/workshop/socket"
)

// Options configure a sandbox.
type Options struct {
	// Dir is the state directory; the sandbox keeps its state in Dir/sandbox and owns it while it runs.
	Dir string
	// Bare leaves out the organisation and the technical user, for a course that makes them. It counts at the first start;
	// a sandbox that was made with them cannot be started without.
	Bare bool
	// Issuer is one more identity provider whose tokens Fulcio takes, from now on and after every later start; nil to add
	// none. It must answer now.
	Issuer *Issuer
	// OnPush is told of every manifest that the destination registry stored or removed, after it answered; nil for nobody.
	// It is called on the request's goroutine and must not block.
	OnPush func(Push)
	// Stay keeps the sandbox up when the last surface that joined it has gone.
	Stay bool
	// Progress is told what is being started, in words; nil for nobody. It is never called by two goroutines at once.
	Progress func(string)
}

// Push is one manifest that the destination registry stored or, where Removed is set, removed.
type Push = registry.Push

// Sandbox is a sandbox that this process owns.
type Sandbox struct {
	dir      string
	started  time.Time
	owner    *ownership
	log      io.Closer
	servers  *servers
	settings Settings
	surfaces *surfaces
	control  *serve.Server
	unlink   func()

	once   sync.Once
	closed error
}

const (
	logFile = "sandbox.log"
	// longestLog is the size in bytes from which the log of the last start is put aside.
	longestLog = 4 << 20
)

// Start takes the directory and starts every server. It returns when all of them answer. It fails with an *Error whose
// code is CodeOwned when another process owns the directory, CodePortTaken when a port that the sandbox used before is
// taken, CodeUnreadable or CodeUnwritable when its state cannot be used, CodeFailed otherwise, and with ctx.Err() when ctx
// ended. It never removes state.
//
// A process that JoinOrLaunch started has what Start does and how it ended reported to its launcher.
func Start(ctx context.Context, opts Options) (*Sandbox, error) {
	toLauncher, err := dialLauncher(ctx)
	if err != nil {
		return nil, err
	}
	starting, cancel := toLauncher.bind(ctx)
	defer cancel()
	s, err := start(starting, opts, toLauncher.progress(opts.Progress))
	if err != nil {
		toLauncher.failed(err)
		return nil, err
	}
	toLauncher.ready(s.surfaces.endUnused)
	return s, nil
}

func start(ctx context.Context, opts Options, progress func(string)) (_ *Sandbox, err error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = explain(dir, "start", err) }()
	s := &Sandbox{dir: dir, started: time.Now()}
	if s.owner, err = own(dir); err != nil {
		return nil, err
	}
	defer func() { //nolint:contextcheck // what has started is stopped, whatever ended
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()

	home := homeOf(dir)
	out, err := openLog(home)
	if err != nil {
		return nil, err
	}
	s.log = out
	held, isNew, err := openRecord(home, opts.Bare)
	if err != nil {
		return nil, err
	}
	if opts.Bare && !held.Bare {
		return nil, notBare(dir)
	}
	if err := opts.Issuer.check(); err != nil {
		return nil, err
	}
	bound, err := s.listen(ctx, home, &held, isNew)
	if err != nil {
		return nil, err
	}
	// A server closes the listener that it was given; this is for those that did not get so far.
	defer func() {
		if err != nil {
			bound.close()
		}
	}()

	if opts.Issuer != nil {
		if opts.Issuer.URL == identity.Issuer(bound[nameIdentity].Addr()) {
			return nil, opts.Issuer.refused("it is the sandbox's own, which Fulcio trusts already", "give another, or none")
		}
		held.Issuers = held.withIssuer(*opts.Issuer)
	}
	s.servers = &servers{
		home: home, record: held, added: opts.Issuer, bound: bound, log: out, progress: progress, onPush: opts.OnPush,
	}
	if err := s.servers.start(ctx); err != nil {
		return nil, err
	}
	if opts.Issuer != nil { // now that it has answered
		if err := held.save(home); err != nil {
			return nil, err
		}
	}
	s.settings = s.servers.settings()
	if err := s.answers(ctx); err != nil {
		return nil, err
	}
	s.surfaces = newSurfaces(opts.Stay)
	control, unlink, err := socket.Listen(ctx, home, controlName)
	if err != nil {
		return nil, err
	}
	s.unlink = unlink
	s.control = s.serveControl(control, out)
	return s, nil
}

// listen binds the sandbox's ports: at the first start free ones, which are recorded before a server could name them.
func (s *Sandbox) listen(ctx context.Context, home string, held *record, isNew bool) (bound listeners, err error) {
	if !isNew {
		return bindAgain(ctx, held.Ports)
	}
	if bound, held.Ports, err = chooseListeners(ctx); err != nil {
		return nil, err
	}
	if err := held.save(home); err != nil {
		bound.close()
		return nil, err
	}
	return bound, nil
}

// openLog opens the log of the servers, and puts one aside that has grown long.
func openLog(home string) (*os.File, error) {
	path := filepath.Join(home, logFile)
	if info, err := os.Stat(path); err == nil && info.Size() > longestLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("%w: %w", state.ErrUnwritable, err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", state.ErrUnwritable, err)
	}
	return file, nil
}

func notBare(dir string) *Error {
	return &Error{
		Code: CodeBare,
		What: "the sandbox in " + dir + " is not bare",
		Why:  "it was first started with the organisation " + Organization + " and the technical user",
		Next: "start afresh with `sigwalk sandbox reset`, or give another directory with --dir",
	}
}

// Settings say how to use it.
func (s *Sandbox) Settings() Settings { return s.settings }

// Status is what StatusOf tells others.
func (s *Sandbox) Status() Status {
	joined, stay := s.surfaces.count()
	return Status{
		Dir: s.dir, PID: os.Getpid(), Started: s.started, Created: s.servers.record.Created, Bare: s.servers.record.Bare,
		Stay: stay, Surfaces: joined, Issuers: s.servers.record.Issuers, Settings: s.settings,
	}
}

// Notify tells every joined surface something that a person should read.
func (s *Sandbox) Notify(text string) { s.surfaces.notify(text) }

// Done is closed when the sandbox has nobody left to stay for, or was told to stop through its control socket. The sandbox
// still runs then: Close ends it.
func (s *Sandbox) Done() <-chan struct{} { return s.surfaces.done }

// Close stops every server and gives the directory back.
func (s *Sandbox) Close() error {
	s.once.Do(func() {
		var errs []error
		if s.surfaces != nil {
			s.surfaces.stop()
		}
		// Nobody can join any more before the servers go.
		if s.unlink != nil {
			s.unlink()
		}
		if s.control != nil {
			errs = append(errs, s.control.Close())
		}
		if s.servers != nil {
			errs = append(errs, s.servers.close())
		}
		if s.log != nil {
			quietLog()
			errs = append(errs, s.log.Close())
		}
		errs = append(errs, s.owner.release())
		s.closed = errors.Join(errs...)
	})
	return s.closed
}
