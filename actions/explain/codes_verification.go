package explain

import "github.com/sigwalk/sigwalk/actions"

// verification is why a signature does not verify, and what a skipped check no longer proves.
func verification() map[actions.Code]text {
	return map[actions.Code]text{
		actions.CodeNoSignatures: {
			"Nothing that signs the image is attached to it.",
			"It was never signed, was signed elsewhere (COSIGN_REPOSITORY), its tag has moved to another digest since, or a cleaner removed the signature's tag. cosign ends with 10 here.",
			"Look with `sigwalk tree IMAGE`; for an index, its platforms' images may be signed in place of the index.",
		},
		actions.CodeNoMatch: {
			"Signatures are there, and none of them verified under your policy.",
			"Each has its own reason. cosign ends with 12 here.",
			"See them all: `sigwalk verify IMAGE --explain` with the same flags.",
		},
		actions.CodeNoCertificate: {
			"The signature carries no certificate.",
			"It was made with a key pair, and nothing but that key says who signed.",
			"Verify it with `--key cosign.pub`.",
		},
		actions.CodeClaims: {
			"The signature is for something else.",
			"The digest inside what was signed is not that of the image: the signature was copied, or the image was changed.",
			"Compare the digest in the payload with `crane digest IMAGE`.",
		},
		actions.CodeSignature: {
			"The key did not sign these bytes.",
			"Signature, payload or key were changed or exchanged after signing, or the key given with --key is another one.",
			"Check that --key is the right one; else treat it as tampered with, and ask the signer to sign again.",
		},
		actions.CodeChain: {
			"No authority of the trust root issued the certificate.",
			"It comes from another deployment's Fulcio, from one whose root has been replaced, or from nobody.",
			"Run `cosign initialize` for the deployment that signed.",
		},
		actions.CodeLogEntry: {
			"The log entry does not belong to this signature, or does not verify.",
			"It records another signature, key or payload, or its own proofs are wrong. An entry of another signature would lend that one's place and time to this one.",
			"Treat it as tampered with; `sigwalk verify --explain` shows which part differs.",
		},
		actions.CodeTime: {
			"The certificate was not valid when it was used.",
			"It lives for ten minutes, and the log or the time stamp saw the signature before or after.",
			"Sign again; if it happens each time, check the clocks of the signer, Fulcio and the log.",
		},
		actions.CodeSubject: {
			"Somebody else signed.",
			"The name in the certificate is not the one that you asked for. A workflow's name holds its file and branch; names are compared letter by letter.",
			"List who signed with `sigwalk tree IMAGE`; correct --certificate-identity if that is who should have.",
		},
		actions.CodeIssuer: {
			"Another identity provider vouched for the name.",
			"The same name can be had from several providers, which check differently.",
			"Correct --certificate-oidc-issuer if you trust that provider to know who signs; a slash at the end counts.",
		},
		actions.CodeNotVerified: {
			"cosign refused the signature for a reason of its own.",
			"The message has cosign's words.",
			"See the single checks with `sigwalk verify --explain`.",
		},
		actions.CodeFormat: {
			"A part of the signature cannot be read.",
			"It is cut, of another version, or no signature at all.",
			"Fetch it again; else ask whoever stored it.",
		},
		actions.CodeAnnotations: {
			"An annotation that you asked for is not signed.",
			"It was not given when signing, or has another value. A number is not the same as its text.",
			"Leave out --annotations, or sign again with `-a KEY=VALUE`.",
		},
		actions.CodeKey: {
			"It was made with another key than the given one.",
			"It carries a certificate, and the key in that is not the one of --key.",
			"Verify it by its identity: --certificate-identity and --certificate-oidc-issuer.",
		},
		actions.CodeLogUnknown: {
			"The entry is from a log that the trust root does not know.",
			"It was signed with another deployment: the commonest mistake with private ones, where cosign still trusts the public log.",
			"Run `cosign initialize` for the deployment that signed.",
		},
		actions.CodeLogPayload: {
			"The log entry records another payload.",
			"Whoever searches the log by what was signed would not find this signature. Either what it signs was changed in the bundle, or its log records falsely.",
			"Treat it as tampered with.",
		},
		actions.CodeSET: {
			"The log did not sign this entry.",
			"Its signature (SET) covers body, index, time and log, and one of them was changed; or the log's key was not valid at that time.",
			"Treat it as tampered with, unless the log's key was replaced: then run `cosign initialize`.",
		},
		actions.CodeProof: {
			"The inclusion proof does not lead to a root hash that the log signed.",
			"Proof, entry or checkpoint were changed, or belong to another entry.",
			"Treat it as tampered with; fetch the proof anew from the log.",
		},
		actions.CodeNoLogEntry: {
			"The signature carries no log entry.",
			"It was made with --tlog-upload=false, or the log could not be asked for it.",
			"Sign again with a log; or leave out --offline, so that the log can be asked; --insecure-ignore-tlog does without, and proves less.",
		},
		actions.CodeNoProof: {
			"No inclusion proof came with the signature.",
			"The annotation of a signature tag holds the log's promise only. cosign is content with that.",
			"Fetch it from the log: `sigwalk verify IMAGE --explain --fetch-proofs`.",
		},
		actions.CodeNoTimestamp: {
			"No time stamp came with the signature.",
			"The signer was told of no timestamp authority.",
			"Sign again with --timestamp-server-url; or leave out --use-signed-timestamps.",
		},
		actions.CodeTimeUnproven: {
			"Nothing that verifies shows when it was signed.",
			"What carries the time did not verify, or a log of the second generation keeps none.",
			"See the check that failed; for such a log, a time stamp is needed.",
		},
		actions.CodeExpired: {
			"The certificate has expired, and nothing proves that the signature is older.",
			"With --insecure-ignore-tlog and no time stamp, cosign holds the ten-minute certificate against the present: it works right after signing and never again.",
			"Leave out --insecure-ignore-tlog: the proof travels with the signature and needs no network.",
		},
		actions.CodeSkippedClaims: {
			"The digest was not compared (--check-claims=false).",
			"Any signature by the right person would do, for whatever image it was made.",
			"Leave out --check-claims=false.",
		},
		actions.CodeSkippedLog: {
			"The transparency log was not looked at (--insecure-ignore-tlog).",
			"Nothing shows that the signature is public, nor when it was made.",
			"Leave out --insecure-ignore-tlog.",
		},
		actions.CodeSkippedSCT: {
			"The signed certificate timestamp was not looked at (--insecure-ignore-sct).",
			"Nothing shows that the certificate was issued in public.",
			"Leave out --insecure-ignore-sct.",
		},
		actions.CodeUnusedStamp: {
			"A time stamp came with the signature and was not looked at.",
			"cosign looks at it with --use-signed-timestamps only.",
			"Add --use-signed-timestamps.",
		},
		actions.CodeAnyIdentity: {
			"Nobody said whose signature counts.",
			"Whoever can sign in with the identity provider can make a valid signature.",
			"Give --certificate-identity and --certificate-oidc-issuer.",
		},
		actions.CodeNeedsOther: {
			"The check needs what another check found missing.",
			"It could be neither made nor passed.",
			"See the check that it names.",
		},
		actions.CodeDisagreement: {
			"The verdict and the checks differ.",
			"The verdict is cosign's, the checks are sigwalk's; one of them is wrong.",
			"Report it with the output of `sigwalk verify -o json`, and trust neither before you know why.",
		},
		actions.CodeNotSigned: {
			"Nobody signed this document.",
			"An SBOM that is attached lies beside the image as it is; anyone who may write there can change it.",
			"Attest it in place of attaching it: `cosign attest --predicate FILE --type spdxjson IMAGE`.",
		},
	}
}
