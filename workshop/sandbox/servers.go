package sandbox

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/workshop/sandbox/ctlog"
	"github.com/sigwalk/sigwalk/workshop/sandbox/fulcio"
	"github.com/sigwalk/sigwalk/workshop/sandbox/identity"
	"github.com/sigwalk/sigwalk/workshop/sandbox/images"
	"github.com/sigwalk/sigwalk/workshop/sandbox/ledger"
	"github.com/sigwalk/sigwalk/workshop/sandbox/registry"
	"github.com/sigwalk/sigwalk/workshop/sandbox/rekor"
	"github.com/sigwalk/sigwalk/workshop/sandbox/timestamp"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tuf"
)

// servers are the parts of a sandbox while they start and run.
type servers struct {
	home     string
	record   record
	added    *Issuer // by this start; nil for none
	bound    listeners
	log      io.Writer
	progress func(string)
	onPush   func(registry.Push)

	mu     sync.Mutex
	closes []func() error // in the order in which the parts started

	registry  *registry.Server
	source    *registry.Server
	identity  *identity.Server
	authority *fulcio.Authority
	fulcio    *fulcio.Server
	ctlog     *ctlog.Server
	rekor     *rekor.Server
	timestamp *timestamp.Server
	tuf       *tuf.Server
}

// start starts every server, those that need nothing from another at the same time. On failure it stops what had started.
func (s *servers) start(ctx context.Context) error {
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startRegistry(starting) })
	group.Go(func() error { return s.startSource(starting) })
	group.Go(func() error { return s.startTimestamp(starting) })
	group.Go(func() error { return s.startSigning(starting) })
	err := group.Wait()
	if err == nil {
		err = s.startTUF(ctx)
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// startSigning starts what a keyless signature passes through, each part once those it asks are there: Fulcio wants an
// identity provider that answers discovery and a CT log that knows Fulcio's root.
func (s *servers) startSigning(ctx context.Context) error {
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startIdentity(starting) })
	group.Go(func() error { return s.startLogs(starting) })
	if err := group.Wait(); err != nil {
		return err
	}
	return s.startFulcio(ctx)
}

// part notes a server that has started, so that close ends it.
func (s *servers) part(stop func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closes = append(s.closes, stop)
}

// say tells what is being started.
func (s *servers) say(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress != nil {
		s.progress(what)
	}
}

// close stops the servers, the last to start first.
func (s *servers) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for i := len(s.closes) - 1; i >= 0; i-- {
		errs = append(errs, s.closes[i]())
	}
	s.closes = nil
	return errors.Join(errs...)
}

func (s *servers) startRegistry(ctx context.Context) (err error) {
	s.say("registry")
	var organizations []string
	if !s.record.Bare {
		organizations = []string{Organization}
	}
	s.registry, err = registry.Start(ctx, registry.Config{
		Dir: filepath.Join(s.home, nameRegistry), Listener: s.bound[nameRegistry], Log: s.log,
		User: RegistryUser, Password: s.record.RegistryPassword, Secret: s.record.UploadSecret,
		Organizations: organizations, OnPush: s.onPush,
	})
	if err == nil {
		s.part(s.registry.Close)
	}
	return err
}

func (s *servers) startSource(ctx context.Context) (err error) {
	s.say("demo image")
	s.source, err = registry.StartSource(ctx, registry.SourceConfig{
		Dir: filepath.Join(s.home, nameSource), Listener: s.bound[nameSource], Log: s.log,
	})
	if err == nil {
		s.part(s.source.Close)
	}
	return err
}

func (s *servers) startIdentity(ctx context.Context) (err error) {
	s.say("identity provider")
	users := []identity.User{
		{Email: StudentUser, Username: "user1", Name: "Student One"},
		{Email: AdminUser, Username: "admin", Name: "Admin"},
	}
	if !s.record.Bare {
		users = append(users, identity.User{Email: PipelineUser, Username: "pipeline", Name: "Pipeline"})
	}
	s.identity, err = identity.Start(ctx, identity.Config{
		Dir: filepath.Join(s.home, nameIdentity), Listener: s.bound[nameIdentity], Log: s.log,
		ClientID: ClientID, Users: users, Password: s.record.UserPassword,
	})
	if err == nil {
		s.part(s.identity.Close)
	}
	return err
}

// startLogs starts the two transparency logs, which share a ledger.
func (s *servers) startLogs(ctx context.Context) error {
	s.say("transparency logs")
	entries, err := ledger.Start(ctx, ledger.Config{Dir: filepath.Join(s.home, "ledger"), Log: s.log})
	if err != nil {
		return err
	}
	s.part(entries.Close)

	group, starting := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.rekor, err = rekor.Start(starting, rekor.Config{
			Dir: filepath.Join(s.home, nameRekor), Listener: s.bound[nameRekor], Log: s.log, Ledger: entries,
		})
		if err == nil {
			s.part(s.rekor.Close)
		}
		return err
	})
	group.Go(func() (err error) {
		s.authority, err = fulcio.OpenAuthority(filepath.Join(s.home, nameFulcio))
		if err != nil {
			return err
		}
		s.ctlog, err = ctlog.Start(starting, ctlog.Config{
			Dir: filepath.Join(s.home, nameCTLog), Listener: s.bound[nameCTLog], Log: s.log,
			Ledger: entries, RootPEM: s.authority.RootPEM(),
		})
		if err == nil {
			s.part(s.ctlog.Close)
		}
		return err
	})
	return group.Wait()
}

func (s *servers) startFulcio(ctx context.Context) (err error) {
	s.say("certificate authority")
	s.fulcio, err = fulcio.Start(ctx, fulcio.Config{
		Authority: s.authority, Listener: s.bound[nameFulcio], Log: s.log,
		CTLog: s.ctlog.URL(), CTLogKey: s.ctlog.PublicKey(),
		Issuers: s.issuers(),
	})
	var silent *fulcio.UnansweredError
	if errors.As(err, &silent) && s.added != nil && silent.Issuer == s.added.URL {
		return s.added.unanswered(err)
	}
	if err == nil {
		s.part(s.fulcio.Close)
	}
	return err
}

func (s *servers) startTimestamp(ctx context.Context) (err error) {
	s.say("timestamp authority")
	s.timestamp, err = timestamp.Start(ctx, timestamp.Config{
		Dir: filepath.Join(s.home, nameTimestamp), Listener: s.bound[nameTimestamp], Log: s.log,
	})
	if err == nil {
		s.part(s.timestamp.Close)
	}
	return err
}

func (s *servers) startTUF(ctx context.Context) (err error) {
	s.say("trust root")
	s.tuf, err = tuf.Start(ctx, tuf.Config{
		Dir: filepath.Join(s.home, nameTUF), Listener: s.bound[nameTUF], Log: s.log,
		Deployment: tuf.Deployment{
			Since:  s.record.Created,
			Fulcio: s.fulcio.URL(), FulcioChain: s.fulcio.ChainPEM(),
			Rekor: s.rekor.URL(), RekorKey: s.rekor.PublicKey(),
			CTLog: s.ctlog.URL(), CTLogKey: s.ctlog.PublicKey(),
			Timestamp: s.timestamp.URL(), TimestampChain: s.timestamp.ChainPEM(),
			OIDCIssuer: s.identity.URL(),
		},
	})
	if err == nil {
		s.part(s.tuf.Close)
	}
	return err
}

// settings say how to use the servers.
func (s *servers) settings() Settings {
	user := PipelineUser
	if s.record.Bare {
		user = StudentUser
	}
	return Settings{
		ID:              s.record.id(),
		Fulcio:          s.fulcio.URL(),
		Rekor:           s.rekor.URL(),
		CTLog:           s.ctlog.URL(),
		TUFMirror:       s.tuf.URL(),
		TUFRoot:         s.tuf.RootURL(),
		TUFRootChecksum: s.tuf.RootChecksum(),
		Timestamp:       s.timestamp.URL(),
		OIDCIssuer:      s.identity.URL(),
		OIDCClientID:    ClientID,
		IdentityAPI:     s.bound[nameIdentity].Addr().String(),
		IdentitySecret:  s.record.UserPassword,
		Registry:        s.registry.Host(),
		RegistryUser:    RegistryUser,
		RegistryPass:    s.record.RegistryPassword,
		SourceImage:     s.source.Host() + "/" + images.Repository + ":latest",
		Image:           s.registry.Host() + "/" + Organization + "/" + demoImage,
		OIDCUser:        user,
		OIDCPassword:    s.record.UserPassword,
		LogFile:         filepath.Join(s.home, logFile),
	}
}
