package workshop

import (
	"context"
	"strings"

	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
)

// technicalUser asks the identity provider for a user by whose name a pipeline signs, as its administrator.
func (a *asked) technicalUser(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	directory, err := technicaluser.Open(ctx, technicaluser.OpenOptions{
		Issuer: c.endpoints.OIDCIssuer, Transport: c.transport,
		Getenv: func(name string) string {
			value, _ := a.world.lookup(name)
			return value
		},
	})
	if err != nil {
		return broken(err)
	}
	email, username := a.with["email"], a.with["username"]
	accounts, err := directory.Users(ctx, username, email)
	if err != nil {
		return broken(err)
	}
	for _, account := range accounts {
		switch {
		case !strings.EqualFold(account.Email, email):
		case !account.Enabled:
			return fails(email + " is there and may not sign in")
		case !account.Verified:
			return fails(email + " is there, and the address is not marked as verified")
		default:
			return holds("%s, %s", account.Username, account.Email)
		}
	}
	return fails(directory.Where() + " has no user with the address " + email)
}
