package technicaluser

import (
	"context"
	"net/http"

	"github.com/sigwalk/sigwalk/actions"
)

// The variables that say who may make users.
const (
	AdminVariable    = "KEYCLOAK_ADMIN_USER"
	PasswordVariable = "KEYCLOAK_ADMIN_PASSWORD"
)

// OpenOptions configure Open.
type OpenOptions struct {
	// Issuer is the identity provider's.
	Issuer string
	// Getenv returns a variable of the place, or "".
	Getenv    func(name string) string
	Transport http.RoundTripper // nil for http.DefaultTransport
}

// Open returns the directory of the identity provider in force. It fails as Keycloak does.
func Open(ctx context.Context, o OpenOptions) (Directory, error) {
	admin := o.Getenv(AdminVariable)
	if admin == "" {
		admin = "admin"
	}
	return Keycloak(ctx, KeycloakOptions{
		Issuer: o.Issuer, Admin: admin, Password: actions.NewSecret(o.Getenv(PasswordVariable)), Transport: o.Transport,
	})
}
