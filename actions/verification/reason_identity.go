package verification

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
)

// otherIdentity says which half of the identity is not the expected one. cosign's own error names what it found and
// leaves out what it expected.
func (j *judgement) otherIdentity(s *Signature) *actions.Error {
	p := j.policy
	issuer, subjects := s.Issuer, []string{s.Subject}
	if !s.isBundle() && s.Certificate != nil {
		ce := cosign.CertExtensions{Cert: s.Certificate}
		issuer, subjects = ce.GetIssuer(), cryptoutils.GetSubjectAlternateNames(s.Certificate)
	}
	found := strings.Join(subjects, ", ")
	subjectFits := slices.ContainsFunc(subjects, func(subject string) bool { return j.fits(s, subject, p.Subject, p.SubjectRegexp) })
	issuerFits := j.fits(s, issuer, p.Issuer, p.IssuerRegexp)
	switch {
	case !subjectFits:
		e := &actions.Error{
			Code: actions.CodeSubject,
			What: "signed by another identity",
			Why:  fmt.Sprintf("expected subject %s, found %s", wanted(s, p.Subject, p.SubjectRegexp), quoted(found)),
			Next: nextIdentity(subjects),
		}
		if !issuerFits {
			e.Why += fmt.Sprintf("; expected issuer %s, found %s", wanted(s, p.Issuer, p.IssuerRegexp), quoted(issuer))
		}
		return e
	case !issuerFits:
		e := &actions.Error{
			Code: actions.CodeIssuer,
			What: "the identity was vouched for by another issuer",
			Why:  fmt.Sprintf("expected issuer %s, found %s", wanted(s, p.Issuer, p.IssuerRegexp), quoted(issuer)),
			Next: "verify with --certificate-oidc-issuer=" + printable.Word(issuer) + " if that is whom you trust to know who signs",
		}
		if s.Certificate != nil && issuer == "" {
			if newer := issuerDER(s.Certificate); newer != "" {
				e.Why += fmt.Sprintf("; the certificate names %s in extension %s only, and cosign 2 looks in %s", newer, oidIssuerDER, oidIssuerRaw)
				e.Next = "ask whoever runs the certificate authority to issue both extensions"
			}
		}
		return e
	}
	return &actions.Error{
		Code: actions.CodeSubject,
		What: "the identity in the certificate is not the expected one",
		Why:  fmt.Sprintf("found subject %s and issuer %s", quoted(found), quoted(issuer)),
	}
}

// fits repeats the comparison for the explanation: a regular expression goes before the exact value, but both count for a
// bundle.
func (j *judgement) fits(s *Signature, found, exact, pattern string) bool {
	if pattern != "" {
		re, err := regexp.Compile(pattern)
		if err != nil || !re.MatchString(found) {
			return false
		}
		if !s.isBundle() {
			return true
		}
	}
	return exact == "" || exact == found
}

// wanted is what the policy asks for.
func wanted(s *Signature, exact, pattern string) string {
	switch {
	case pattern == "":
		return quoted(exact)
	case exact == "" || !s.isBundle():
		return "matching /" + pattern + "/"
	default:
		return quoted(exact) + " and matching /" + pattern + "/"
	}
}

func quoted(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// badChain explains a certificate that no authority of the trust root issued.
func (j *judgement) badChain(s *Signature) *actions.Error {
	e := &actions.Error{
		Code: actions.CodeChain,
		What: "the certificate was not issued by an authority of the trust root",
		Next: nextRoot,
	}
	known := j.legacy.TrustedMaterial.FulcioCertificateAuthorities()
	if s.Certificate != nil {
		e.Why = fmt.Sprintf("found a certificate issued by %q on %s, which chains to none of the %s in the trust root",
			s.Certificate.Issuer.String(), clock(s.Certificate.NotBefore), authorities(len(known)))
		var issuer Anchor
		if issuer.outsideLife(s.Certificate, j.legacy.TrustedMaterial); issuer.Outside != "" {
			e.What, e.Why = untimelyIssuer, issuer.Entry+": "+issuer.Outside
		}
		if !hasCodeSigning(s.Certificate) {
			e.Why += "; nor is it meant for signing code"
		}
	}
	return e
}

func authorities(n int) string {
	if n == 1 {
		return "1 authority"
	}
	return fmt.Sprintf("%d authorities", n)
}

func hasCodeSigning(cert *x509.Certificate) bool {
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// otherDigest explains a payload about another image.
func (j *judgement) otherDigest(s *Signature) *actions.Error {
	found := "none"
	var claim payload.SimpleContainerImage
	if err := json.Unmarshal(s.Payload, &claim); err == nil {
		found = quoted(claim.Critical.Image.DockerManifestDigest)
	}
	return &actions.Error{
		Code: actions.CodeClaims,
		What: "the signature is for another image",
		Why:  fmt.Sprintf("expected digest %s, found %s", j.digest, found),
		Next: "it was copied from the image it names: sign this one, or verify that one",
	}
}

// otherAnnotations names the annotations that are wanted and not there.
func (j *judgement) otherAnnotations(s *Signature) *actions.Error {
	var have map[string]any
	if s.isBundle() {
		have, _ = s.statementAnnotations(j.digest.Algorithm, j.digest.Hex)
	} else {
		var claim payload.SimpleContainerImage
		if err := json.Unmarshal(s.Payload, &claim); err == nil {
			have = claim.Optional
		}
	}
	keys := make([]string, 0, len(j.policy.Annotations))
	for key := range j.policy.Annotations {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var missing []string
	for _, key := range keys {
		want := j.policy.Annotations[key]
		got, ok := have[key]
		switch {
		case !ok:
			missing = append(missing, fmt.Sprintf("expected %s=%s, found no %s", key, want, key))
		case got != want:
			missing = append(missing, fmt.Sprintf("expected %s=%s, found %v", key, want, got))
		}
	}
	return &actions.Error{
		Code: actions.CodeClaims,
		What: "the signature lacks an annotation that was asked for",
		Why:  strings.Join(missing, "; "),
		Next: "leave out --annotations, or sign again with them",
	}
}
