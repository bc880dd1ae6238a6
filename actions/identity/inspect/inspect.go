// Package inspect reads an identity token to a person, and says beforehand whether Fulcio will take it and whose name the
// certificate will bear. Nothing of the token leaves the machine: Fulcio is asked what it trusts, and an issuer that it
// trusts for its keys, as anybody may ask.
package inspect

import (
	"context"
	"net/http"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
)

// LongestToken is more bytes than any identity token has.
const LongestToken = 1 << 20

// Options configure Inspect.
type Options struct {
	// Fulcio is the URL of the Fulcio whose answer is foretold; empty when there is none.
	Fulcio    string
	Transport http.RoundTripper // nil for http.DefaultTransport
	Clock     actions.Clock
}

// Verdict is what Fulcio will do with a token.
type Verdict string

// The verdicts.
const (
	Accepted Verdict = "accepted"
	Refused  Verdict = "refused"
	// Unknown is said where something that decides could not be seen from here, and nothing that was seen speaks against
	// the token.
	Unknown Verdict = "unknown"
)

// Moment is a time that a token names.
type Moment struct {
	Claim string    `json:"claim"` // as in RFC 7519: exp, nbf, iat
	At    time.Time `json:"at"`
	// Words say when that is: "in 4 minutes", "20 seconds ago".
	Words string `json:"words"`
}

// Subject is the identity that a certificate will bear.
type Subject struct {
	// Name is the subject alternative name.
	Name string `json:"name"`
	// Kind is what sort of name it is: email, uri or username.
	Kind string `json:"kind"`
	// Issuer is who vouches for it, as the certificate will say.
	Issuer string `json:"issuer"`
	// Presumed is true where Fulcio builds the name by a rule that it does not publish, and this is the usual one.
	Presumed bool `json:"presumed,omitempty"`
}

// Report is what a token says and what will become of it. It holds no part of the token from which it could be put
// together again: the signature is left out.
type Report struct {
	Header  map[string]any `json:"header"`
	Claims  map[string]any `json:"claims"`
	Moments []Moment       `json:"times"`
	// Life is how long the token is good for in all, in words; empty when it does not say.
	Life string `json:"life,omitempty"`
	// Fulcio is whose answer is foretold, and Trusts the entry of its configuration for the issuer; nil without one.
	Fulcio string  `json:"fulcio,omitempty"`
	Trusts *Issuer `json:"trusts,omitempty"`
	Checks []Check `json:"checks"`
	// Verdict is the sum of the checks, and Subject who the certificate will be for; nil where none is to be expected or
	// the rule is not known.
	Verdict Verdict  `json:"verdict"`
	Subject *Subject `json:"subject,omitempty"`
	// ClockOff says how far this machine's clock is from Fulcio's, in words, where that matters; the checks go by Fulcio's.
	ClockOff string `json:"clockOff,omitempty"`

	token *identity.Token
	now   time.Time
}

// Inspect says what token says and foretells Fulcio's answer. It fails with ctx.Err() only: what cannot be found out is a
// check whose state is unknown.
func Inspect(ctx context.Context, token *identity.Token, opts Options) (*Report, error) {
	r := &Report{Header: token.Header, Claims: token.Claims, Fulcio: opts.Fulcio, token: token, now: opts.Clock.Now()}
	client := &http.Client{Transport: opts.Transport}
	trusted := r.ask(ctx, client, opts)
	r.moments()
	r.check(ctx, client, trusted)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.conclude()
	return r, nil
}

// ask gets what Fulcio trusts; nil when it cannot be known.
func (r *Report) ask(ctx context.Context, client *http.Client, opts Options) []Issuer {
	if opts.Fulcio == "" {
		r.unsure(CheckConfiguration, "what Fulcio trusts", "no Fulcio is set",
			"give its address with --fulcio-url (COSIGN_FULCIO_URL)")
		return nil
	}
	asked, err := Trusted(ctx, client, opts.Fulcio)
	if err != nil {
		r.unsureFor(CheckConfiguration, "what Fulcio trusts", err)
		return nil
	}
	if off := asked.Date.Sub(r.now); !asked.Date.IsZero() && off.Abs() > clockTolerance {
		r.now = asked.Date
		r.ClockOff = "this machine's clock is " + identity.Span(off.Abs()) + ahead(off < 0) + " Fulcio's"
	}
	return asked.Issuers
}

// clockTolerance is how far two clocks may be apart before it is worth a word: an HTTP date has whole seconds.
const clockTolerance = 5 * time.Second

func ahead(yes bool) string {
	if yes {
		return " ahead of"
	}
	return " behind"
}

// moments reads the times.
func (r *Report) moments() {
	t := r.token
	for _, m := range []struct {
		claim string
		at    time.Time
	}{{"iat", t.IssuedAt}, {"nbf", t.NotBefore()}, {"exp", t.Expires}} {
		if m.at.IsZero() {
			continue
		}
		r.Moments = append(r.Moments, Moment{Claim: m.claim, At: m.at.UTC(), Words: when(m.at.Sub(r.now))})
	}
	if !t.IssuedAt.IsZero() && t.Expires.After(t.IssuedAt) {
		r.Life = identity.Span(t.Expires.Sub(t.IssuedAt))
	}
}

// when says how far off a time is.
func when(off time.Duration) string {
	if off < 0 {
		return identity.Span(-off) + " ago"
	}
	return "in " + identity.Span(off)
}

// conclude sums the checks up.
func (r *Report) conclude() {
	r.Verdict = Accepted
	for _, c := range r.Checks {
		switch c.State {
		case Failed:
			r.Verdict = Refused
		case Unsure, Skipped:
			if r.Verdict == Accepted {
				r.Verdict = Unknown
			}
		case Passed:
		}
	}
	if r.Verdict == Refused {
		r.Subject = nil
	}
}

// Problem is a check that failed, as an error: the first with that code where there is one, else the first of all; nil when
// none failed.
func (r *Report) Problem(code actions.Code) error {
	var found *Check
	for i, c := range r.Checks {
		if c.State == Failed && (found == nil || c.Code == code && found.Code != code) {
			found = &r.Checks[i]
		}
	}
	if found == nil {
		return nil
	}
	return &actions.Error{
		Code: found.Code, What: "Fulcio at " + r.Fulcio + " does not take this identity token", Why: found.What + "; " + found.Why, Next: found.Next,
	}
}
