package explain

import (
	"regexp"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
)

// messages is the catalogue, in the order in which causes are told: what says more comes first.
var messages = sync.OnceValue(func() []message {
	m := regexp.MustCompile
	return []message{
		// cosign verify: whose signature
		{
			m(`none of the expected identities matched what was in the certificate, got subjects \[([^\]]*)\] with issuer (\S*)`), actions.CodeSubject,
			"The signature is good, and by somebody else than you asked for: it was made by $1, vouched for by $2.",
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
			m(`no certificate found on signature|bundle does not contain cert for verification|entity was not signed with a certificate`), actions.CodeNoCertificate,
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
		// cosign verify: time
		{
			m(`expected a signed timestamp to verify an expired certificate`), actions.CodeExpired,
			"The ten-minute certificate has expired, and with --insecure-ignore-tlog nothing proves that the signature is older.",
			"cosign verify IMAGE with the same flags and without --insecure-ignore-tlog: the proof travels with the signature and needs no network",
			"sigstore/cosign#2590, #3224",
		},
		{
			m(`certificate expired before signatures were entered in log: (\S+) is before (\S+)`), actions.CodeTime,
			"The certificate ended at $1, and the signature was logged at $2.",
			"sign again; if it happens each time, compare the clocks of the signer, Fulcio and Rekor",
			"",
		},
		{
			m(`certificate was issued after signatures were entered in log`), actions.CodeTime,
			"The log saw the signature before its certificate was issued: a clock is wrong, or the two do not belong together. (The first time in the message is the certificate's end: cosign prints the wrong one.)",
			"compare the clocks of the signer, Fulcio and Rekor",
			"sigstore/cosign#4722",
		},
		{
			m(`threshold not met for verified log entry integrated timestamps`), actions.CodeTimeUnproven,
			"The log entry carries no time, as with Rekor v2, so that a time stamp must prove it.",
			"cosign verify --use-signed-timestamps ... IMAGE",
			"",
		},
		{
			m(`threshold not met for verified signed timestamps|unable to verify RFC3161 timestamp bundle`), actions.CodeTimestamp,
			"No time stamp by an authority of the trust root came with the signature.",
			"check that the trust root knows the timestamp authority (cosign initialize), or leave out --use-signed-timestamps",
			"",
		},
		// cosign verify: log
		{
			m(`signature in bundle does not match signature being verified|transparency log signature does not match`), actions.CodeLogEntry,
			"The log entry beside the signature belongs to another signature.",
			"sigwalk verify IMAGE --explain   and treat it as tampered with",
			"GHSA-whqx-f9j3-ch6m",
		},
		{
			m(`comparing public key PEMs, expected`), actions.CodeLogEntry,
			"The log entry records another key than the one it was verified with: most often, --key names the wrong key.",
			"cosign verify --key OTHER.pub IMAGE, or by identity without --key",
			"sigstore/cosign#2632",
		},
		{
			m(`rekor log public key not found for payload`), actions.CodeLogUnknown,
			"The signature is in a log that your trust root does not know: it was signed with a private deployment, and cosign trusts the public one (or the other way round).",
			"cosign initialize --mirror URL --root URL/root.json   for the deployment that signed",
			"sigstore/cosign#3436, #1997, tstromberg/sigstore-the-local-way#18",
		},
		{
			m(`not enough verified log entries from transparency log`), actions.CodeLogUnknown,
			"No log entry in the bundle is from a log of your trust root, or none verifies.",
			"cosign initialize --mirror URL --root URL/root.json   for the deployment that signed; sigwalk verify IMAGE --explain shows which log it names",
			"",
		},
		{
			m(`unable to verify SET|signedEntryTimestamp: unable to verify`), actions.CodeSET,
			"The log's signature over the entry does not verify: the entry was changed, or the log has another key than your trust root says.",
			"cosign initialize again; a self-made Rekor that keeps its key in memory has a new one after each start",
			"sigstore/cosign#1716",
		},
		{
			m(`signature not found in transparency log|no valid tlog entries found`), actions.CodeNoLogEntry,
			"The signature carries no log entry, and the log that was asked has none.",
			"check that --rekor-url is the log that the signer used",
			"tstromberg/sigstore-the-local-way#20",
		},
		{
			m(`offline verification failed|rekor client not provided for online verification`), actions.CodeNoLogEntry,
			"The signature carries no log entry, and the log may not be asked.",
			"leave out --offline; or sign again with a log",
			"",
		},
		// cosign verify: trust root
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
			"No authority of your trust root issued the certificate: it was signed with another deployment.",
			"cosign initialize --mirror URL --root URL/root.json   for the deployment that signed",
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
			m(`initial root checksum|Could not verify .*root.json checksum|checksum .*mismatch`), actions.CodeRootChecksum,
			"The initial root is not the one whose checksum you gave.",
			"ask whoever runs the deployment for the checksum, over another channel",
			"",
		},
		// cosign verify: contents
		{
			m(`invalid or missing digest in claim: (\S*)`), actions.CodeClaims,
			"The signature is for the digest $1, and not for this image: it was copied, or the image was changed.",
			"compare with crane digest IMAGE",
			"",
		},
		{
			m(`missing or incorrect annotation`), actions.CodeAnnotations,
			"An annotation that you asked for was not signed, or has another value.",
			"sigwalk verify IMAGE --explain with the same -a: it shows both values",
			"",
		},
		{
			m(`provided artifact digests? do(?:es)? not match|artifact does not match digest|no matching subject digest`), actions.CodeClaims,
			"The bundle or attestation is about something else.",
			"give the file that it was made for, or find the bundle of this one",
			"",
		},
		{
			m(`invalid signature when validating ASN\.1 encoded signature|crypto/rsa: verification error|failed to verify signature`), actions.CodeSignature,
			"The key did not sign these bytes: wrong --key, or something was changed after signing.",
			"sigwalk verify IMAGE --explain shows which key and which payload were compared",
			"",
		},
		{
			m(`bundle version .* is not (?:yet )?supported|unsupported media type`), actions.CodeFormat,
			"The bundle is of a version that this cosign does not read.",
			"use a newer cosign; sigwalk verify --bundle FILE --artifact FILE reads versions 0.1 to 0.3",
			"",
		},
		{
			m(`no signatures found`), actions.CodeNoSignatures,
			"Nothing is attached to this digest: it was never signed, the tag has moved since, or a cleaner removed the signature's tag.",
			"sigwalk tree IMAGE; with an index, look at its platforms' images, too",
			"goharbor/harbor#23540",
		},
		{
			m(`image tag not found|MANIFEST_UNKNOWN|manifest unknown`), actions.CodeTagNotFound,
			"The registry has no such tag or digest.",
			"crane ls REPOSITORY",
			"",
		},
		// signing
		{
			m(`There was an error processing the identity token`), actions.CodeTokenRefused,
			"Fulcio refused the token: issuer unknown to it, another audience, no verified e-mail address, or expired. Its answer does not say which.",
			"look at iss, aud, email and email_verified in the token, and at GET FULCIO/api/v2/configuration",
			"sigstore/cosign#3160, #4348, sigstore/fulcio#1769",
		},
		{
			m(`There was an error processing the credentials for this request`), actions.CodeTokenRefused,
			"Fulcio could not check the token: it does not know the issuer, or its configuration for it is wrong.",
			"look at GET FULCIO/api/v2/configuration",
			"sigstore/cosign#2485",
		},
		{
			m(`The signature supplied in the request could not be verified`), actions.CodeTokenRefused,
			"Fulcio wants the proof of the key over another claim of the token than the client signed: e-mail address or subject.",
			"use a newer client",
			"sigstore/sigstore-go#282",
		},
		{
			m(`Error entering certificate in CTL`), actions.CodeServer,
			"Fulcio could not log the certificate: its certificate transparency log is not configured, or is down.",
			"whoever runs Fulcio must set --ct-log-url",
			"sigstore/fulcio#1427",
		},
		{
			m(`(?i)token (?:is|has) expired`), actions.CodeTokenExpired,
			"The identity token was fetched too long ago, or a clock is wrong.",
			"fetch a new token and use it at once; compare the clocks",
			"",
		},
		{
			m(`invalid_grant`), actions.CodeSignInRefused,
			"The identity provider refused code or password: it was used before, cut, or has expired.",
			"start the sign-in again, and paste the whole code at once",
			"",
		},
		{
			m(`Invalid parameter: redirect_uri|redirect_uri_mismatch`), actions.CodeClientRefused,
			"The identity provider's client does not know the address to return to.",
			"add http://localhost/* and urn:ietf:wg:oauth:2.0:oob to the client's redirect URIs",
			"",
		},
		{
			m(`unauthorized_client|Client not allowed for direct access grants`), actions.CodeClientRefused,
			"The identity provider does not let the client use this grant.",
			"enable direct access grants for the client, or sign in in the browser",
			"",
		},
		{
			m(`createLogEntryConflict|an equivalent entry already exists`), actions.CodeLogRefused,
			"The log holds this very entry already.",
			"nothing is lost: the signature is logged",
			"",
		},
		{
			m(`decrypt: encrypted: decryption failed|reading key: decrypt`), actions.CodeWrongPassword,
			"The password of the private key is wrong.",
			"check COSIGN_PASSWORD",
			"",
		},
		// registries
		{
			m(`TAG_IMMUTABLE|tag is immutable|immutable tag`), actions.CodeImmutableTag,
			"The registry refuses to move the signature's tag.",
			"exclude sha256-*.sig from the rule, or sign with --new-bundle-format",
			"",
		},
		{
			m(`MANIFEST_INVALID|manifest invalid`), actions.CodeForbidden,
			"The registry refused the signature's manifest: some do so where the right to overwrite a tag is missing.",
			"ask for the right to overwrite tags, or sign with --new-bundle-format",
			"sigstore/cosign#3758",
		},
		{
			m(`(?i)UNAUTHORIZED: User cannot be authenticated|invalid username[/ ]password|incorrect username or password`), actions.CodeWrongPassword,
			"The registry refused the credentials, or there are none for it: other tools' logins may be kept elsewhere.",
			"cosign login REGISTRY -u USER",
			"Smana/runlore#377",
		},
		{
			m(`DENIED|denied: |insufficient_scope|don't have the needed permissions|does not have permission`), actions.CodeForbidden,
			"You are known to the registry, and have no right to do this: a signature is written beside the image.",
			"ask for write access, or put the signature elsewhere with COSIGN_REPOSITORY",
			"sigstore/cosign#337, #1441",
		},
		{
			m(`(?i)UNAUTHORIZED: |unauthorized: authentication required|401 Unauthorized`), actions.CodeUnauthorized,
			"The registry wants to know who you are. (Docker Hub says so, too, when the repository does not exist: a superfluous word on the command line is taken for an image.)",
			"cosign login REGISTRY -u USER",
			"sigstore/cosign#3173",
		},
		{
			m(`TOOMANYREQUESTS|429 Too Many Requests`), actions.CodeThrottled,
			"The registry limits how often it may be called.",
			"wait a minute, or log in",
			"",
		},
		// skopeo and podman
		{
			m(`A signature was required, but no signature exists`), actions.CodeNoSignatures,
			"policy.json wants a signature, and none was found: for Sigstore signatures, reading them must be switched on for the registry.",
			"set use-sigstore-attachments: true for the registry in /etc/containers/registries.d",
			"podman-container-tools/skopeo#2061",
		},
		{
			m(`Source image rejected: (.*)`), actions.CodeNoMatch,
			"policy.json does not accept the image: $1.",
			"look at /etc/containers/policy.json for the registry's rule",
			"podman-container-tools/skopeo#660",
		},
		{
			m(`Can not copy signatures|Pushing signatures for OCI images is not supported|Cannot write signatures`), actions.CodeUsage,
			"The destination cannot keep the signatures.",
			"skopeo copy --remove-signatures, and copy the tags with cosign copy; or switch on use-sigstore-attachments for the destination",
			"podman-container-tools/skopeo#660",
		},
		{
			m(`Would invalidate signatures`), actions.CodeDigestMismatch,
			"Copying would change the digest, and so the signatures would be for something else.",
			"skopeo copy --preserve-digests --all",
			"",
		},
		// connections
		{
			m(`x509: certificate signed by unknown authority|x509: certificate is not trusted|tls: failed to verify certificate`), actions.CodeTLS,
			"This computer does not know the authority behind the server's certificate. (Older cosigns say the same of the signer's certificate: then the trust root is the wrong one.)",
			"add the authority to the system, or name it with SSL_CERT_FILE; for a signature, cosign initialize",
			"sigstore/cosign#2659, #2588",
		},
		{
			m(`http: server gave HTTP response to HTTPS client`), actions.CodeTLS,
			"The server speaks plain HTTP.",
			"cosign --allow-http-registry, skopeo --src-tls-verify=false or --dest-tls-verify=false; only for a registry on this computer",
			"",
		},
		{
			m(`no such host|server misbehaving`), actions.CodeUnreachable,
			"The name does not resolve.",
			"check the address for typing errors, and whether it works outside the cluster",
			"",
		},
		{
			m(`connect: connection refused|no route to host|i/o timeout|context deadline exceeded|unexpected EOF|: EOF$`), actions.CodeUnreachable,
			"The server cannot be reached, or breaks the connection off.",
			"curl -v URL",
			"podman-container-tools/skopeo#2162, sigstore/cosign#4026",
		},
		{
			m(`no matching signatures`), actions.CodeNoMatch,
			"Signatures are there, and none verified; this output does not say why.",
			"sigwalk verify IMAGE --explain with the same flags",
			"sigstore/cosign#2588, #3525, #3798",
		},
		{
			m(`cannot specify service URLs and use signing config`), actions.CodeUsage,
			"cosign 3 finds the services in the signing configuration that comes with the trust root, and variables such as COSIGN_FULCIO_URL name others.",
			"unset COSIGN_FULCIO_URL COSIGN_REKOR_URL COSIGN_OIDC_ISSUER COSIGN_OIDC_CLIENT_ID COSIGN_TIMESTAMP_SERVER_URL",
			"",
		},
		{
			m(`compact JWS format must have three parts`), actions.CodeTokenMalformed,
			"What was given as an identity token is none: a token has three parts with dots between them.",
			"echo ${#SIGSTORE_ID_TOKEN} says how long it is; sigwalk token reads it",
			"",
		},
		{
			m(`incorrect checksum for file`), actions.CodeRootChecksum,
			"The root.json that was fetched is not the one whose checksum was given: another deployment's, a newer one, or somebody's in between.",
			"ask whoever runs the deployment for the checksum; do not take the one that the message names",
			"",
		},
		{
			m(`could not parse reference`), actions.CodeReference,
			"This is no name of an image: it is written REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST.",
			"look at the name, in which a variable may be empty: echo $IMAGE",
			"",
		},
		{
			m(`(?:loading public key|reading key|loading private key): open .*: no such file or directory`), actions.CodeKeyUnreadable,
			"The file with the key is not there.",
			"ls in the directory in which the command ran; cosign generate-key-pair makes cosign.key and cosign.pub",
			"",
		},
		{
			m(`no matching attestations`), actions.CodeNoMatch,
			"There is no attestation of this image, or none by who was asked for.",
			"sigwalk tree IMAGE lists the attestations and who made them",
			"",
		},
	}
})
