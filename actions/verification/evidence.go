package verification

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/printable"
)

// evidence is what the checks of both kinds of signatures share.
type evidence struct {
	x *examination
	s *Signature

	cert  *x509.Certificate // nil without one
	entry *record           // what the log entry says; nil without one that can be read

	chains [][]*x509.Certificate // to the trust root, when the chain verified
	stamps []time.Time           // of RFC 3161 time stamps that verified
}

// place says where in storage a part is.
func (e *evidence) place(part string) string {
	holder := e.x.holder
	switch {
	case holder != "":
	case e.s.Storage == StoredInTag:
		holder = fmt.Sprintf("layer %d of the tag %s", e.s.Position, e.x.tag(e.s.Kind))
	default:
		holder = "referrer " + e.s.Manifest.String()
	}
	return holder + ", " + part
}

// tag is the tag that holds a kind of signature.
func (x *examination) tag(kind Kind) string {
	return x.digest.Algorithm + "-" + x.digest.Hex + "." + kind.suffix()
}

// broken is the check of the format where reading found something: cosign does not look further either.
func (e *evidence) broken() Check {
	reason := e.s.broken
	c := failed(actions.CodeFormat, reason.Error(), reason.Next)
	if reason.Code != "" && reason.Code != actions.CodeSignature {
		c.Code = reason.Code
	}
	return c
}

// subject and issuer compare the identity. names are all subjects of the certificate, any of which will do.
func (e *evidence) subjectOf(names []string, fits func(string) bool) Check {
	p := e.x.policy
	found := Value{quoted(firstOf(names)), e.place("subject alternative name of the certificate")}
	expected := Value{wanted(e.s, p.Subject, p.SubjectRegexp), flags("--certificate-identity", p.Subject, p.SubjectRegexp)}
	for _, name := range names {
		if fits(name) {
			return passed("the certificate names the expected identity").sides(expected, found)
		}
	}
	return failed(actions.CodeSubject, "signed by another identity", nextIdentity(names)).sides(expected, found)
}

// nextIdentity says what to do where the subjects of a certificate are not the expected one.
func nextIdentity(names []string) string {
	if len(names) == 0 {
		return "ask who signed: the certificate names nobody"
	}
	return "verify with --certificate-identity=" + printable.Word(names[0]) + " if that is who should have signed"
}

// maxNames is how many subjects of one certificate are written out. Fulcio's have one; what somebody else made may have any number.
const maxNames = 16

func firstOf(names []string) string {
	if len(names) <= maxNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
}

func (e *evidence) issuerOf(issuer string, fits bool, extensions string) Check {
	p := e.x.policy
	found := Value{quoted(issuer), e.place("extension " + extensions + " of the certificate")}
	expected := Value{wanted(e.s, p.Issuer, p.IssuerRegexp), flags("--certificate-oidc-issuer", p.Issuer, p.IssuerRegexp)}
	if fits {
		return passed("the expected identity provider vouched for the identity").sides(expected, found)
	}
	c := failed(actions.CodeIssuer, "the identity was vouched for by another issuer",
		"verify with --certificate-oidc-issuer="+printable.Word(issuer)+" if that is whom you trust to know who signs").sides(expected, found)
	if issuer == "" {
		c.Next = "ask whoever runs the certificate authority to name the issuer in the certificate"
		if newer := issuerDER(e.cert); newer != "" {
			c.What = fmt.Sprintf("the certificate names %s in extension %s only, and cosign 2 looks in %s", newer, oidIssuerDER, oidIssuerRaw)
			c.Next = "ask whoever runs the certificate authority to issue both extensions"
		}
	}
	return c
}

// unasked are subject and issuer where there is nothing to compare; ok is false where there is.
func (e *evidence) unasked() (Check, bool) {
	switch {
	case e.x.policy.KeyReference != "":
		return notApplicable("a key was given, so that the key is the identity"), true
	case e.cert == nil:
		return notApplicable("there is no certificate that names an identity"), true
	case e.x.policy.anyone():
		return skipped(actions.CodeAnyIdentity, "nobody said whose signature counts, so that anybody's does",
			"give --certificate-identity and --certificate-oidc-issuer"), true
	}
	return Check{}, false
}

// flags names the flag that an expectation came from.
func flags(exact, value, pattern string) string {
	switch {
	case pattern == "":
		return exact
	case value == "":
		return exact + "-regexp"
	default:
		return exact + "-regexp (beats " + exact + ")"
	}
}

// chainAt verifies the certificate against the trust root for one time.
func (e *evidence) chainAt(at time.Time) bool {
	found := slices.Clip(e.s.chains) // others may keep a copy of the signature
	chains, err := verify.VerifyLeafCertificate(at, e.cert, remembering{materialFor(e.x.material, e.s), &found})
	if err != nil {
		return false
	}
	e.chains = chains
	return true
}

func (e *evidence) goodChain() Check {
	text := "an authority of the trust root issued the certificate"
	if e.x.authoritiesFrom() != fromAuthorities {
		text = "an authority that was given issued the certificate"
	}
	expected := Value{"one of " + authorities(len(e.x.material.FulcioCertificateAuthorities())), e.x.authoritiesFrom()}
	if len(e.chains) > 0 {
		chain := e.chains[0]
		expected.Text = chain[len(chain)-1].Subject.String()
		expected.Source = e.x.authorityOf(chain[len(chain)-1])
	}
	return passed(text).sides(expected, Value{certificateName(e.cert), e.place("certificate")})
}

func (e *evidence) badChain() Check {
	known := e.x.material.FulcioCertificateAuthorities()
	c := failed(actions.CodeChain, "no authority of the trust root issued the certificate", nextRoot)
	if from := e.x.authoritiesFrom(); from != fromAuthorities {
		c.What, c.Next = "no authority that was given issued the certificate", "check that "+from+" is for the authority that issued it"
	}
	var issuer Anchor
	if issuer.outsideLife(e.cert, e.x.material); issuer.Outside != "" {
		c.What = untimelyIssuer
	}
	if !hasCodeSigning(e.cert) {
		c.What = "the certificate is not meant for signing code"
	}
	return c.sides(
		Value{"one of " + authorities(len(known)) + ": " + quoted(authorityNames(known)), e.x.authoritiesFrom()},
		Value{certificateName(e.cert), e.place("certificate")},
	)
}

func (e *evidence) withoutCertificate() Check {
	return failed(actions.CodeNoCertificate, "there is no certificate: it was made with a key pair, and only that key can vouch for it",
		"verify it with --key cosign.pub").sides(Value{"a certificate", "no --key was given"}, Value{"none", e.place("certificate")})
}

// authorityOf names the entry of the trust root, or the flag, that a chain ends in.
func (x *examination) authorityOf(top *x509.Certificate) string {
	from := x.authoritiesFrom()
	for i, ca := range x.material.FulcioCertificateAuthorities() {
		if f, ok := ca.(*root.FulcioCertificateAuthority); ok && f.Root != nil && f.Root.Equal(top) {
			return strings.TrimSpace(fmt.Sprintf("%s[%d] %s", from, i, f.URI))
		}
	}
	return from
}

func authorityNames(known []root.CertificateAuthority) string {
	var names []string
	for _, ca := range known {
		if f, ok := ca.(*root.FulcioCertificateAuthority); ok && f.Root != nil {
			names = append(names, f.Root.Subject.String())
		}
	}
	return strings.Join(names, "; ")
}

// skippedLog is a check of the log that the policy leaves out.
func (e *evidence) skippedLog(lost string) Check {
	return skipped(actions.CodeSkippedLog, "--insecure-ignore-tlog: "+lost, "leave out --insecure-ignore-tlog")
}
