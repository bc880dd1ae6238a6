package verification

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
)

const (
	nextTampered = "treat it as changed after signing: ask the signer to sign again, and find out who wrote it"
	nextRoot     = "run `cosign initialize` for the deployment that signed, or ask for its trust root"
	nextStamped  = "if its deployment keeps no log, as GitHub's for private repositories: --use-signed-timestamps --insecure-ignore-tlog, for it carries a time stamp"
	nextResign   = "sign it again"
)

// explain says why cosign refused s. cosign's error tells at which check it stopped; expected and found are read from the
// signature itself. What neither tells stays cosign's own words.
func (j *judgement) explain(s *Signature, err error) (reason *actions.Error) {
	defer func() {
		if recover() != nil { // an explanation must not end what a verdict did not
			reason = plain(err.Error())
		}
		reason.Err = err
	}()
	return j.reasonFor(s, err)
}

func (j *judgement) reasonFor(s *Signature, err error) *actions.Error {
	var parts *unfit
	if errors.As(err, &parts) {
		return &actions.Error{
			Code: actions.CodeLogEntry,
			What: "the parts stored with the signature do not fit together",
			Why:  parts.why,
			Next: nextTampered,
		}
	}
	if s.Certificate == nil && j.policy.KeyReference == "" {
		// cosign may stop before, at a log entry that it cannot compare with a key it does not have.
		if s.isBundle() {
			return bundleWithoutCertificate(s)
		}
		return withoutCertificate()
	}
	if s.isBundle() {
		return j.reasonForBundle(s, err)
	}
	text := err.Error()
	switch {
	case has(text, "unable to verify RFC3161 timestamp bundle:"):
		return badStamp(text)
	case has(text, "both public key and certificate were provided but did not match"):
		return otherKey()
	case has(text, "error verifying bundle:"):
		return j.badEntry(s, strings.TrimPrefix(text, "error verifying bundle: "))
	case has(text, "offline verification failed"), has(text, "rekor client not provided"):
		return j.noEntry(s)
	case has(text, "leaf certificate verification failed"):
		return j.badChain(s)
	case has(text, "none of the expected identities matched"), has(text, "malformed "):
		return j.otherIdentity(s)
	case has(text, "certificate does not include required embedded SCT"), has(text, "only able to verify"):
		return badSCT(s, text)
	case has(text, "no matching subject digest found"):
		return otherStatement(j.digest.String(), s)
	case has(text, "invalid or missing digest in claim"):
		return j.otherDigest(s)
	case has(text, errAnnotation.Error()):
		return j.otherAnnotations(s)
	case has(text, "expected a signed timestamp"), has(text, "checking expiry on certificate"):
		return j.outsideLife(s, text)
	case has(text, "searching log query"), has(text, "not found in transparency log"), has(text, "no valid tlog entries"):
		return j.notFoundOnline(text)
	case has(text, "invalid signature when validating"), has(text, "crypto/"), has(text, "failed to verify signature"), has(text, "illegal base64"):
		return j.badSignature(text)
	case j.policy.SkipClaims || !has(text, "invalid character") && !has(text, "unexpected end of JSON"):
		return plain(text)
	default:
		return &actions.Error{
			Code: actions.CodeClaims,
			What: "the signed payload is not a claim about an image",
			Why:  text,
			Next: nextTampered,
		}
	}
}

// has is strings.Contains: cosign wraps its texts, so that they stand anywhere.
func has(text, part string) bool { return strings.Contains(text, part) }

// plain passes on what cosign said.
func plain(text string) *actions.Error {
	return &actions.Error{Code: actions.CodeNotVerified, What: "the signature did not verify", Why: text, Next: nextTampered}
}

func withoutCertificate() *actions.Error {
	return &actions.Error{
		Code: actions.CodeNoCertificate,
		What: "no certificate found on signature",
		Why:  "it was made with a key pair, and only the public key of that pair can vouch for it",
		Next: "verify it with --key cosign.pub",
	}
}

// strangerKey is a signature of a key pair that is not the given one.
func strangerKey(text string) *actions.Error {
	return &actions.Error{
		Code: actions.CodeSignature,
		What: "the signature was not made with the given key",
		Why:  text,
		Next: "give --key the public key of whoever should have signed",
	}
}

func otherKey() *actions.Error {
	return &actions.Error{
		Code: actions.CodeSignature,
		What: "the signature was not made with the given key",
		Why:  "it carries a certificate, and the key in it is not the one given with --key",
		Next: "verify it by its identity instead of a key: --certificate-identity and --certificate-oidc-issuer",
	}
}

func badStamp(text string) *actions.Error {
	return &actions.Error{
		Code: actions.CodeTimestamp,
		What: "the RFC 3161 time stamp does not verify",
		Why:  strings.TrimPrefix(text, "unable to verify RFC3161 timestamp bundle: "),
		Next: "check that the trust root knows the timestamp authority that the signer used; " + nextRoot,
	}
}

func badSCT(s *Signature, text string) *actions.Error {
	why := "the certificate carries no signed certificate timestamp (SCT), so that nothing shows that it was issued in public"
	if has(text, "only able to verify") && carriesSCT(s) {
		why = "none of its signed certificate timestamps (SCT) is from a log that the trust root knows and trusts for that time, or they were changed"
	}
	return &actions.Error{
		Code: actions.CodeSCT,
		What: "the certificate is not proven to be in a certificate transparency log",
		Why:  why,
		Next: nextRoot + "; --insecure-ignore-sct skips this check",
	}
}

func (j *judgement) badSignature(text string) *actions.Error {
	said := " (" + strings.TrimPrefix(text, "failed to verify signature: ") + ")"
	if has(text, "accepted signatures do not match threshold") { // which says no more
		said = ""
	}
	if j.policy.KeyReference != "" {
		return strangerKey("the signature does not match the payload under that key" + said)
	}
	return &actions.Error{
		Code: actions.CodeSignature,
		What: "the signature does not match what it is attached to",
		Why:  "the key that should have made it did not sign this payload" + said,
		Next: nextTampered,
	}
}

func (j *judgement) noEntry(s *Signature) *actions.Error {
	next := "sign again with a transparency log; --insecure-ignore-tlog skips this check and what it proves"
	if j.policy.Offline {
		next = "leave out --offline, so that the log can be asked; or " + next
	}
	if s.Timestamp != nil && !j.policy.UseSignedTimestamps {
		next = nextStamped
	}
	return &actions.Error{
		Code: actions.CodeLogEntry,
		What: "the signature carries no log entry",
		Why:  "nothing that came with it shows that it is in the transparency log",
		Next: next,
	}
}

func (j *judgement) notFoundOnline(text string) *actions.Error {
	if has(text, "searching log query") {
		return &actions.Error{
			Code: actions.CodeLogUnavailable,
			What: "the signature carries no log entry and the transparency log could not be asked for it",
			Why:  text,
			Next: "check the address of the log (--rekor-url), or try again",
		}
	}
	return &actions.Error{
		Code: actions.CodeLogEntry,
		What: "the signature is not in the transparency log",
		Why:  text,
		Next: "check that --rekor-url is the log that the signer used; or sign the image again",
	}
}

// outsideLife explains a certificate that was not valid at the time of signing, as far as that time is known.
func (j *judgement) outsideLife(s *Signature, text string) *actions.Error {
	e := &actions.Error{Code: actions.CodeTime, What: "the certificate was not valid at the time of signing", Why: text, Next: nextResign}
	if s.Certificate == nil {
		return e
	}
	life := fmt.Sprintf("valid from %s to %s", clock(s.Certificate.NotBefore), clock(s.Certificate.NotAfter))
	if has(text, "expected a signed timestamp") || j.policy.IgnoreLog && (!j.policy.UseSignedTimestamps || s.Timestamp == nil) {
		e.What = "the certificate has expired and nothing proves that the signature is older"
		e.Why = life + "; with the transparency log ignored and no time stamp in use, it is held against the present"
		e.Next = "leave out --insecure-ignore-tlog (the proof travels with the signature and needs no network)"
		if s.Timestamp != nil {
			e.Next += ", or add --use-signed-timestamps"
		}
		return e
	}
	at := s.Integrated
	switch {
	case has(text, "with timestamp"):
		at = s.Timestamp
	case !has(text, "integrated time"):
		if t, ok := j.stampOutside(s); ok {
			at = &t
		}
	}
	if at != nil {
		e.Why = fmt.Sprintf("expected a time at which the certificate was %s, found %s", life, clock(*at))
	}
	return e
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
