// Package registry is the sandbox's two container registries: the destination, which wants a login and knows
// organisations, and the one that plays quay.io, which serves the demo image to anyone and takes nothing. Both are
// distribution's registry; what Quay does differently is middleware around it.
package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	"golang.org/x/crypto/bcrypt"

	// The ways in which distribution checks logins and stores content.
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

// Config configures the destination registry.
type Config struct {
	// Dir keeps the content, the login and the organisations.
	Dir      string
	Listener net.Listener
	// User may push and pull with Password. User is a namespace too, as in Quay.
	User, Password string
	// Secret signs the state of uploads, so that one can be resumed after a restart.
	Secret string
	// Organizations exist from the first start on; later ones are kept in Dir.
	Organizations []string
	// OnPush is told of every manifest that was stored or removed, after the answer was sent; nil for nobody. It is called
	// on the request's goroutine and must not block.
	OnPush func(Push)
	// Log receives what the HTTP server has to say; nil for nobody.
	Log io.Writer
}

// Push is one manifest that was stored, or removed.
type Push struct {
	Repository string // without host
	Reference  string // tag or digest
	Digest     string // empty for a removed tag
	UserAgent  string
	At         time.Time
	Removed    bool
}

// Server is a running registry.
type Server struct {
	addr   string
	http   *http.Server
	app    *handlers.App
	orgs   *organizations
	served chan struct{}
	once   sync.Once
	err    error
}

// Start serves the destination registry on cfg.Listener until Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	passwords := filepath.Join(cfg.Dir, "htpasswd")
	if err := writeLogin(passwords, cfg.User, cfg.Password); err != nil {
		return nil, err
	}
	orgs, err := openOrganizations(filepath.Join(cfg.Dir, "organizations.json"), cfg.Organizations)
	if err != nil {
		return nil, err
	}
	conf := settings(filepath.Join(cfg.Dir, "content"))
	conf.HTTP.Secret = cfg.Secret
	conf.Auth = configuration.Auth{"htpasswd": {"realm": "Workshop registry", "path": passwords}}
	app, err := newApp(ctx, conf)
	if err != nil {
		return nil, err
	}
	front := &destination{
		app: app, orgs: orgs, user: cfg.User, password: cfg.Password, onPush: cfg.OnPush,
	}
	return serve(cfg.Listener, app, orgs, front, cfg.Log), nil
}

// settings are what both registries have in common.
func settings(root string) *configuration.Configuration {
	conf := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": root},
			"delete":     {"enabled": true},
			"cache":      {"blobdescriptor": "inmemory"},
			// The purger cannot be stopped, and a workshop leaves nothing worth purging.
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
	}
	conf.HTTP.RelativeURLs = true
	conf.Log.AccessLog.Disabled = true
	return conf
}

// newApp returns distribution's application, with its panics on bad configuration turned into errors.
func newApp(ctx context.Context, conf *configuration.Configuration) (app *handlers.App, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("start the registry: %v", cause)
		}
	}()
	return handlers.NewApp(context.WithoutCancel(ctx), conf), nil
}

func serve(listener net.Listener, app *handlers.App, orgs *organizations, front http.Handler, out io.Writer) *Server {
	if out == nil {
		out = io.Discard
	}
	s := &Server{
		addr:   listener.Addr().String(),
		app:    app,
		orgs:   orgs,
		served: make(chan struct{}),
		http: &http.Server{
			Handler: front, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(out, "registry: ", log.LstdFlags),
		},
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.http.ErrorLog.Printf("stopped: %v", err)
		}
	}()
	return s
}

// Host returns host:port, the way an image reference names the registry.
func (s *Server) Host() string { return s.addr }

// URL returns the registry's address.
func (s *Server) URL() string { return "http://" + s.addr }

// Close lets requests end for a moment, cuts what is left, and waits until the listener is closed.
func (s *Server) Close() error {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.http.Shutdown(ctx) != nil {
			s.err = s.http.Close()
		}
		<-s.served
		s.err = errors.Join(s.err, s.app.Shutdown())
	})
	return s.err
}

// writeLogin writes the file of logins anew at every start. The hash is as cheap as can be: it guards a password that
// lies in plain text beside it.
func writeLogin(path, user, password string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%s:%s\n", user, hash), 0o600)
}
