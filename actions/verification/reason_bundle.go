package verification

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/sigwalk/sigwalk/actions"
)

// reasonForBundle explains what the verifier of Sigstore bundles said, which names the step at which it stopped.
func (j *judgement) reasonForBundle(s *Signature, err error) *actions.Error {
	text := err.Error()
	switch {
	case has(text, "entity was not signed with a certificate"), has(text, "no public key material available"),
		has(text, "bundle is signed with a public key"):
		return bundleWithoutCertificate(s)
	case has(text, "expected key signature, not certificate"):
		return otherKey()
	case has(text, "failed to verify log inclusion:"):
		return j.badInclusion(s, strings.TrimPrefix(text, "failed to verify log inclusion: "))
	case has(text, "failed to verify timestamps:"):
		if has(text, "verified signed timestamps") || has(text, "too many signed timestamps") {
			return j.badStamps(s, text)
		}
		return timeless(s)
	case has(text, "failed to summarize certificate"):
		return &actions.Error{Code: actions.CodeFormat, What: "the certificate in the bundle cannot be read", Why: text, Next: nextTampered}
	case has(text, "failed to verify leaf certificate"):
		return j.badBundleChain(s)
	case has(text, "failed to verify signed certificate timestamp"):
		return badSCT(s, text)
	case has(text, "must provide timestamp to verify certificate"):
		return otherKey()
	case has(text, "provided artifact digest"), has(text, "no matching subject digest"), has(text, "no matching artifact hash algorithm"),
		has(text, "no subjects found"), has(text, "no supported digest algorithms"), has(text, "unable to extract statement"):
		return otherStatement(j.digest.String(), s)
	case has(text, "too many subjects"), has(text, "too many digests"):
		return &actions.Error{
			Code: actions.CodeClaims, What: "the statement is about more than is looked at", Why: strings.TrimPrefix(text, "failed to verify signature: "),
			Next: "ask the signer for a statement about fewer artifacts",
		}
	case has(text, "exactly one signature is required"):
		return &actions.Error{
			Code: actions.CodeSignature, What: "the envelope of a bundle must carry one signature", Why: strings.TrimPrefix(text, "failed to verify signature: "),
			Next: nextTampered,
		}
	case has(text, "artifact does not match digest"):
		return &actions.Error{
			Code: actions.CodeClaims, What: "the signature is for something else",
			Why: "expected digest " + j.digest.String() + ", and the bundle names another", Next: "give --artifact what was signed, or find the bundle of this one",
		}
	case errors.Is(err, errMessageDigest):
		return j.otherMessage(s)
	case errors.Is(err, errRecordDigest):
		return &actions.Error{
			Code: actions.CodeLogPayload, What: "the log entry records another payload",
			Why:  "entry " + s.entryName() + " records this signature and this key, and the digest of something else",
			Next: nextTampered,
		}
	case has(text, errAnnotation.Error()):
		return j.otherAnnotations(s)
	case has(text, "failed to verify signature"), has(text, "failed to get signature verifier"):
		if other := j.anotherArtifact(s); other != nil {
			return other
		}
		if other := j.anotherKeyID(s); other != nil {
			return other
		}
		return j.badSignature(text)
	case has(text, "failed to verify certificate identity"):
		return j.otherIdentity(s)
	}
	return plain(text)
}

// otherMessage explains a bundle that is good but for the digest that it names.
func (j *judgement) otherMessage(s *Signature) *actions.Error {
	e := &actions.Error{
		Code: actions.CodeClaims, What: "the digest in the bundle is not that of the artifact",
		Why: "the key signed the artifact, and the bundle names no digest that is known", Next: nextTampered,
	}
	if m := s.parsed.GetMessageSignature().GetMessageDigest(); m != nil {
		if algorithm := messageAlgorithms[m.GetAlgorithm().String()]; algorithm != "" {
			e.Why = fmt.Sprintf("the key signed the artifact, with the %s %s, and the bundle names %x", algorithm, j.sums[algorithm], m.GetDigest())
		}
	}
	return e
}

// anotherArtifact explains a signature that is for another artifact than the given one, as far as the bundle says.
func (j *judgement) anotherArtifact(s *Signature) *actions.Error {
	m := s.parsed.GetMessageSignature().GetMessageDigest()
	sum := j.sums[messageAlgorithms[m.GetAlgorithm().String()]]
	if sum == "" || sum == hex.EncodeToString(m.GetDigest()) {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeClaims, What: "the signature is for something else",
		Why: fmt.Sprintf("expected digest %s, and the bundle names %x", sum, m.GetDigest()), Next: "give --artifact what was signed, or find the bundle of this one",
	}
}

// bundleWithoutCertificate explains a bundle for which a key has to be given.
func bundleWithoutCertificate(s *Signature) *actions.Error {
	e := withoutCertificate()
	if hint := s.parsed.GetVerificationMaterial().GetPublicKey().GetHint(); hint != "" {
		e.Why = fmt.Sprintf("it was made with a key pair, which the bundle calls %q, and only the public key of that pair can vouch for it", shortened(hint))
		e.Next = "ask whoever signed for that public key, and verify it with --key FILE"
	}
	return e
}

// anotherKeyID explains an envelope that names another key than the one that is to verify it.
func (j *judgement) anotherKeyID(s *Signature) *actions.Error {
	envelope, err := s.bundle.Envelope()
	if err != nil {
		return nil
	}
	var key crypto.PublicKey
	switch {
	case j.key != nil:
		key, _ = j.key.PublicKey()
	case s.Certificate != nil:
		key = s.Certificate.PublicKey
	}
	found, want := keyIDs(envelope, key)
	if found == want {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeSignature, What: "the envelope says that another key made the signature",
		Why: fmt.Sprintf("expected the keyid %q or none, found %q", want, shortened(found)), Next: nextKeyID,
	}
}

const nextKeyID = "ask whoever signed for a bundle whose keyid is that of the key, or empty: readers pass over a signature by another"

// keyIDs are the identifier by which an envelope names the key of its signature, and that which the verifier of envelopes gives to a
// key. They are equal where there is nothing to compare.
func keyIDs(envelope *bundle.Envelope, key crypto.PublicKey) (found, want string) {
	if len(envelope.Signatures) != 1 || envelope.Signatures[0].KeyID == "" {
		return "", ""
	}
	found = envelope.Signatures[0].KeyID
	want, err := dsse.SHA256KeyID(key)
	if err != nil {
		return found, found
	}
	return found, want
}

func otherStatement(digest string, s *Signature) *actions.Error {
	return &actions.Error{
		Code: actions.CodeClaims,
		What: "the statement is about another image",
		Why:  "expected digest " + digest + ", found " + listed(s.statementDigests()),
		Next: "it was copied from the image it names: sign this one, or verify that one",
	}
}

// badInclusion explains a bundle's log entry.
func (j *judgement) badInclusion(s *Signature, text string) *actions.Error {
	e := &actions.Error{Code: actions.CodeLogEntry, What: "the log entry in the bundle does not verify", Why: text, Next: nextTampered}
	switch {
	case has(text, "transparency log signature does not match"):
		return j.badEntry(s, "signature in bundle does not match")
	case has(text, "transparency log certificate does not match"):
		return j.badEntry(s, "comparing public key PEMs")
	case has(text, "integrated time outside certificate validity"):
		return j.outsideLife(s, text)
	case has(text, "not enough verified log entries") && s.LogIndex == nil:
		return j.noEntry(s)
	case has(text, "missing verification material") && s.parsed.GetMessageSignature() != nil:
		e.Code, e.What, e.Why = actions.CodeClaims, "the bundle does not say what it signs", "messageSignature.messageDigest is missing, which is what log entry and artifact are held against"
	case has(text, "not enough verified log entries"):
		e.What, e.Why, e.Next = j.unprovenEntry(s, text)
	default:
		e.Why = proofFault(s.entryName(), text)
	}
	return e
}

// badBundleChain tells a certificate of a stranger from one that was not valid at the time: one check covers both.
func (j *judgement) badBundleChain(s *Signature) *actions.Error {
	if s.Certificate != nil {
		for _, ca := range j.legacy.TrustedMaterial.FulcioCertificateAuthorities() {
			if _, err := ca.Verify(s.Certificate, s.Certificate.NotBefore); err == nil {
				return j.outsideLife(s, "the certificate was not valid at the time that the log or the time stamp shows")
			}
		}
	}
	return j.badChain(s)
}

// statementDigests are the digests that the statement is about.
func (s *Signature) statementDigests() []string {
	if !s.isBundle() {
		digests, _ := attestedDigests(s.Payload)
		return digests
	}
	envelope, err := s.bundle.Envelope()
	if err != nil {
		return nil
	}
	statement, err := envelope.Statement()
	if err != nil {
		return nil
	}
	var digests []string
	for _, subject := range statement.GetSubject() {
		for algorithm, hex := range subject.GetDigest() {
			digests = append(digests, algorithm+":"+hex)
		}
	}
	return digests
}
