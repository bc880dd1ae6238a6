package registry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
)

// LoginRequest is whom to be at a registry.
type LoginRequest struct {
	// Server is a host, host:port or URL.
	Server   string
	Username string
	Password actions.Secret
}

// LoginResult says where the credentials were stored.
type LoginResult struct {
	// Server is the name under which they were stored.
	Server string
	// Path is the config.json that was written, or that names the helper. Helper is the credential helper that holds the
	// credentials; when it is empty they lie in Path in plain text.
	Path   string
	Helper string
	// Unchecked is true when the registry asks nobody for a login, so that it could not check the credentials.
	Unchecked bool
}

// Login checks the credentials against the registry and only then stores them, in the credential helper that the
// configuration names for the server or in plain text in config.json. It fails with CodeWrongPassword when the registry
// refuses them, CodeCredentialStore when the configuration or the helper cannot be used, and CodeStateUnwritable when
// config.json cannot be written; nothing is changed then.
func (c *Client) Login(ctx context.Context, req LoginRequest) (*LoginResult, error) {
	registry, err := parseServer(req.Server)
	if err != nil {
		return nil, err
	}
	if req.Username == "" || req.Password.IsZero() {
		return nil, &actions.Error{
			Code: actions.CodeUsage,
			What: "a login to " + registry.RegistryStr() + " needs a user name and a password",
			Next: fmt.Sprintf("cosign login %s -u USER --password-stdin", registry.RegistryStr()),
		}
	}
	if c.opts.Homes.Docker == "" {
		return nil, &actions.Error{
			Code: actions.CodeStateUnwritable,
			What: "there is no place to store the credentials",
			Next: "name a directory with DOCKER_CONFIG",
		}
	}
	c.login.Lock()
	defer c.login.Unlock()
	// A configuration that cannot be used is found before the password travels.
	config, err := readConfig(c.opts.Homes.Docker)
	if err != nil {
		return nil, err
	}
	certain, err := c.checkLogin(ctx, registry, req)
	if err != nil {
		return nil, err
	}
	server := serverKey(registry.RegistryStr())
	result := &LoginResult{Server: server, Path: config.path, Helper: config.helper(server), Unchecked: !certain}
	if result.Helper != "" {
		err = config.storeInHelper(ctx, result.Helper, server, req.Username, req.Password)
	} else {
		err = config.storePlain(server, req.Username, req.Password)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// checkLogin reports whether the registry could check the credentials, and fails when it refuses them.
func (c *Client) checkLogin(ctx context.Context, registry name.Registry, req LoginRequest) (certain bool, err error) {
	host := registry.RegistryStr()
	auth := authn.FromConfig(authn.AuthConfig{Username: req.Username, Password: req.Password.Reveal()})
	d, err := c.open(ctx, registry)
	if err == nil {
		_, certain, err = c.verify(ctx, d, auth)
	}
	if isDenied(err) {
		return false, refused(host, req.Username, err)
	}
	if err != nil {
		// The reference stands for the host only: it is the one place that explains refusals.
		return false, c.explainHost(ctx, err, host)
	}
	return certain, nil
}

// explainHost explains an error about a registry as a whole.
func (c *Client) explainHost(ctx context.Context, err error, host string) error {
	explained := c.explain(ctx, err, host+"/v2", intent{})
	var e *actions.Error
	if errors.As(explained, &e) {
		e.What = strings.ReplaceAll(e.What, host+"/v2", host)
		e.Next = strings.ReplaceAll(e.Next, host+"/v2", host)
	}
	return explained
}

// parseServer reads a registry given as host, host:port or URL; a path behind it is dropped.
func parseServer(server string) (name.Registry, error) {
	bad := func(why string) (name.Registry, error) {
		return name.Registry{}, &actions.Error{
			Code: actions.CodeUsage,
			What: "this is not the name of a registry",
			Why:  why,
			Next: "name it as HOST or HOST:PORT, such as quay.io",
		}
	}
	host := strings.TrimSpace(server)
	if host == "" {
		return bad("it is empty; if a variable such as $QUAY was meant, it has no value yet")
	}
	if strings.Contains(host, "://") {
		u, err := url.Parse(host)
		if err != nil || u.Host == "" {
			return bad("the address cannot be read")
		}
		if u.User != nil {
			return bad("user and password do not belong into the address") // which is therefore not repeated here
		}
		if u.Scheme == "http" && !isLoopback(u.Hostname()) {
			return name.Registry{}, plainRefused(u.Host)
		}
		host = u.Host
	}
	host, _, _ = strings.Cut(host, "/")
	if strings.Contains(host, "@") {
		return bad("user and password do not belong into the address")
	}
	registry, err := name.NewRegistry(host, name.StrictValidation)
	if err != nil {
		return bad(shorten(err.Error()))
	}
	return registry, nil
}
