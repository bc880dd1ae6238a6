package technicaluser

import (
	"context"
	"net/http"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// The variables that say who may make users.
const (
	AdminVariable    = "KEYCLOAK_ADMIN_USER"
	PasswordVariable = "KEYCLOAK_ADMIN_PASSWORD"
	// The sandbox's Dex has an API on the port of its issuer.
	dexVariable      = "DEX_API"
	dexTokenVariable = "DEX_API_TOKEN"
)

// OpenOptions configure Open.
type OpenOptions struct {
	// Issuer is the identity provider's.
	Issuer string
	// Getenv returns a variable of the place, or "".
	Getenv    func(name string) string
	Transport http.RoundTripper // nil for http.DefaultTransport
}

// Open returns the directory of the identity provider in force: the sandbox's Dex where the issuer is its own, else a
// Keycloak. It fails as Keycloak does.
func Open(ctx context.Context, o OpenOptions) (Directory, error) {
	if address := o.Getenv(dexVariable); address != "" && strings.HasPrefix(o.Issuer, "http://"+address+"/") {
		return &dex{address: address, token: actions.NewSecret(o.Getenv(dexTokenVariable))}, nil
	}
	admin := o.Getenv(AdminVariable)
	if admin == "" {
		admin = "admin"
	}
	return Keycloak(ctx, KeycloakOptions{
		Issuer: o.Issuer, Admin: admin, Password: actions.NewSecret(o.Getenv(PasswordVariable)), Transport: o.Transport,
	})
}
