package verification

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

const nextStampRoot = "check that the trust root knows the timestamp authority that the signer used; " + nextRoot

// outsideAuthority is what the library says of a time at which the authority was not to be believed.
var outsideAuthority = regexp.MustCompile(`signing time "([^"]+)" is outside of certificate validity "([^"]+)" to "([^"]+)"`)

// stampFault says why no time stamp was good, from what the library said of each authority of the trust root and each stamp, and what
// to do. The errors of the library have no types.
func (x *examination) stampFault(said string) (why, next string) {
	authorities := x.material.TimestampingAuthorities()
	switch {
	case len(authorities) == 0:
		return "the trust root names no timestamp authority", nextStampRoot
	case has(said, "hashed messages don't match"): // which is compared after an authority was found that made it
		return "the time stamp was made over another signature", nextTampered
	case outsideAuthority.MatchString(said):
		m := outsideAuthority.FindStringSubmatch(said)
		return fmt.Sprintf("the certificate of the timestamp authority was not valid then: expected a time from %s to %s, found %s", m[2], m[3], m[1]),
			"sign again with an authority whose certificate is valid"
	case has(said, "verification failure"), has(said, "verification error"), has(said, "pkcs7: Message digest mismatch"):
		return "its signature is by no authority of the trust root: it was changed, or another authority of the same name made it", nextStampRoot
	case has(said, "does not match the provided TSA certificate"), has(said, "No certificate for signer"), has(said, "signed by unknown authority"):
		return "the time stamp is by an authority that the trust root does not know; it knows " + x.stampNames(), nextStampRoot
	case has(said, "error parsing response"), has(said, "asn1:"):
		return "the time stamp cannot be read: it is no answer of a timestamp authority", nextTampered
	}
	return "no authority of the trust root made the time stamp: " + quoted(distinct(said)), nextStampRoot
}

// distinct is what was said line by line, each once and without what every line begins with.
func distinct(said string) string {
	var lines []string
	for line := range strings.SplitSeq(said, "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "unable to verify signed timestamps: ")
		if line != "" && line != "%!w(<nil>)" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// badStamps explains why the time stamps of a bundle prove no time.
func (j *judgement) badStamps(s *Signature, said string) *actions.Error {
	e := &actions.Error{Code: actions.CodeTimestamp, What: "the RFC 3161 time stamp does not verify"}
	stamps, err := s.bundle.Timestamps()
	switch {
	case err == nil && len(stamps) == 0 && j.policy.UseSignedTimestamps:
		e.What, e.Why = "the bundle carries no RFC 3161 time stamp", "--use-signed-timestamps asks for one"
		e.Next = "leave out --use-signed-timestamps, if the log's time is proof enough; or sign again with a timestamp authority"
	case err == nil && len(stamps) == 0:
		e.What, e.Why = "nothing proves when the bundle was signed", "its log keeps no time, and it carries no RFC 3161 time stamp, which would prove one"
		e.Next = "sign again with a timestamp authority"
	case len(stamps) > maxStamps:
		e.What = "the bundle carries more time stamps than are looked at"
		e.Why, e.Next = fmt.Sprintf("it has %d, and no more than %d are", len(stamps), maxStamps), nextTampered
	default:
		_, said, _ = strings.Cut(said, "; error: ")
		e.Why, e.Next = j.stampFault(said)
	}
	return e
}

// timeless explains a bundle whose time nothing proves.
func timeless(s *Signature) *actions.Error {
	e := &actions.Error{
		Code: actions.CodeTime, What: "nothing proves when the bundle was signed",
		Why:  "only a log's promise (SET) has a time that the log signed, and its log entry carries a proof alone",
		Next: "sign again with a log or an authority that proves the time",
	}
	if stamps, err := s.bundle.Timestamps(); err == nil && len(stamps) > 0 {
		e.Next = "add --use-signed-timestamps: it carries a time stamp"
	}
	return e
}
