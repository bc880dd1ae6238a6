package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Keychain returns the client's one login, or finds credentials in its Docker configuration (helpers included), read anew
// at each use.
func (c *Client) Keychain() authn.Keychain {
	if login := c.opts.Login; login != nil {
		return fixed{&authn.Basic{Username: login.Username, Password: login.Password.Reveal()}}
	}
	return &keychain{dir: c.opts.Homes.Docker}
}

type keychain struct{ dir string }

// Resolve implements authn.Keychain.
func (k *keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext implements authn.ContextKeychain.
func (k *keychain) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	if k.dir == "" {
		return authn.Anonymous, nil
	}
	config, err := readConfig(k.dir)
	if err != nil {
		return nil, err
	}
	found, err := config.credentials(ctx, target.String(), target.RegistryStr())
	if err != nil {
		return nil, err
	}
	if found == (authn.AuthConfig{}) {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(found), nil
}

// serverKey is the name under which a registry's credentials are kept: its host, but for Docker Hub, whose first
// address stuck.
func serverKey(host string) string {
	switch host {
	case name.DefaultRegistry, "docker.io":
		return authn.DefaultAuthKey
	}
	return host
}
