package builtin

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/attachments"
	"github.com/sigwalk/sigwalk/actions/identity/ambient"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// Clients are the clients of the actions for one call: with the endpoints, the homes and the certificate authorities that
// the variables of the call amount to.
type Clients struct {
	// Endpoints may be changed, as by flags, before a client is asked for.
	Endpoints actions.Endpoints
	Homes     actions.Homes
	Transport http.RoundTripper
	Observer  actions.Observer

	call       *Call
	kubeconfig string // as KUBECONFIG; empty for the person's own
	own        bool   // the connections are nobody else's
}

// Connect returns the clients for c, watched by observer. It fails when the file of certificate authorities cannot be
// read, or when a home of the line's own lies outside the lesson's directory.
func (c *Call) Connect(observer actions.Observer) (*Clients, error) {
	homes, err := c.homes()
	if err != nil {
		return nil, err
	}
	kubeconfig, err := c.kubeconfig()
	if err != nil {
		return nil, err
	}
	endpoints := c.Environment.Endpoints()
	if endpoints.CAFile, err = c.Authorities(); err != nil {
		return nil, err
	}
	transport, err := web.Transport(web.Options{
		CAFile: endpoints.CAFile, Observer: observer, Base: c.Base, Clock: c.Clock,
	})
	if err != nil {
		return nil, err
	}
	return &Clients{
		Endpoints: endpoints, Homes: homes, Transport: transport, Observer: observer,
		call: c, kubeconfig: kubeconfig, own: c.Base == nil || endpoints.CAFile != "",
	}, nil
}

// homes are those that the shell was given, unless the line chose others with TUF_ROOT or DOCKER_CONFIG. Only a line that
// is trusted with the machine may choose a place outside the lesson's directory.
func (c *Call) homes() (actions.Homes, error) {
	homes := c.Homes
	for name, home := range map[string]*string{"TUF_ROOT": &homes.TUF, "DOCKER_CONFIG": &homes.Docker} {
		chosen := c.Getenv(name)
		if chosen == "" || filepath.Clean(chosen) == filepath.Clean(*home) {
			continue
		}
		if c.AllowHost && filepath.IsAbs(chosen) {
			*home = chosen
			continue
		}
		rel, err := c.Files.Resolve(c.Dir, chosen)
		if err == nil {
			// A symbolic link may lead out, too; a directory that is not there yet leads nowhere.
			if _, err = c.Files.Stat(c.Dir, chosen); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
		if err != nil {
			return homes, fmt.Errorf("%s: %w", name, err)
		}
		*home = filepath.Join(c.Files.Dir(), rel)
	}
	return homes, nil
}

// Authorities is the file of certificate authorities in force. One that a line names lies in the lesson's directory, unless
// the line is trusted with the machine; one that the person gave may lie anywhere.
func (c *Call) Authorities() (string, error) {
	v := c.Environment.Authorities()
	if v.Value == "" || !v.Source.ByLine() || c.AllowHost && filepath.IsAbs(v.Value) {
		return v.Value, nil
	}
	path, err := c.Files.Host(c.Dir, v.Value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", v.Name, err)
	}
	return path, nil
}

// Close ends the connections.
func (k *Clients) Close() {
	if closer, ok := k.Transport.(interface{ CloseIdleConnections() }); ok && k.own {
		closer.CloseIdleConnections()
	}
}

// Registry returns a client for registries.
func (k *Clients) Registry() *registry.Client {
	return registry.New(registry.Options{
		Homes: k.Homes, Transport: k.Transport, Observer: k.Observer, Clock: k.call.Clock,
	})
}

// Ambient returns how the place offers identity tokens by itself. A socket that a line names lies in the lesson's directory,
// unless the line is trusted with the machine.
func (k *Clients) Ambient() (ambient.Options, error) {
	const socket = "SPIFFE_ENDPOINT_SOCKET"
	getenv := k.call.Getenv
	if v, ok := k.call.Environment.Get(socket); ok && v.Value != "" && v.Source.ByLine() && !k.call.AllowHost {
		path, err := k.call.Files.Host(k.call.Dir, strings.TrimPrefix(v.Value, "unix://"))
		if err != nil {
			return ambient.Options{}, fmt.Errorf("%s: %w", socket, err)
		}
		getenv = func(name string) string {
			if name == socket {
				return path
			}
			return k.call.Getenv(name)
		}
	}
	return ambient.Options{
		Getenv: getenv, Machine: k.call.Machine, Transport: k.Transport, Observer: k.Observer, Clock: k.call.Clock,
	}, nil
}

// Trust returns a client for the trust root.
func (k *Clients) Trust() *trust.Client {
	return trust.New(trust.Options{
		Homes: k.Homes, Endpoints: k.Endpoints, Transport: k.Transport, Observer: k.Observer, Clock: k.call.Clock,
	})
}

// repositoryVariable names the repository that signatures are in, where that is not the image's own.
const repositoryVariable = "COSIGN_REPOSITORY"

// Signer returns what signs images.
func (k *Clients) Signer() *signing.Signer {
	return signing.New(signing.Options{
		Registry: k.Registry(), Trust: k.Trust(), Endpoints: k.Endpoints, Homes: k.Homes, Repository: k.call.Getenv(repositoryVariable),
		Transport: k.Transport, Observer: k.Observer, Clock: k.call.Clock,
	})
}

// Verification returns the options for a verifier.
func (k *Clients) Verification() verification.Options {
	return verification.Options{
		Registry: k.Registry(), Trust: k.Trust(), Endpoints: k.Endpoints, Repository: k.call.Getenv(repositoryVariable),
		Observer: k.Observer, Clock: k.call.Clock, Transport: k.Transport, Keys: k.Keys(),
		ReadFile: func(path string) ([]byte, error) { return k.call.Files.ReadFile(k.call.Dir, path) },
	}
}

// Keys returns what makes and loads key pairs. It reads files and variables as the call sees them; a password is that of
// COSIGN_PASSWORD, else what a pipe brings, else what a person types.
func (k *Clients) Keys() *keys.Client {
	context, _ := k.call.Environment.Get(environment.KubeContext)
	return keys.New(keys.Options{
		Context:  context.Value,
		Observer: k.Observer, Clock: k.call.Clock, Transport: k.Transport,
		Kubeconfig: k.kubeconfig,
		Password:   k.call.password,
		ReadFile:   func(path string) ([]byte, error) { return k.call.Files.ReadFile(k.call.Dir, path) },
		LookupEnv: func(name string) (string, bool) {
			v, ok := k.call.Environment.Get(name)
			return v.Value, ok
		},
	})
}

// Attachments returns what works on what is attached to images.
func (k *Clients) Attachments() *attachments.Client {
	return attachments.New(attachments.Options{Registry: k.Registry(), Signer: k.Signer(), Observer: k.Observer})
}
