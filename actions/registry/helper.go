package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/sigwalk/sigwalk/actions"
)

// tokenUser is the user name that says that the secret is an identity token (Docker's credential helper protocol).
const tokenUser = "<token>"

// program runs a credential helper. Docker's own client lets it write to this process's standard error and cannot stop
// it; a full-screen program can afford neither.
type program struct {
	ctx    context.Context //nolint:containedctx // the interface it implements has no place for it
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

func helperProgram(ctx context.Context, helper string) client.ProgramFunc {
	return func(args ...string) client.Program {
		p := &program{ctx: ctx, cmd: exec.CommandContext(ctx, "docker-credential-"+helper, args...)}
		p.cmd.Stderr = &p.stderr
		// A helper's child may hold its streams open after the helper was stopped.
		p.cmd.WaitDelay = time.Second
		return p
	}
}

// Input implements client.Program.
func (p *program) Input(in io.Reader) { p.cmd.Stdin = in }

// Output implements client.Program.
func (p *program) Output() ([]byte, error) {
	out, err := p.cmd.Output()
	switch {
	case p.ctx.Err() != nil:
		return nil, p.ctx.Err()
	case err != nil && p.stderr.Len() > 0:
		return out, fmt.Errorf("%w: %s", err, shorten(p.stderr.String()))
	}
	return out, err
}

// askHelper gets the credentials for server; none stored is no error.
func askHelper(ctx context.Context, helper, server, path string) (authn.AuthConfig, error) {
	found, err := client.Get(helperProgram(ctx, helper), server)
	switch {
	case err != nil && ctx.Err() != nil:
		return authn.AuthConfig{}, ctx.Err()
	case credentials.IsErrCredentialsNotFound(err):
		return authn.AuthConfig{}, nil
	case err != nil:
		return authn.AuthConfig{}, helperFailed(helper, server, path, err)
	case found.Username == tokenUser:
		return authn.AuthConfig{IdentityToken: found.Secret}, nil
	}
	return authn.AuthConfig{Username: found.Username, Password: found.Secret}, nil
}

// storeInHelper hands the credentials to the helper, and takes an older plain copy out of config.json.
func (c *dockerConfig) storeInHelper(ctx context.Context, helper, server, user string, password actions.Secret) error {
	err := client.Store(helperProgram(ctx, helper), &credentials.Credentials{
		ServerURL: server, Username: user, Secret: password.Reveal(),
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return helperFailed(helper, server, c.path, err)
	}
	if entry, ok := c.file.AuthConfigs[server]; ok && !blank(entry) {
		return writeEntry(c.path, server, []byte("{}"))
	}
	return nil
}

func helperFailed(helper, server, path string, err error) error {
	e := &actions.Error{
		Code: actions.CodeCredentialStore,
		What: fmt.Sprintf("the credential helper docker-credential-%s cannot be used for %s", helper, server),
		Why:  shorten(strings.TrimPrefix(err.Error(), "error getting credentials - err: ")),
		Next: fmt.Sprintf("install or unlock the helper, or take it out of credsStore and credHelpers in %s", path),
		Err:  err,
	}
	if errors.Is(err, exec.ErrNotFound) || strings.Contains(err.Error(), "executable file not found") {
		e.Why = "the program docker-credential-" + helper + " is not installed"
	}
	return e
}
