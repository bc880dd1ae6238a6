// Package identity is how a person or a machine proves who it is: reading identity tokens now, and the ways to get one.
package identity

import (
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// Token is an OpenID Connect identity token that was read but not verified: only its issuer's keys can do that, and
// Fulcio does.
type Token struct {
	Raw           actions.Secret
	Issuer        string
	Subject       string // the sub claim
	Email         string
	EmailVerified bool
	Audience      []string
	IssuedAt      time.Time
	Expires       time.Time
	Claims        map[string]any
}

// Parse reads a token. It fails with CodeTokenMalformed when it is not a whole JWT, and says what is missing.
func Parse(raw actions.Secret) (*Token, error) { panic("being built") }

// Check says whether the token can work now for audience: CodeTokenExpired, CodeTokenAudience, or nil.
func (t *Token) Check(now time.Time, audience string) error { panic("being built") }
