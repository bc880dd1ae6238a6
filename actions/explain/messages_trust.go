package explain

import (
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// trustMessages are those of cosign about the trust root.
func trustMessages() []message {
	m := regexp.MustCompile
	return []message{
		{
			m(`failed to decode root\.json: expired at (2025-08-19 \S+)`), actions.CodeNoTrustRoot,
			"This cosign began with the root of public Sigstore that is built into it, which has expired at $1: it was not initialised for your deployment, or its cache (TUF_ROOT, ~/.sigstore/root) is empty.",
			"cosign initialize --mirror URL --root URL/root.json --root-checksum HEX   for your deployment; for the public one, a newer cosign",
			"",
		},
		{
			m(`final root\.json is expired`), actions.CodeTrustRoot,
			"The newest root.json that was found has expired: that of the mirror, or the one that is built into this cosign where none was named.",
			"cosign initialize --mirror URL --root URL/root.json; if that says the same, whoever runs the TUF repository must sign it anew",
			"",
		},
		{
			m(`tuf-repo-cdn\.sigstore\.dev`), actions.CodeNoTrustRoot,
			"cosign asked for the trust root of public Sigstore: it was not initialised for a deployment of your own, or its cache (TUF_ROOT, ~/.sigstore/root) is another one.",
			"cosign initialize --mirror URL --root URL/root.json; where there is no network, verify with --trusted-root FILE",
			"",
		},
		{
			m(`local cache may be corrupt: (.*)`), actions.CodeTrustRoot,
			"What was fetched as root.json, or what is kept below ~/.sigstore, is no metadata of TUF: $1.",
			"curl -s URL/root.json must begin with {; then rm -r ~/.sigstore/root and cosign initialize again",
			"",
		},
		{
			m(`go-tuf/v2/metadata\.checkType`), actions.CodeTrustRoot,
			"What was fetched as root.json is no metadata of TUF, and cosign broke off over it: most often the answer that there is no such file.",
			"curl -s URL/root.json must begin with {\"signatures\" or {\"signed\"; correct --root",
			"",
		},
		{
			m(`failed to read trusted root:? (.*)`), actions.CodeTrustRoot,
			"The file given with --trusted-root cannot be read: $1.",
			"check the path; sigwalk trust export FILE writes such a file",
			"",
		},
		{
			m(`failed to proto-json unmarshal trusted root|trusted root media type`), actions.CodeTrustRoot,
			"The file given with --trusted-root is no trusted_root.json: root.json of TUF, a key or a certificate is something else.",
			"jq .mediaType FILE must say application/vnd.dev.sigstore.trustedroot; sigwalk trust export FILE writes one",
			"",
		},
		{
			m(`ctfe public key not found for (?:payload|embedded SCT)|only able to verify \d+ SCT entries`), actions.CodeSCT,
			"Your trust root does not know the certificate transparency log that the certificate names: it is old, or another deployment's.",
			"cosign initialize --mirror URL --root URL/root.json   for the deployment that signed",
			"sigstore/cosign#2588, chainguard-dev/terraform-provider-cosign#642",
		},
		{
			m(`certificate does not include required embedded SCT|no SCT found`), actions.CodeSCT,
			"The certificate was issued without a certificate transparency log.",
			"a deployment without such a log needs --insecure-ignore-sct; else ask whoever runs Fulcio",
			"",
		},
		{
			m(`no matching targets by custom metadata, fallbacks not found: (\S+)`), actions.CodeTrustRoot,
			"The TUF repository has no target $1, under which this cosign looks for a key.",
			"add trusted_root.json to the repository (newer cosigns read it alone), or publish the key as $1",
			"sigstore/cosign#3514, sigstore/scaffolding#873",
		},
		{
			m(`leaf certificate verification failed|failed to verify leaf certificate|cert verification failed: x509`), actions.CodeChain,
			"No authority of your trust root issued the certificate, which was signed with another deployment; or, with --insecure-ignore-tlog, it has expired: it lives ten minutes, and nothing shows that the signature is older.",
			"leave out --insecure-ignore-tlog; else cosign initialize --mirror URL --root URL/root.json   for the deployment that signed",
			"",
		},
		{
			m(`error updating to TUF remote mirror: (?:tuf: )?invalid key`), actions.CodeTrustRoot,
			"This cosign is too old for the repository's keys, or the cache below ~/.sigstore is another deployment's.",
			"use a newer cosign; or rm -r ~/.sigstore/root and cosign initialize again",
			"sigstore/cosign#3614, #2390",
		},
		{
			m(`(?:failed to decode|error decoding) (\S+\.json): expired at (.*)`), actions.CodeTrustRoot,
			"The trust root's $1 has expired at $2.",
			"whoever runs the TUF repository must sign it anew; then cosign initialize again",
			"sigstore/cosign#1179, #1293, #4100",
		},
		{
			m(`(?:final .* )?metadata (?:is )?expired|\S+\.json is expired`), actions.CodeTrustRoot,
			"A role of the trust root has expired.",
			"whoever runs the TUF repository must sign it anew; then cosign initialize again",
			"",
		},
		{
			m(`failed to download (\S*root\.json): (.*)`), actions.CodeUnreachable,
			"The TUF repository cannot be reached: $2.",
			"check the mirror with curl; where there is no network, verify with --trusted-root FILE",
			"sigstore/cosign#4026",
		},
		{
			m(`Could not verify .*root.json checksum|checksum .*mismatch`), actions.CodeRootChecksum,
			"The initial root is not the one whose checksum you gave.",
			"ask whoever runs the deployment for the checksum, over another channel",
			"",
		},
		{
			m(`incorrect checksum for file`), actions.CodeRootChecksum,
			"The root.json that was fetched is not the one whose checksum was given: another deployment's, a newer one, or somebody's in between.",
			"ask whoever runs the deployment for the checksum; do not take the one that the message names",
			"",
		},
	}
}
