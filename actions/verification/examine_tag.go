package verification

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	ctypes "github.com/sigstore/cosign/v2/pkg/types"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	sigdsse "github.com/sigstore/sigstore/pkg/signature/dsse"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
)

// tagExaminee checks a layer of a signature or attestation tag, by the rules of cosign 2.
type tagExaminee struct {
	evidence
	unread   error     // why the entry cannot be read
	verified *LogEntry // whose promise verified
}

func (x *examination) tagExaminee(s *Signature) *tagExaminee {
	return &tagExaminee{evidence: evidence{x: x, s: s, cert: s.stored.cert}}
}

func (e *tagExaminee) format() Check {
	if e.s.broken != nil {
		return e.broken()
	}
	return passed("payload and annotations can be read").sides(Value{}, Value{e.s.mediaType, e.place("media type")})
}

// statement is what a payload claims: simple signing, or the subjects of an in-toto statement.
func (e *tagExaminee) claims() Check {
	if e.x.policy.SkipClaims {
		return skipped(actions.CodeSkippedClaims, "--check-claims=false: nothing shows that the signature is for this image", "leave out --check-claims=false")
	}
	if e.s.Kind == KindAttestation {
		return e.statementClaims()
	}
	expected := Value{e.x.digest.String(), "digest of the image"}
	place := e.place("critical.image.docker-manifest-digest of the payload")
	var claim payload.SimpleContainerImage
	if err := json.Unmarshal(e.s.Payload, &claim); err != nil {
		return failed(actions.CodeClaims, "the signed payload is not a claim about an image: "+err.Error(), nextTampered).
			sides(expected, Value{fmt.Sprintf("%d bytes that are no claim", len(e.s.Payload)), e.place("payload")})
	}
	found := Value{quoted(claim.Critical.Image.DockerManifestDigest), place}
	if found.Text != expected.Text {
		return failed(actions.CodeClaims, "the signature is for another image", "it was copied from the image it names: sign this one, or verify that one").
			sides(expected, found)
	}
	return passed("the payload names this image").sides(expected, found)
}

func (e *tagExaminee) statementClaims() Check {
	expected := Value{e.x.digest.String(), "digest of the image"}
	place := e.place("subjects of the statement")
	digests, err := attestedDigests(e.s.Payload)
	if err != nil {
		return failed(actions.CodeClaims, "the payload is no statement about an image: "+err.Error(), nextTampered).
			sides(expected, Value{"none", place})
	}
	return e.oneOf(digests, expected, place)
}

func (e *tagExaminee) annotations() Check {
	if len(e.x.policy.Annotations) == 0 {
		return notApplicable("no annotation was asked for")
	}
	if e.x.policy.SkipClaims {
		return skipped(actions.CodeSkippedClaims, "--check-claims=false: annotations are part of the claims", "leave out --check-claims=false")
	}
	if e.s.Kind == KindAttestation {
		return notApplicable("attestations have no such annotations")
	}
	var claim payload.SimpleContainerImage
	if err := json.Unmarshal(e.s.Payload, &claim); err != nil {
		return failed(actions.CodeAnnotations, "the payload carries no annotations that can be read", nextTampered)
	}
	return e.compareAnnotations(claim.Optional, e.place("optional of the payload"))
}

// verifier is the key that should have made the signature.
func (e *tagExaminee) verifier() (signature.Verifier, string, error) {
	switch {
	case e.x.key != nil:
		return e.x.key, e.x.keyFrom, nil
	case e.cert != nil:
		v, err := signature.LoadVerifier(e.cert.PublicKey, crypto.SHA256)
		return v, e.place("certificate"), err
	}
	return nil, "", nil
}

func (e *tagExaminee) signature() Check {
	verifier, from, err := e.verifier()
	switch {
	case err != nil:
		return failed(actions.CodeSignature, "the key in the certificate is of no kind that can be used: "+err.Error(), nextTampered)
	case verifier == nil:
		return needs(CheckChain, "there is no key to hold it against: no certificate, and no --key")
	}
	sum := sha256.Sum256(e.s.Payload)
	expected := Value{"a signature by " + keyName(verifier), from}
	found := Value{"over a payload with SHA-256 " + hex.EncodeToString(sum[:]), e.place("annotation " + static.SignatureAnnotationKey)}
	if e.s.Kind == KindAttestation {
		found.Source = e.place("signatures of the envelope")
		err = verifyEnvelope(verifier, e.s.Payload)
	} else {
		var raw []byte
		if raw, err = base64.StdEncoding.DecodeString(e.s.stored.signature); err == nil {
			err = verifier.VerifySignature(bytes.NewReader(raw), bytes.NewReader(e.s.Payload))
		}
	}
	if err != nil {
		next := nextTampered
		if e.x.key != nil {
			next = "give --key the public key of whoever should have signed"
		}
		return failed(actions.CodeSignature, "the key did not sign this payload: "+err.Error(), next).sides(expected, found)
	}
	return passed("the key signed exactly this payload").sides(expected, found)
}

// verifyEnvelope checks the signatures in a DSSE envelope.
func verifyEnvelope(verifier signature.Verifier, content []byte) error {
	var envelope dsse.Envelope
	if err := json.Unmarshal(content, &envelope); err != nil {
		return err
	}
	if envelope.PayloadType != ctypes.IntotoPayloadType {
		return fmt.Errorf("the envelope holds %q, not %q", envelope.PayloadType, ctypes.IntotoPayloadType)
	}
	v, err := dsse.NewEnvelopeVerifier(&sigdsse.VerifierAdapter{SignatureVerifier: verifier})
	if err != nil {
		return err
	}
	_, err = v.Verify(context.Background(), &envelope)
	return err
}

func (e *tagExaminee) givenKey() Check {
	if e.x.key == nil {
		return notApplicable("no key was given: the certificate says who signed")
	}
	expected := Value{keyName(e.x.key), e.x.keyFrom}
	if e.cert == nil {
		return passed("no certificate says otherwise").sides(expected, Value{"no certificate", e.place("annotation " + static.CertificateAnnotationKey)})
	}
	public, err := e.x.key.PublicKey()
	if err == nil {
		err = cryptoutils.EqualKeys(e.cert.PublicKey, public)
	}
	found := Value{"the key in " + certificateName(e.cert), e.place("certificate")}
	if err == nil {
		return passed("the certificate is for the given key").sides(expected, found)
	}
	c := failed(actions.CodeKey, "it carries a certificate for another key than the given one",
		"verify it by its identity instead of a key: --certificate-identity and --certificate-oidc-issuer").sides(expected, found)
	if e.x.policy.IgnoreLog {
		// cosign compares the two only on its way to the log entry.
		c = c.ours()
	}
	return c
}

func (e *tagExaminee) chain() Check {
	switch {
	case e.x.policy.KeyReference != "":
		return notApplicable("a key was given, and keys have no chain")
	case e.cert == nil:
		return e.withoutCertificate()
	}
	// Go knows no OtherName, and so takes a subject of that kind for one that it must refuse.
	withoutSAN(e.cert)
	if e.chainAt(e.cert.NotBefore) {
		return e.goodChain()
	}
	return e.badChain()
}

func (e *tagExaminee) sct() Check { return e.checkSCT() }

func (e *tagExaminee) timestamp() Check {
	stamp := e.s.stored.stamp
	if !e.x.policy.UseSignedTimestamps {
		return e.unusedStamp(stamp != nil)
	}
	place := e.place("annotation " + static.RFC3161TimestampAnnotationKey)
	expected := Value{"a time stamp by one of the authorities " + e.x.stampNames(), fromStamps}
	if stamp == nil {
		return skipped(actions.CodeNoTimestamp, "it carries no time stamp, and cosign does without", "sign again with --timestamp-server-url").
			sides(expected, Value{"none", place})
	}
	stamped, err := base64.StdEncoding.DecodeString(e.s.stored.signature)
	if e.s.stored.signature == "" {
		stamped = e.s.Payload
	}
	if err != nil {
		return failed(actions.CodeTimestamp, "what was stamped cannot be read: "+err.Error(), nextTampered).sides(expected, Value{"a time stamp", place})
	}
	return e.checkStamps([][]byte{stamp.SignedRFC3161Timestamp}, stamped, expected, place)
}

func (e *tagExaminee) time() Check {
	if e.cert == nil {
		return notApplicable("there is no certificate that could expire")
	}
	var times []observed
	for _, at := range e.stamps {
		times = append(times, observed{at, e.place("annotation " + static.RFC3161TimestampAnnotationKey)})
	}
	p := e.x.policy
	switch {
	case p.UseSignedTimestamps && e.s.stored.stamp != nil && len(e.stamps) == 0:
		return e.unproven(CheckTimestamp)
	case p.IgnoreLog:
	case e.verified == nil:
		return e.unproven(CheckSET)
	default:
		times = append(times, observed{e.verified.Integrated, e.place("integrated time of the log entry")})
	}
	if len(times) == 0 {
		return e.atPresent()
	}
	return e.within(times)
}

func (e *tagExaminee) subject() Check {
	if c, ok := e.unasked(); ok {
		return c
	}
	p := e.x.policy
	return e.subjectOf(cryptoutils.GetSubjectAlternateNames(e.cert), func(name string) bool {
		switch {
		case p.SubjectRegexp != "":
			return e.x.subject != nil && e.x.subject.MatchString(name)
		default:
			return name == p.Subject
		}
	})
}

func (e *tagExaminee) issuer() Check {
	if c, ok := e.unasked(); ok {
		return c
	}
	p := e.x.policy
	issuer := issuerRaw(e.cert)
	switch {
	case p.IssuerRegexp != "":
		return e.issuerOf(issuer, e.x.issuer != nil && e.x.issuer.MatchString(issuer), oidIssuerRaw)
	default:
		return e.issuerOf(issuer, issuer == p.Issuer, oidIssuerRaw)
	}
}

// samePEM compares the first block of two PEM texts. cosign wants nothing behind it.
func samePEM(a, b []byte) bool {
	first, behind := pem.Decode(a)
	second, after := pem.Decode(b)
	return first != nil && second != nil && len(behind) == 0 && len(after) == 0 && bytes.Equal(first.Bytes, second.Bytes)
}

// keyName names a key for people.
func keyName(v signature.Verifier) string {
	public, err := v.PublicKey()
	if err != nil {
		return "a key that cannot be named"
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return fmt.Sprintf("a key of the kind %T", public)
	}
	return "the key " + fingerprint(der)
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
