package verification

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
)

// bundleExaminee checks a Sigstore bundle, by the rules of the verifier that cosign 3 hands it to.
type bundleExaminee struct {
	evidence
	bundle    *bundle.Bundle
	summary   certificate.Summary // what the verifier compares identities with
	unsummed  error
	envelope  *bundle.Envelope // nil for a signature over a message
	message   verify.MessageSignatureContent
	statement *intoto.Statement
	stated    error
	raw       []byte // the signature
	stampsOn  bool   // time stamps prove the time
	stamped   Check  // the check of the time stamps, which others build on
	logged    []logged
	crowded   error // why no entry is looked at
}

func (x *examination) bundleExaminee(s *Signature) *bundleExaminee {
	e := &bundleExaminee{evidence: evidence{x: x, s: s, cert: s.Certificate}, bundle: s.parsed}
	if e.cert != nil {
		e.summary, e.unsummed = certificate.SummarizeCertificate(e.cert)
	}
	if content, err := e.bundle.SignatureContent(); err == nil {
		e.raw, e.message = content.Signature(), content.MessageSignatureContent()
		if envelope, ok := content.(*bundle.Envelope); ok {
			e.envelope = envelope
			e.statement, e.stated = envelope.Statement()
		}
	}
	e.stampsOn = x.policy.UseSignedTimestamps || x.stampsNeeded(s.parsed.GetVerificationMaterial().GetTlogEntries())
	e.stamped = guarded(CheckTimestamp, e.checkTimestamp)
	e.logged, e.crowded = e.examineEntries()
	if l := e.shown(); l != nil {
		s.Entry, e.entry = l.entry, l.record
	}
	return e
}

func (e *bundleExaminee) format() Check {
	if e.s.broken != nil {
		return e.broken()
	}
	if e.unsummed != nil {
		return failed(actions.CodeFormat, "the certificate in the bundle cannot be read: "+e.unsummed.Error(), nextTampered)
	}
	return passed("the bundle can be read").sides(Value{}, Value{e.bundle.GetMediaType(), e.place("mediaType")})
}

func (e *bundleExaminee) claims() Check {
	c := e.claimed()
	if e.x.ownWord && c.State == CheckOK {
		return skipped(actions.CodeSkippedClaims, "no artifact was given, so that the signature was held against the digest that the bundle names itself",
			"give --artifact what it should be about, a file or sha256:HEX").sides(Value{"any", ""}, c.Found)
	}
	return c
}

// claimed compares what the signature is for with the artifact.
func (e *bundleExaminee) claimed() Check {
	if e.envelope == nil {
		return e.messageClaims()
	}
	expected := Value{e.x.digest.String(), e.x.artifact()}
	place := e.place("subjects of the statement")
	if e.stated != nil {
		return failed(actions.CodeClaims, "the envelope holds no statement about an artifact: "+e.stated.Error(), nextTampered).
			sides(expected, Value{"none", place})
	}
	if err := bounded(e.statement); err != nil {
		return failed(actions.CodeClaims, err.Error(), nextTampered).sides(expected, Value{fmt.Sprintf("%d subjects", len(e.statement.GetSubject())), place})
	}
	var digests []string
	for _, subject := range e.statement.GetSubject() {
		for algorithm, text := range subject.GetDigest() {
			raw, err := hex.DecodeString(text)
			if err != nil && e.x.content != nil {
				continue
			}
			if err != nil {
				return failed(actions.CodeClaims, "a digest in the statement cannot be read: "+err.Error(), nextTampered).
					sides(expected, Value{algorithm + ":" + text, place})
			}
			digests = append(digests, algorithm+":"+hex.EncodeToString(raw))
		}
	}
	for _, algorithm := range e.hashed() {
		if text := algorithm + ":" + e.x.sums[algorithm]; slices.Contains(digests, text) {
			expected.Text = text
		}
	}
	return e.oneOf(digests, expected, place)
}

// hashed are the algorithms with which the verifier of bundles hashes an artifact: for each subject the strongest that it
// has, unless one of its algorithms is in use already. There are none where only a digest is known.
func (e *bundleExaminee) hashed() []string {
	if e.x.content == nil {
		return nil
	}
	var chosen []string
	for _, subject := range e.statement.GetSubject() {
		digest := subject.GetDigest()
		if slices.ContainsFunc(chosen, func(algorithm string) bool { _, ok := digest[algorithm]; return ok }) {
			continue
		}
		for _, algorithm := range []string{"sha512", "sha384", "sha256"} {
			if _, ok := digest[algorithm]; ok {
				chosen = append(chosen, algorithm)
				break
			}
		}
	}
	return chosen
}

// oneOf looks for the image among the digests that a statement is about.
func (e *evidence) oneOf(digests []string, expected Value, place string) Check {
	slices.Sort(digests)
	found := Value{listed(digests), place}
	if !slices.Contains(digests, expected.Text) {
		return failed(actions.CodeClaims, "the statement is about something else", "it was copied from what it names: sign this one, or verify that one").
			sides(expected, found)
	}
	found.Text = expected.Text
	return passed("the statement names it").sides(expected, found)
}

// messageClaims compares the digest that a bundle carries with that of the artifact.
func (e *bundleExaminee) messageClaims() Check {
	expected := Value{e.x.digest.String(), e.x.artifact()}
	switch {
	case e.message == nil && e.bundle.GetMessageSignature() != nil:
		return failed(actions.CodeClaims, "the bundle does not say what it signs", nextTampered).sides(expected, Value{"none", e.place("messageSignature.messageDigest")})
	case e.message == nil:
		return failed(actions.CodeClaims, "the bundle carries no signature", nextTampered).sides(expected, Value{"none", e.place("messageSignature")})
	}
	algorithm := messageAlgorithms[e.message.DigestAlgorithm()]
	found := Value{quoted(algorithm) + ":" + hex.EncodeToString(e.message.Digest()), e.place("messageSignature.messageDigest")}
	same := hex.EncodeToString(e.message.Digest()) == e.x.digest.Hex
	if e.x.content != nil {
		expected.Text = quoted(algorithm) + ":" + e.x.sums[algorithm]
		same = algorithm != "" && expected.Text == found.Text
	}
	c := passed("the bundle names it").sides(expected, found)
	if !same {
		c = failed(actions.CodeClaims, "the signature is for something else", "give --artifact what was signed, or find the bundle of this one").
			sides(expected, found)
	}
	return c
}

// messageAlgorithms are the names of digest algorithms in bundles.
var messageAlgorithms = map[string]string{"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}

func (e *bundleExaminee) annotations() Check {
	p := e.x.policy
	switch {
	case len(p.Annotations) == 0:
		return notApplicable("no annotation was asked for")
	case p.SkipClaims:
		return skipped(actions.CodeSkippedClaims, "--check-claims=false: annotations are part of the claims", "leave out --check-claims=false")
	case e.envelope == nil || e.stated != nil:
		return failed(actions.CodeAnnotations, "there is no statement that could carry annotations", "leave out --annotations")
	}
	for _, subject := range e.statement.GetSubject() {
		if subject.GetDigest()[e.x.digest.Algorithm] == e.x.digest.Hex {
			return e.compareAnnotations(asMap(subject.GetAnnotations()), e.place("annotations of the subject"))
		}
	}
	return failed(actions.CodeAnnotations, "the statement is about something else, and so carries no annotations for this", "see the check claims")
}

func (e *bundleExaminee) signature() Check {
	verifiers, from, err := e.verifiers()
	switch {
	case err != nil:
		return failed(actions.CodeSignature, "the key in the certificate is of no kind that can be used: "+err.Error(), nextTampered)
	case len(verifiers) == 0:
		return needs(CheckChain, "there is no key to hold it against: no certificate, and no --key")
	}
	expected := Value{"a signature by " + keyName(verifiers[0]), from}
	found := Value{Source: e.place("messageSignature.signature")}
	next := nextTampered
	if e.x.key != nil {
		next = "give --key the public key of whoever should have signed"
	}
	if e.envelope == nil && e.message != nil && e.messageClaims().State == CheckFailed {
		next = "see the check claims" // a signature over something else cannot fit
	}
	if e.envelope != nil {
		found = Value{"over " + e.envelope.PayloadType, e.place("dsseEnvelope.signatures")}
		if n := len(e.envelope.Signatures); n != 1 {
			found.Text = fmt.Sprintf("%d signatures", n)
			return failed(actions.CodeSignature, "the envelope of a bundle must carry one signature", nextTampered).sides(expected, found)
		}
	}
	for _, verifier := range verifiers {
		if err = e.signedWith(verifier, &found); err == nil {
			return e.namedKey(verifier, passed("the key signed exactly this payload").sides(expected, found))
		}
	}
	return failed(actions.CodeSignature, "the key did not sign this: "+err.Error(), next).sides(expected, found)
}

// namedKey fails where the envelope of a good signature names another key: the verifier passes over such a signature.
func (e *bundleExaminee) namedKey(verifier signature.Verifier, good Check) Check {
	key, err := verifier.PublicKey()
	if err != nil || e.envelope == nil {
		return good
	}
	found, want := keyIDs(e.envelope, key)
	if found == want {
		return good
	}
	return failed(actions.CodeSignature, "the envelope says that another key made the signature, though this one did", nextKeyID).
		sides(Value{fmt.Sprintf("the keyid %q, or none", want), good.Expected.Source}, Value{fmt.Sprintf("%q", shortened(found)), e.place("dsseEnvelope.signatures[0].keyid")})
}

func (e *bundleExaminee) signedWith(verifier signature.Verifier, found *Value) error {
	if e.envelope != nil {
		payload, err := e.envelope.DecodeB64Payload()
		if err != nil {
			return err
		}
		return verifier.VerifySignature(bytes.NewReader(e.raw), bytes.NewReader(dsse.PAE(e.envelope.PayloadType, payload)))
	}
	return e.signedMessage(verifier, found)
}

func (e *bundleExaminee) givenKey() Check {
	if e.x.key == nil {
		return notApplicable("no key was given: the certificate says who signed")
	}
	expected := Value{keyName(e.x.key), e.x.keyFrom}
	if e.cert != nil {
		return failed(actions.CodeKey, "the bundle carries a certificate, so that no key vouches for it",
			"verify it by its identity instead of a key: --certificate-identity and --certificate-oidc-issuer").
			sides(expected, Value{certificateName(e.cert), e.place("verificationMaterial.certificate")})
	}
	hint := e.bundle.GetVerificationMaterial().GetPublicKey().GetHint()
	return passed("the bundle leaves the key to whoever verifies").sides(expected, Value{"the hint " + quoted(hint), e.place("verificationMaterial.publicKey.hint")})
}

func (e *bundleExaminee) chain() Check {
	switch {
	case e.x.policy.KeyReference != "" && e.cert == nil:
		return notApplicable("a key was given, and keys have no chain")
	case e.x.policy.KeyReference != "":
		return needs(CheckKey, "a key was given, so that nobody asks who issued the certificate")
	case e.cert == nil:
		return e.withoutCertificate()
	}
	withoutSAN(e.cert)
	// It must hold at each time at which somebody saw the signature. Whether that time is within the certificate's own life
	// is another check.
	times := e.seen()
	if len(times) == 0 || slices.ContainsFunc(times, func(t observed) bool { return e.outlives(t.at) }) {
		times = []observed{{e.cert.NotBefore, ""}}
	}
	for _, t := range times {
		if !e.chainAt(t.at) {
			e.chains = nil
			return e.badChain()
		}
	}
	return e.goodChain()
}

func (e *bundleExaminee) sct() Check { return e.checkSCT() }

func (e *bundleExaminee) timestamp() Check { return e.stamped }

func (e *bundleExaminee) checkTimestamp() Check {
	stamps, _ := e.bundle.Timestamps()
	if !e.stampsOn {
		return e.unusedStamp(len(stamps) > 0)
	}
	place := e.place("verificationMaterial.timestampVerificationData")
	expected := Value{"a time stamp by one of the authorities " + e.x.stampNames(), fromStamps}
	if len(stamps) == 0 {
		why := "a time stamp was asked for, and it carries none"
		if !e.x.policy.UseSignedTimestamps {
			why = "its log keeps no time, and it carries no time stamp that would prove one"
		}
		return failed(actions.CodeNoTimestamp, why, "sign again with a timestamp authority").sides(expected, Value{"none", place})
	}
	return e.checkStamps(stamps, e.raw, expected, place)
}

func (e *bundleExaminee) time() Check {
	p := e.x.policy
	switch {
	case e.cert == nil:
		return notApplicable("there is no certificate that could expire")
	case p.KeyReference != "":
		return needs(CheckKey, "a key was given, so that nobody asks when the certificate was valid")
	}
	times := e.seen()
	switch {
	case e.stampsOn && len(e.stamps) == 0:
		return e.unproven(CheckTimestamp)
	case p.IgnoreLog && !e.stampsOn:
		return e.atPresent()
	case len(times) == 0 && e.brokenPromise():
		return e.unproven(CheckSET)
	case len(times) == 0:
		next := "sign again with a log or an authority that proves the time"
		if stamps, _ := e.bundle.Timestamps(); len(stamps) > 0 {
			next = "add --use-signed-timestamps: it carries a time stamp"
		}
		return failed(actions.CodeTimeUnproven, "nothing proves when it was signed: the entry of the log carries no promise", next).
			sides(Value{"a time that the log or an authority signed", ""}, Value{"none", e.place("verificationMaterial.tlogEntries")})
	}
	// The log's time must be within the certificate's life even where time stamps prove the time.
	for i := range e.logged {
		if l := &e.logged[i]; l.good && !l.entry.Integrated.IsZero() {
			times = append(times, observed{l.entry.Integrated, e.place("integratedTime of the log entry")})
		}
	}
	return e.within(times)
}

// seen are the proven times at which the signature was seen.
func (e *bundleExaminee) seen() []observed {
	var times []observed
	if e.stampsOn {
		for _, at := range e.stamps {
			times = append(times, observed{at, e.place("verificationMaterial.timestampVerificationData")})
		}
		return times
	}
	if e.x.policy.IgnoreLog {
		return []observed{{e.x.now, "this computer's clock"}}
	}
	for i := range e.logged {
		if l := &e.logged[i]; l.promised {
			times = append(times, observed{l.entry.Integrated, e.place("integratedTime of the log entry")})
		}
	}
	return times
}

func (e *bundleExaminee) subject() Check {
	if c, ok := e.unasked(); ok {
		return c
	}
	p := e.x.policy
	var names []string
	if e.summary.SubjectAlternativeName != "" {
		names = []string{e.summary.SubjectAlternativeName}
	}
	return e.subjectOf(names, func(name string) bool {
		return (p.Subject == "" || name == p.Subject) &&
			(p.SubjectRegexp == "" || e.x.subject != nil && e.x.subject.MatchString(name))
	})
}

func (e *bundleExaminee) issuer() Check {
	if c, ok := e.unasked(); ok {
		return c
	}
	p := e.x.policy
	issuer := e.summary.Issuer
	return e.issuerOf(issuer, (p.Issuer == "" || issuer == p.Issuer) &&
		(p.IssuerRegexp == "" || e.x.issuer != nil && e.x.issuer.MatchString(issuer)), oidIssuerDER+" or "+oidIssuerRaw)
}

// brokenPromise is true where the entry that is shown claims a time by a promise that did not verify. A good entry without
// a promise proves no time, whatever the entries beside it claim.
func (e *bundleExaminee) brokenPromise() bool {
	l := e.shown()
	return l != nil && l.set.State == CheckFailed
}
