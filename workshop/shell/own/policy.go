package own

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// PolicyFlags say whose signature counts and which checks are left out, with cosign's names and meanings.
type PolicyFlags struct {
	policy      verification.Policy
	annotations []string
	claims      bool
}

// Register adds the flags.
func (p *PolicyFlags) Register(f *pflag.FlagSet) {
	f.StringVar(&p.policy.Subject, "certificate-identity", "", "the identity that must have signed")
	f.StringVar(&p.policy.SubjectRegexp, "certificate-identity-regexp", "", "a regular expression for the identity; beats the exact one")
	f.StringVar(&p.policy.Issuer, "certificate-oidc-issuer", "", "the issuer that must have vouched for the identity")
	f.StringVar(&p.policy.IssuerRegexp, "certificate-oidc-issuer-regexp", "", "a regular expression for the issuer; beats the exact one")
	f.StringVar(&p.policy.KeyReference, "key", "", "public key: file, URL or env://NAME")
	f.StringArrayVarP(&p.annotations, "annotations", "a", nil, "annotation that must be signed, as key=value; may be repeated")
	f.BoolVar(&p.policy.IgnoreLog, "insecure-ignore-tlog", false, "do not look at the transparency log entry")
	f.BoolVar(&p.policy.IgnoreSCT, "insecure-ignore-sct", false, "do not look at the signed certificate timestamp")
	f.BoolVar(&p.policy.Offline, "offline", false, "never ask the transparency log")
	f.BoolVar(&p.policy.UseSignedTimestamps, "use-signed-timestamps", false, "use RFC 3161 timestamps")
	f.BoolVar(&p.claims, "check-claims", true, "check that the signed digest is the image's")
	f.StringVar(&p.policy.Certificate, "certificate", "", "PEM `FILE` with the certificate of the signer, for signatures that carry none; it is verified first")
}

// Policy is what the flags say. It fails with CodeUsage for an annotation that is none.
func (p *PolicyFlags) Policy() (verification.Policy, error) {
	policy := p.policy
	policy.SkipClaims = !p.claims
	var err error
	policy.Annotations, err = Annotations(p.annotations)
	return policy, err
}

// Annotations reads pairs of key=value. It fails with CodeUsage for one that is none.
func Annotations(pairs []string) (map[string]string, error) {
	annotations := map[string]string{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, &actions.Error{Code: actions.CodeUsage, What: "--annotations " + pair + ": write it as key=value"}
		}
		annotations[key] = value
	}
	return annotations, nil
}

// PolicyDefaults takes what cosign would read from its environment for the flags that were not given.
func PolicyDefaults(given *pflag.FlagSet, value func(variable string) (string, bool), policy *verification.Policy) {
	for _, d := range []struct {
		flag, variable string
		field          *string
	}{
		{"certificate-identity", "COSIGN_CERTIFICATE_IDENTITY", &policy.Subject},
		{"certificate-identity-regexp", "COSIGN_CERTIFICATE_IDENTITY_REGEXP", &policy.SubjectRegexp},
		{"certificate-oidc-issuer", "COSIGN_CERTIFICATE_OIDC_ISSUER", &policy.Issuer},
		{"certificate-oidc-issuer-regexp", "COSIGN_CERTIFICATE_OIDC_ISSUER_REGEXP", &policy.IssuerRegexp},
	} {
		if v, ok := value(d.variable); ok && !given.Changed(d.flag) {
			*d.field = v
		}
	}
}
