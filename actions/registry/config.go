package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/sigwalk/sigwalk/actions"
)

// dockerConfig is a config.json as Docker, podman and cosign share it.
type dockerConfig struct {
	path string
	file *configfile.ConfigFile
}

// readConfig reads the config.json of dir; a missing one is empty.
func readConfig(dir string) (*dockerConfig, error) {
	c := &dockerConfig{path: filepath.Join(dir, "config.json")}
	c.file = configfile.New(c.path)
	in, err := os.Open(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, &actions.Error{
			Code: actions.CodeCredentialStore,
			What: fmt.Sprintf("the registry credentials in %s cannot be read", c.path),
			Next: "make the file readable for you, or point DOCKER_CONFIG to another directory",
			Err:  err,
		}
	}
	defer func() { _ = in.Close() }()
	if err := c.file.LoadFromReader(in); err != nil {
		return nil, brokenConfig(c.path, err)
	}
	return c, nil
}

func brokenConfig(path string, err error) error {
	return &actions.Error{
		Code: actions.CodeCredentialStore,
		What: fmt.Sprintf("the registry credentials in %s cannot be used", path),
		Why:  "the file is not a Docker configuration: " + err.Error(),
		Next: "correct the file or move it away, then log in again; nothing in it was changed",
		Err:  err,
	}
}

// helper returns the name of the credential helper for a server, or "" when credentials are kept in the file.
func (c *dockerConfig) helper(server string) string {
	if h, ok := c.file.CredentialHelpers[server]; ok {
		return h
	}
	return c.file.CredentialsStore
}

// credentials returns what is stored for target (a repository with its registry) or for its registry, host. An entry
// of the file for the repository or a namespace above it goes first, as in containers-auth.json.
func (c *dockerConfig) credentials(ctx context.Context, target, host string) (authn.AuthConfig, error) {
	for at := target; at != host && strings.HasPrefix(at, host+"/"); at = at[:strings.LastIndexByte(at, '/')] {
		if entry, ok := c.file.AuthConfigs[at]; ok && !blank(entry) {
			return convert(entry), nil
		}
	}
	server := serverKey(host)
	if h := c.helper(server); h != "" {
		return askHelper(ctx, h, server, c.path)
	}
	entry, err := credentials.NewFileStore(c.file).Get(server)
	return convert(entry), err
}

func blank(entry types.AuthConfig) bool {
	entry.ServerAddress = ""
	return entry == types.AuthConfig{}
}

func convert(entry types.AuthConfig) authn.AuthConfig {
	return authn.AuthConfig{
		Username:      entry.Username,
		Password:      entry.Password,
		IdentityToken: entry.IdentityToken,
		RegistryToken: entry.RegistryToken,
	}
}
