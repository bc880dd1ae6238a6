package identity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

// skew is how far the clocks of an issuer and this machine may be apart before a token counts as not yet valid.
const skew = time.Minute

// Check says whether the token can work now for audience: CodeTokenExpired when its time is over or has not begun,
// CodeTokenAudience when it is for somebody else, or nil. An empty audience is not compared.
func (t *Token) Check(now time.Time, audience string) error {
	switch {
	case t.Expires.IsZero():
		return malformed("its claims name no time at which it expires (exp)", "this is not an identity token; "+howToGet)
	case !now.Before(t.Expires):
		return &actions.Error{
			Code: actions.CodeTokenExpired,
			What: fmt.Sprintf("the identity token of %s has expired", t.who()),
			Why: fmt.Sprintf("it expired %s ago, at %s%s",
				Span(now.Sub(t.Expires)), t.Expires.UTC().Format("15:04:05 UTC on 2 January 2006"), t.life()),
			Next: "get a new token and use it right away",
		}
	}
	if begins := t.begins(); begins.Sub(now) > skew {
		return &actions.Error{
			Code: actions.CodeTokenExpired,
			What: fmt.Sprintf("the identity token of %s is not valid yet", t.who()),
			Why:  fmt.Sprintf("its time begins in %s", Span(begins.Sub(now))),
			Next: "check this machine's clock: it seems to be behind",
		}
	}
	if audience != "" && !slices.Contains(t.Audience, audience) {
		e := &actions.Error{
			Code: actions.CodeTokenAudience,
			What: fmt.Sprintf("the identity token of %s is for somebody else", t.who()),
			Why:  fmt.Sprintf("its audience (aud) is %s and has to include %s", list(t.Audience), audience),
			Next: fmt.Sprintf("get a token for the client %s", audience),
		}
		if _, isAccessToken := t.Claims["scope"]; isAccessToken {
			e.Next += "; Keycloak's id_token has it, its access_token only with an audience mapper"
		}
		return e
	}
	return nil
}

// begins returns the time from which the token counts: nbf if it says so, else when it was issued.
func (t *Token) begins() time.Time {
	if nbf := t.NotBefore(); !nbf.IsZero() {
		return nbf
	}
	return t.IssuedAt
}

// NotBefore is the time before which the token must not be taken (nbf), zero when it does not say.
func (t *Token) NotBefore() time.Time {
	nbf, err := t.moment("nbf")
	if err != nil {
		return time.Time{}
	}
	return nbf
}

// who names the token's owner to people.
func (t *Token) who() string {
	switch {
	case t.Email != "":
		return t.Email
	case t.Subject != "":
		return t.Subject
	}
	return t.Issuer
}

func (t *Token) life() string {
	if t.IssuedAt.IsZero() || !t.Expires.After(t.IssuedAt) {
		return ""
	}
	return "; such a token lives for " + Span(t.Expires.Sub(t.IssuedAt))
}

func list(audience []string) string {
	switch len(audience) {
	case 0:
		return "not given"
	case 1:
		return audience[0]
	}
	return strings.Join(audience, ", ")
}

// Span says a duration in one or two units, as people do: "45 seconds", "3 minutes", "2 hours 5 minutes", "4 days".
func Span(d time.Duration) string {
	count := func(n int64, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	seconds := int64(d.Round(time.Second) / time.Second)
	minutes, hours, days := seconds/60, seconds/3600, seconds/86400
	switch {
	case seconds < 1:
		return "less than a second"
	case seconds < 60:
		return count(seconds, "second")
	case minutes < 60:
		return count(minutes, "minute")
	case hours < 48:
		if rest := minutes % 60; rest > 0 {
			return count(hours, "hour") + " " + count(rest, "minute")
		}
		return count(hours, "hour")
	}
	return count(days, "day")
}
