package explain

import (
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// identityMessages are those of cosign verify about whose signature it is.
func identityMessages() []message {
	m := regexp.MustCompile
	return []message{
		{
			m(`malformed (?:subject|issuer) in identity: (.*?) ?: error parsing regexp: (.*)`), actions.CodeUsage,
			"The regular expression $1 cannot be read: $2.",
			"put it in single quotes, and write .* for anything: --certificate-identity-regexp='^.*@example\\.com$$'",
			"",
		},
		{
			m(`error parsing regexp: (.*)`), actions.CodeUsage,
			"A regular expression on the command line cannot be read: $1.",
			"put it in single quotes, and write .* for anything: --certificate-identity-regexp='^.*@example\\.com$$'",
			"",
		},
		{
			m(`none of the expected identities matched what was in the certificate, got subjects \[([^\]]*)\] with issuer (\S*)`), actions.CodeSubject,
			"The signature is good, and not by whom you asked for: it was made by $1, vouched for by $2. The name or the identity provider differs; cosign 2 does not say which.",
			"cosign verify --certificate-identity='$1' --certificate-oidc-issuer='$2' IMAGE   (only if that is who should have signed)",
			"smallstep/cli#1070",
		},
		{
			m(`expected SAN value to match regex "([^"]*)", got "([^"]*)"`), actions.CodeSubject,
			"The signature is by $2, which the regular expression $1 does not match.",
			"cosign verify --certificate-identity='$2' ... IMAGE   (only if that is who should have signed)",
			"",
		},
		{
			m(`expected SAN value "([^"]*)", got "([^"]*)"`), actions.CodeSubject,
			"You asked for a signature by $1, and it is by $2.",
			"cosign verify --certificate-identity='$2' ... IMAGE   (only if that is who should have signed)",
			"",
		},
		{
			m(`expected issuer value (?:to match regex )?"([^"]*)", got "([^"]*)"`), actions.CodeIssuer,
			"You asked for the issuer $1, and $2 vouched for the signer.",
			"cosign verify --certificate-oidc-issuer='$2' ... IMAGE   (only if you trust that provider)",
			"",
		},
		{
			m(`no matching CertificateIdentity found`), actions.CodeSubject,
			"The signature is good, and by somebody else than you asked for.",
			"sigwalk verify IMAGE --explain --certificate-identity-regexp=. --certificate-oidc-issuer-regexp=.",
			"sigstore/sigstore-go#89",
		},
		{
			m(`--certificate-identity or --certificate-identity-regexp is required`), actions.CodeUsage,
			"cosign wants to know whose signature should count; it does not list who signed.",
			"sigwalk tree IMAGE   then cosign verify --certificate-identity=NAME --certificate-oidc-issuer=URL IMAGE",
			"sigstore/cosign#3104, #2056",
		},
		{
			m(`--certificate-oidc-issuer or --certificate-oidc-issuer-regexp is required`), actions.CodeUsage,
			"cosign wants to know which identity provider you trust to know who signed.",
			"cosign verify --certificate-identity=NAME --certificate-oidc-issuer=URL IMAGE",
			"",
		},
		{
			m(`error verifying bundle: empty key|no certificate found on signature|bundle does not contain cert for verification|entity was not signed with a certificate`), actions.CodeNoCertificate,
			"It was signed with a key pair, and you verify by identity.",
			"cosign verify --key cosign.pub IMAGE",
			"",
		},
		{
			m(`both public key and certificate were provided but did not match|expected key signature, not certificate`), actions.CodeKey,
			"You gave --key, and the signature was made by an identity with a certificate.",
			"cosign verify --certificate-identity=NAME --certificate-oidc-issuer=URL IMAGE",
			"",
		},
	}
}
