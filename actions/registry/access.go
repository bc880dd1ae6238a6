package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
)

// Access is what the stored credentials may do with a repository.
type Access struct {
	// Pull is true when the repository is there and may be read.
	Pull bool
	// Push is true when the registry says that the repository may be written.
	Push bool
	// PushUnknown is true when Push could not be asked: the repository is not there (or hidden), and this registry would
	// make it upon the question.
	PushUnknown bool
	// LoggedIn is true when credentials for the registry are stored and the registry accepts them.
	LoggedIn bool
}

// Access asks the registry what the stored credentials may do with repository, without writing anything that stays.
// Missing rights and refused credentials are an answer, not an error.
func (c *Client) Access(ctx context.Context, repository string) (*Access, error) {
	repo, err := parseRepository(repository)
	if err != nil {
		return nil, err
	}
	var access *Access
	err = retry(ctx, func() error {
		access, err = c.access(ctx, repo)
		return err
	})
	if err != nil {
		return nil, c.Explain(ctx, err, repository)
	}
	return access, nil
}

func (c *Client) access(ctx context.Context, repo name.Repository) (*Access, error) {
	auth, err := authn.Resolve(ctx, c.Keychain(), repo)
	if err != nil {
		return nil, err
	}
	d, err := c.open(ctx, repo.Registry)
	if err != nil {
		return nil, err
	}
	access := &Access{}
	if auth != authn.Anonymous {
		accepted, _, err := c.verify(ctx, d, auth)
		if !accepted && !isDenied(err) {
			return nil, err
		}
		if access.LoggedIn = accepted; !accepted {
			return access, nil
		}
	}
	if d.bearer() {
		told, err := c.accessByToken(ctx, d, auth, repo, access)
		if told || err != nil {
			return access, err
		}
	}
	return access, c.accessByTrying(ctx, auth, repo, access)
}

// accessByToken reads the rights from the token that the registry gives out. It reports false when the token does not
// tell.
func (c *Client) accessByToken(ctx context.Context, d *door, auth authn.Authenticator, repo name.Repository, access *Access) (bool, error) {
	allowed, known, err := c.rights(ctx, d, auth, repo, transport.PullScope)
	if isDenied(err) {
		return true, nil
	}
	if err != nil || !known {
		return false, err
	}
	access.Pull = mayPull(allowed)
	if !access.Pull && d.createsOnAsking() {
		access.PushUnknown = access.LoggedIn
		return true, nil
	}
	allowed, _, err = c.rights(ctx, d, auth, repo, transport.PushScope)
	if isDenied(err) {
		return true, nil
	}
	access.Pull, access.Push = access.Pull || mayPull(allowed), mayPush(allowed)
	return true, err
}

// accessByTrying lists the tags, then begins an upload and calls it off at once.
func (c *Client) accessByTrying(ctx context.Context, auth authn.Authenticator, repo name.Repository, access *Access) error {
	pull, err := c.connect(ctx, repo, auth, repo.Scope(transport.PullScope))
	if err == nil {
		err = pull.do(ctx, http.MethodGet, pull.url("tags/list", url.Values{"n": {"1"}}), http.StatusOK)
	}
	if err != nil && !isDenied(err) && !isMissing(err) {
		return err
	}
	access.Pull = err == nil
	push, err := c.connect(ctx, repo, auth, repo.Scope(transport.PushScope))
	if err == nil {
		var location string
		if location, _, err = push.begin(ctx, "", ""); err == nil {
			access.Push = true
			// The registry throws an unfinished upload away in time, should this fail.
			_ = push.do(ctx, http.MethodDelete, location, http.StatusNoContent)
		}
	}
	if err != nil && (isDenied(err) || isMissing(err) || isReadOnly(err)) {
		return nil
	}
	return err
}

// Tags lists the tags of a repository, sorted.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	repo, err := parseRepository(repository)
	if err != nil {
		return nil, err
	}
	tags, err := listTags(ctx, repo, c.Remote(ctx)...)
	if err != nil {
		return nil, c.Explain(ctx, err, repository)
	}
	slices.Sort(tags)
	return tags, nil
}

func isDenied(err error) bool {
	var refusal *transport.Error
	return errors.As(err, &refusal) && denied(refusal)
}

func isMissing(err error) bool {
	var refusal *transport.Error
	return errors.As(err, &refusal) && refusal.StatusCode == http.StatusNotFound
}

// isReadOnly reports whether the registry takes no uploads at all.
func isReadOnly(err error) bool {
	var refusal *transport.Error
	return errors.As(err, &refusal) && refusal.StatusCode == http.StatusMethodNotAllowed
}

// refused returns the wrong-credentials error for a registry.
func refused(host, user string, err error) *actions.Error {
	e := &actions.Error{
		Code: actions.CodeWrongPassword,
		What: host + " refuses the login",
		Why:  "user name or password is wrong" + theRegistrySays(err),
		Next: "log in again: cosign login " + host + " -u USER",
		Err:  err,
	}
	if user != "" {
		e.What = host + " refuses the login of " + user
		e.Next = "check user name and password (a robot's or token's name counts in full), then: cosign login " + host + " -u " + user
	}
	return e
}
