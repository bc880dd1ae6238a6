package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

// State is how a check ended.
type State string

// The states of a check.
const (
	Passed  State = "ok"
	Failed  State = "failed"
	Unsure  State = "unknown" // it could not be seen from here
	Skipped State = "skipped" // another check must hold first
)

// The checks, in the order in which Fulcio makes them.
const (
	CheckConfiguration = "configuration" // Fulcio says what it trusts
	CheckIssuer        = "issuer"        // it trusts who made the token
	CheckClaims        = "claims"        // the claims have the types that they must have
	CheckSignature     = "signature"     // the issuer's keys made the signature
	CheckAudience      = "audience"      // it is for Fulcio's client
	CheckExpiry        = "expiry"        // its time is not over
	CheckBegin         = "begin"         // its time has begun
	CheckIdentity      = "identity"      // it names somebody whom a certificate can be for
)

// Check is one thing that must hold for Fulcio to take a token.
type Check struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// What was found, in a few words.
	What string `json:"what"`
	// Code, Why and Next are set where the check did not pass: why that matters, and what to change and where.
	Code actions.Code `json:"code,omitempty"`
	Why  string       `json:"why,omitempty"`
	Next string       `json:"next,omitempty"`
}

func (r *Report) pass(id, what string) {
	r.Checks = append(r.Checks, Check{ID: id, State: Passed, What: what})
}

func (r *Report) fail(id string, code actions.Code, what, why, next string) {
	r.Checks = append(r.Checks, Check{ID: id, State: Failed, What: what, Code: code, Why: why, Next: next})
}

func (r *Report) unsure(id, what, why, next string) {
	r.Checks = append(r.Checks, Check{ID: id, State: Unsure, What: what, Why: why, Next: next})
}

// unsureFor is unsure with the reason of an error.
func (r *Report) unsureFor(id, what string, err error) {
	var e *actions.Error
	if errors.As(err, &e) {
		r.unsure(id, what, e.Error(), e.Next)
		return
	}
	r.unsure(id, what, plain(err.Error()), "")
}

func (r *Report) skip(id, what, why string) {
	r.Checks = append(r.Checks, Check{ID: id, State: Skipped, What: what, Why: why})
}

// algorithms are those that a token may be signed with; which of them an issuer uses, its discovery document says.
func algorithms() []string {
	return []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
	}
}

// check makes every check. trusted is nil where Fulcio did not say what it trusts.
func (r *Report) check(ctx context.Context, client *http.Client, trusted []Issuer) {
	if trusted != nil {
		if entry, ok := Find(trusted, r.token.Issuer); ok {
			r.Trusts = &entry
			r.pass(CheckIssuer, "Fulcio trusts "+plain(r.token.Issuer))
		} else {
			r.unknownIssuer(trusted)
		}
	}
	read, err := r.read(ctx)
	if err != nil {
		r.fail(CheckClaims, actions.CodeTokenMalformed, "the claims cannot be read as those of an identity token", plain(err.Error()),
			"have whoever makes such tokens give iss, sub and aud as text, and exp and iat as numbers")
		return
	}
	r.pass(CheckClaims, "the claims are those of an identity token")
	r.checkSignature(ctx, client)
	r.checkAudience()
	r.checkTimes()
	switch {
	case r.Trusts != nil:
		r.checkIdentity(*r.Trusts, read)
	case trusted != nil:
		r.skip(CheckIdentity, "who the certificate would be for", "how Fulcio makes names goes by the issuer, and it does not trust this one")
	}
}

// read is the token as Fulcio reads it, with the same library; nothing is verified.
func (r *Report) read(ctx context.Context) (*oidc.IDToken, error) {
	return oidc.NewVerifier("", nil, &oidc.Config{
		SkipClientIDCheck: true, SkipExpiryCheck: true, SkipIssuerCheck: true, InsecureSkipSignatureCheck: true,
		SupportedSigningAlgs: algorithms(),
	}).Verify(ctx, r.token.Raw.Reveal())
}

// patience is how long an issuer has to give its keys; Fulcio waits as long.
const patience = 10 * time.Second

// checkSignature gets the keys of an issuer that Fulcio trusts. Others are not asked: the address comes out of the token,
// and anybody can have written it.
func (r *Report) checkSignature(ctx context.Context, client *http.Client) {
	const what = "the signature"
	if r.Trusts == nil {
		r.skip(CheckSignature, what, "the issuer's keys are fetched only where Fulcio trusts it")
		return
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, client), patience)
	defer cancel()
	provider, err := oidc.NewProvider(ctx, r.token.Issuer)
	if err != nil {
		r.unsure(CheckSignature, what, "the keys of "+plain(r.token.Issuer)+" could not be fetched from here: "+plain(err.Error()),
			"Fulcio may be able to; if not, it refuses every token of this issuer")
		return
	}
	_, err = provider.VerifierContext(ctx, &oidc.Config{SkipClientIDCheck: true, SkipExpiryCheck: true}).Verify(ctx, r.token.Raw.Reveal())
	var unreached interface{ Timeout() bool }
	switch {
	case err == nil:
		r.pass(CheckSignature, "a key of the issuer made the signature")
	case errors.As(err, &unreached), strings.Contains(err.Error(), "fetching keys"):
		r.unsure(CheckSignature, what, plain(err.Error()), "Fulcio may be able to fetch the keys")
	default:
		r.fail(CheckSignature, actions.CodeTokenRefused, "no key of the issuer made the signature", plain(err.Error()),
			"get a new token from "+plain(r.token.Issuer)+": this one was changed, made by somebody else, or signed with a key that was replaced since")
	}
}

func (r *Report) checkAudience() {
	found := "it is for " + list(r.token.Audience)
	switch {
	case r.Trusts == nil:
		r.skip(CheckAudience, found, "whom a token must be for goes by the issuer")
	case slices.Contains(r.token.Audience, r.Trusts.Audience):
		r.pass(CheckAudience, found)
	default:
		why := fmt.Sprintf("Fulcio wants tokens of this issuer to be for %s (aud), so that nobody can use one that was given to another program", plain(r.Trusts.Audience))
		r.fail(CheckAudience, actions.CodeTokenAudience, found, why, r.audienceAdvice(r.Trusts.Audience))
	}
}

// leeway is how early a token may come; the library that Fulcio uses has the same.
const leeway = 5 * time.Minute

func (r *Report) checkTimes() {
	t := r.token
	switch {
	case t.Expires.IsZero():
		r.fail(CheckExpiry, actions.CodeTokenMalformed, "it does not say when it expires", "Fulcio takes no token without an end (exp)",
			"get an identity token; what has no end is none")
	case t.Expires.Before(r.now):
		next := "get a new token and use it at once"
		if r.Life != "" {
			next += "; one of these lives for " + r.Life
		}
		if r.ClockOff != "" {
			next += ". " + r.ClockOff
		}
		r.fail(CheckExpiry, actions.CodeTokenExpired, "it expired "+when(t.Expires.Sub(r.now)), "Fulcio takes no token whose time is over", next)
	default:
		r.pass(CheckExpiry, "it expires "+when(t.Expires.Sub(r.now)))
	}
	begins := t.NotBefore()
	switch {
	case begins.IsZero():
	case r.now.Add(leeway).Before(begins):
		r.fail(CheckBegin, actions.CodeTokenExpired, "its time begins "+when(begins.Sub(r.now)), "Fulcio takes no token before its time (nbf)",
			"wait, or set the clock of whoever made the token right")
	default:
		r.pass(CheckBegin, "its time has begun")
	}
}

// list names an audience.
func list(audience []string) string {
	if len(audience) == 0 {
		return "nobody (it has no aud)"
	}
	return plain(strings.Join(audience, ", "))
}

// plain is text of others on one line, for people.
func plain(text string) string { return identity.Quoted(text) }
