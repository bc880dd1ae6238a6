package verification

import (
	"fmt"
	"regexp"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/sigwalk/sigwalk/actions"
)

// Policy says whose signature counts, with the meanings of cosign's flags. A regular expression beats the exact value
// given with it and is not anchored, as in cosign (for a Sigstore bundle, cosign wants both to match). The zero policy
// accepts any identity and is for looking, never for a verdict.
type Policy struct {
	Subject, SubjectRegexp string
	Issuer, IssuerRegexp   string
	// KeyReference is a public key (file, URL, env://NAME or k8s://NAMESPACE/NAME); with it no certificate is wanted.
	KeyReference string
	// Certificate is a PEM file with the signer's certificate, for signatures that carry none: it is verified, also for whose it is, before
	// anything is looked at, and then its key stands in for one that was given.
	Certificate string
	Annotations map[string]string

	IgnoreLog           bool // --insecure-ignore-tlog
	IgnoreSCT           bool // --insecure-ignore-sct
	Offline             bool // --offline
	UseSignedTimestamps bool // --use-signed-timestamps
	SkipClaims          bool // --check-claims=false
}

// Validate refuses what cosign refuses before it looks at anything, with cosign's words as What.
func (p Policy) Validate() error {
	if p.KeyReference != "" && p.Certificate != "" {
		return &actions.Error{
			Code: actions.CodeUsage, What: "--key and --certificate contradict each other", Why: "each says which key must have signed",
			Next: "leave one of them out",
		}
	}
	if p.KeyReference != "" {
		return nil
	}
	if p.Subject == "" && p.SubjectRegexp == "" {
		return &actions.Error{
			Code: actions.CodeUsage,
			What: "--certificate-identity or --certificate-identity-regexp is required for verification in keyless mode",
			Why:  "a valid signature proves nothing until you say whose it must be",
			Next: "add --certificate-identity=NAME@EXAMPLE.COM, or list who signed with the tree or the table of signatures",
		}
	}
	if p.Issuer == "" && p.IssuerRegexp == "" {
		return &actions.Error{
			Code: actions.CodeUsage,
			What: "--certificate-oidc-issuer or --certificate-oidc-issuer-regexp is required for verification in keyless mode",
			Why:  "the same name can be vouched for by more than one identity provider",
			Next: "add --certificate-oidc-issuer=URL, or set COSIGN_CERTIFICATE_OIDC_ISSUER",
		}
	}
	// cosign compiles them once a signature and reports each signature as failed; a pattern that is none can never match.
	for _, r := range []struct{ kind, flag, pattern string }{
		{"issuer", "--certificate-oidc-issuer-regexp", p.IssuerRegexp},
		{"subject", "--certificate-identity-regexp", p.SubjectRegexp},
	} {
		if _, err := regexp.Compile(r.pattern); err != nil {
			return &actions.Error{
				Code: actions.CodeUsage,
				What: fmt.Sprintf("malformed %s in identity: %s", r.kind, r.pattern),
				Why:  err.Error(),
				Next: "correct " + r.flag + "; the syntax is at https://golang.org/s/re2syntax",
				Err:  err,
			}
		}
	}
	return nil
}

// anyone is true when the policy does not say whose signature counts.
func (p Policy) anyone() bool {
	return p.KeyReference == "" && p.Subject == "" && p.SubjectRegexp == "" && p.Issuer == "" && p.IssuerRegexp == ""
}

// needsMaterial is false only where nothing is checked against the trust root: a key vouches for the signature and
// neither log nor time stamp is asked for.
func (p Policy) needsMaterial() bool {
	return p.KeyReference == "" || !p.IgnoreLog || p.UseSignedTimestamps
}

// checkOptions are cosign's for the policy, without key, trust root and log client.
func (p Policy) checkOptions() *cosign.CheckOpts {
	co := &cosign.CheckOpts{
		IgnoreSCT:           p.IgnoreSCT,
		IgnoreTlog:          p.IgnoreLog,
		Offline:             p.Offline,
		UseSignedTimestamps: p.UseSignedTimestamps,
	}
	if !p.SkipClaims {
		co.ClaimVerifier = cosign.SimpleClaimVerifier
	}
	if len(p.Annotations) > 0 {
		co.Annotations = make(map[string]any, len(p.Annotations))
		for k, v := range p.Annotations {
			co.Annotations[k] = v
		}
	}
	if p.KeyReference == "" && !p.anyone() {
		co.Identities = []cosign.Identity{{
			Subject: p.Subject, SubjectRegExp: p.SubjectRegexp,
			Issuer: p.Issuer, IssuerRegExp: p.IssuerRegexp,
		}}
	}
	return co
}

// bundleOptions are the options for a Sigstore bundle. Its verifier does not go without an identity, so that one which
// everybody has stands in where the policy names none.
func bundleOptions(co *cosign.CheckOpts) *cosign.CheckOpts {
	b := *co
	b.NewBundleFormat = true
	if b.SigVerifier == nil && len(b.Identities) == 0 {
		b.Identities = []cosign.Identity{{SubjectRegExp: ".*", IssuerRegExp: ".*"}}
	}
	return &b
}

// attestationOptions are the options for an attestation of a tag, whose claim is a statement's subject.
func attestationOptions(co *cosign.CheckOpts) *cosign.CheckOpts {
	a := *co
	if a.ClaimVerifier != nil {
		a.ClaimVerifier = cosign.IntotoSubjectClaimVerifier
	}
	return &a
}

// withStamps are the options for a bundle of which nothing but a time stamp can prove the time: logs of the second
// generation keep none. cosign 3.1.3 then behaves as if --use-signed-timestamps had been given; 2.6.5, whose packages are
// used here, refuses every such bundle without the flag.
func withStamps(co *cosign.CheckOpts, b *bundle.Bundle) *cosign.CheckOpts {
	entries := b.GetVerificationMaterial().GetTlogEntries()
	if co.IgnoreTlog || co.SigVerifier != nil || co.UseSignedTimestamps || len(entries) == 0 {
		return co
	}
	for _, entry := range entries {
		if entry.GetIntegratedTime() != 0 {
			return co
		}
	}
	stamps := *co
	stamps.UseSignedTimestamps = true
	return &stamps
}
