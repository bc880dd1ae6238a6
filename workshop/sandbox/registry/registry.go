// Package registry is the sandbox's two container registries: the destination, which wants a login and knows
// organisations, and the one that plays quay.io, which serves the demo image to anyone and takes nothing. Both are
// distribution's registry; what Quay does differently is middleware around it.
package registry

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/guard"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/quiet"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/serve"
	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"

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
	// Log receives what the libraries have to say; nil for nobody.
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
	addr string
	http *serve.Server
	app  *handlers.App
}

// Start serves the destination registry on cfg.Listener until Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	silence(cfg.Log)
	if err := state.MakeDir(cfg.Dir); err != nil {
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
	stored, err := openCatalog(ctx, filepath.Join(cfg.Dir, "content"))
	if err != nil {
		return nil, err
	}
	front := &destination{
		app: app, orgs: orgs, catalog: stored, user: cfg.User, password: cfg.Password, onPush: cfg.OnPush,
	}
	return newServer(cfg.Listener, app, front), nil
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
	conf.Catalog.MaxEntries = 1000 // as distribution's own configuration has it; zero refuses every list
	conf.HTTP.RelativeURLs = true
	conf.Log.AccessLog.Disabled = true
	return conf
}

// newApp returns distribution's application, with its panics on bad configuration turned into errors.
func newApp(ctx context.Context, conf *configuration.Configuration) (app *handlers.App, err error) {
	err = guard.Call("start the registry", func() error {
		app = handlers.NewApp(context.WithoutCancel(ctx), conf)
		return nil
	})
	return app, err
}

// silence sends to out what distribution has to say. Its logger is the process's, and writes to the standard error stream
// unless it is told otherwise.
func silence(out io.Writer) {
	quiet.To(out)
	logrus.SetOutput(quiet.Writer())
	logrus.SetLevel(logrus.ErrorLevel)
}

func newServer(listener net.Listener, app *handlers.App, front http.Handler) *Server {
	return &Server{
		addr: listener.Addr().String(), app: app, http: serve.HTTP(listener, front, quiet.Writer()),
	}
}

// Host returns host:port, the way an image reference names the registry.
func (s *Server) Host() string { return s.addr }

// URL returns the registry's address.
func (s *Server) URL() string { return s.http.URL() }

// Close stops the server.
func (s *Server) Close() error { return errors.Join(s.http.Close(), s.app.Shutdown()) }

// tokenUser is the name under which a Quay takes a token in place of a password. The sandbox's token is the password.
const tokenUser = "$oauthtoken"

// writeLogin writes the file of logins, unless it is right: the user, and a token's name as Quay has it, with the same
// password. The hash is as cheap as can be: it guards a password that lies in plain text beside it.
func writeLogin(path, user, password string) error {
	text, err := state.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	held, ok := strings.CutPrefix(lines[0], user+":")
	if ok && len(lines) == 2 && lines[1] == tokenUser+":"+held && bcrypt.CompareHashAndPassword([]byte(held), []byte(password)) == nil {
		return nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	return state.Write(path, []byte(user+":"+string(hash)+"\n"+tokenUser+":"+string(hash)+"\n"))
}
