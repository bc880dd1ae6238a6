package verification

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/sigwalk/sigwalk/actions"
)

// The verifier of bundles looks at no more of a statement.
const (
	maxSubjects       = 1024
	maxSubjectDigests = 32
)

func bounded(statement *intoto.Statement) error {
	if n := len(statement.GetSubject()); n > maxSubjects {
		return fmt.Errorf("the statement has %d subjects, more than the %d that are looked at", n, maxSubjects)
	}
	for _, subject := range statement.GetSubject() {
		if n := len(subject.GetDigest()); n > maxSubjectDigests {
			return fmt.Errorf("a subject of the statement has %d digests, more than the %d that are looked at", n, maxSubjectDigests)
		}
	}
	return nil
}

// artifact names where the digest that a bundle is compared with came from.
func (x *examination) artifact() string {
	if x.holder != "" {
		return "--artifact"
	}
	return "digest of the image"
}

// verifiers are the keys that may have signed a bundle: the given one, or that of the certificate. Old clients signed with
// large ECDSA keys over SHA-256, which is tried last.
func (e *bundleExaminee) verifiers() ([]signature.Verifier, string, error) {
	switch {
	case e.cert != nil:
		var opts []signature.LoadOption
		if e.envelope == nil {
			opts = append(opts, options.WithED25519ph())
		}
		first, err := signature.LoadDefaultVerifier(e.cert.PublicKey, opts...)
		if err != nil {
			return nil, "", err
		}
		verifiers := []signature.Verifier{first}
		if old, ok := compatible(e.cert.PublicKey, opts); ok {
			verifiers = append(verifiers, old)
		}
		return verifiers, e.place("certificate"), nil
	case e.x.key != nil:
		return []signature.Verifier{e.x.key}, "--key", nil
	}
	return nil, "", nil
}

func compatible(key crypto.PublicKey, opts []signature.LoadOption) (signature.Verifier, bool) {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, false
	}
	var kind protocommon.PublicKeyDetails
	switch public.Curve {
	case elliptic.P384():
		kind = protocommon.PublicKeyDetails_PKIX_ECDSA_P384_SHA_256 //nolint:staticcheck // deprecated for signing; old signatures remain
	case elliptic.P521():
		kind = protocommon.PublicKeyDetails_PKIX_ECDSA_P521_SHA_256 //nolint:staticcheck // deprecated for signing; old signatures remain
	default:
		return nil, false
	}
	details, err := signature.GetAlgorithmDetails(kind)
	if err != nil {
		return nil, false
	}
	v, err := signature.LoadVerifierFromAlgorithmDetails(public, details, opts...)
	return v, err == nil
}

var errOnlyDigest = errors.New("an Ed25519 signature needs the artifact itself, and its digest is all that is known")

// signedMessage checks a signature over the artifact, or over its digest where that is all there is.
func (e *bundleExaminee) signedMessage(verifier signature.Verifier, found *Value) error {
	if e.message == nil {
		return errNoSignature
	}
	if e.x.content != nil {
		found.Text = "over the artifact"
		content, err := e.x.content()
		if err != nil {
			return err
		}
		defer func() { _ = content.Close() }()
		return verifier.VerifySignature(bytes.NewReader(e.raw), content)
	}
	found.Text = "over the digest " + e.x.digest.String()
	if _, ok := verifier.(*signature.ED25519Verifier); ok {
		return errOnlyDigest
	}
	raw, err := hex.DecodeString(e.x.digest.Hex)
	if err != nil {
		return err
	}
	return verifier.VerifySignature(bytes.NewReader(e.raw), bytes.NewReader(nil), options.WithDigest(raw))
}

// attestedDigests are the digests that the statement in an envelope is about, as cosign 2 reads them.
func attestedDigests(content []byte) ([]string, error) {
	var envelope dsse.Envelope
	if err := json.Unmarshal(content, &envelope); err != nil {
		return nil, err
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		return nil, err
	}
	var statement struct {
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(payload, &statement); err != nil {
		return nil, err
	}
	var digests []string
	for _, subject := range statement.Subject {
		if h, ok := subject.Digest["sha256"]; ok {
			digests = append(digests, "sha256:"+h)
		}
	}
	return digests, nil
}

// compareAnnotations holds annotations that are signed against those that were asked for.
func (e *evidence) compareAnnotations(have map[string]any, place string) Check {
	wanted := e.x.policy.Annotations
	keys := make([]string, 0, len(wanted))
	for key := range wanted {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var expected, found []string
	good := true
	for _, key := range keys {
		expected = append(expected, key+"="+wanted[key])
		got, ok := have[key]
		switch {
		case !ok:
			found = append(found, "no "+key)
		default:
			found = append(found, fmt.Sprintf("%s=%v", key, got))
		}
		// An annotation that is a number is not the same as one that reads like it.
		good = good && got == any(wanted[key])
	}
	left, right := Value{strings.Join(expected, ", "), "--annotations"}, Value{strings.Join(found, ", "), place}
	if !good {
		return failed(actions.CodeAnnotations, "an annotation that was asked for is not signed", "leave out --annotations, or sign again with them").
			sides(left, right)
	}
	return passed("the annotations are signed").sides(left, right)
}

// withoutSAN takes the subject off the list of what Go could not read in a certificate: it knows no OtherName. It changes
// the certificate as cosign does, and so must not be asked for one that another goroutine reads.
func withoutSAN(cert *x509.Certificate) {
	if len(cert.UnhandledCriticalExtensions) == 0 {
		return
	}
	cert.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(cert.UnhandledCriticalExtensions), func(id asn1.ObjectIdentifier) bool {
		return id.Equal(cryptoutils.SANOID)
	})
}

// listed is a list for people that may be long.
func listed(items []string) string {
	const shown = 3
	if len(items) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:shown], ", "), len(items)-shown)
	}
	return quoted(strings.Join(items, ", "))
}
