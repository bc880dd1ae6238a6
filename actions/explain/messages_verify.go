package explain

import (
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// verifyMessages are those of cosign verify about time, log and contents.
func verifyMessages() []message {
	m := regexp.MustCompile
	return []message{
		// time
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
		// log
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
		{
			m(`getLogEntryByIndexNotFound|getLogEntryByUUIDNotFound`), actions.CodeNoLogEntry,
			"The log has no such entry: it is another log than the one that was meant, or was set up anew since.",
			"rekor-cli loginfo --rekor_server URL says how many entries there are",
			"",
		},
		// contents
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
			m(`bundle version .* is not (?:yet )?supported|unsupported bundle media type`), actions.CodeFormat,
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
		{
			m(`none of the attestations matched the predicate type: (.*?), found: (.*)`), actions.CodeNoMatch,
			"Attestations are there, and none is of the type $1; what is there: $2. (https://sigstore.dev/cosign/sign/v1 is a signature of cosign 3, which says nothing else of the image.)",
			"cosign verify-attestation --type TYPE ... IMAGE with one that is there; sigwalk tree IMAGE lists them",
			"",
		},
		{
			m(`missing flag '--signature'|must specify --bundle with`), actions.CodeUsage,
			"For a file cosign wants to be told where its signature is, or is to be written.",
			"cosign verify-blob --bundle FILE.sigstore.json ... FILE, and sign-blob with the same --bundle",
			"",
		},
	}
}
