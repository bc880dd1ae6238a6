package explain

import "github.com/sigwalk/sigwalk/actions"

// checks are the checks of the matrix by name, as they stand in `sigwalk verify --explain` and in JSON.
func checks() map[actions.Code]text {
	return map[actions.Code]text{
		"format": {
			"Can every part of the signature be read?",
			"What cannot be read cannot be checked, and cosign gives up on such a signature.",
			"When it fails, see `sigwalk explain format-invalid`.",
		},
		"claims": {
			"Is the digest inside what was signed that of the image?",
			"A signature is for a digest; without this check, one made for any other image would do.",
			"When it fails, see `sigwalk explain claims-mismatch`.",
		},
		"annotations": {
			"Are the annotations that were asked for signed?",
			"They say under which conditions it was signed, such as a stage of a pipeline.",
			"When it fails, see `sigwalk explain annotations-mismatch`.",
		},
		"signature": {
			"Did the key sign exactly these bytes?",
			"It is the heart of the matter; everything else says whose key it is, and when it was used.",
			"When it fails, see `sigwalk explain signature-invalid`.",
		},
		"key": {
			"Was it made with the key that was given?",
			"With a key pair, the key is the identity.",
			"When it fails, see `sigwalk explain key-mismatch`.",
		},
		"chain": {
			"Did an authority of the trust root issue the certificate?",
			"Anyone can write a certificate with any name in it.",
			"When it fails, see `sigwalk explain chain-invalid`.",
		},
		"sct": {
			"Is the certificate in a certificate transparency log?",
			"It keeps the authority honest: what it issues, everybody can see.",
			"When it fails, see `sigwalk explain sct-invalid`.",
		},
		"log-entry": {
			"Does the log entry record this signature and this key?",
			"The entry of another signature would lend this one its place and its time.",
			"When it fails, see `sigwalk explain log-entry-invalid` and `log-entry-missing`.",
		},
		"log-payload": {
			"Does the log entry record what was signed?",
			"It ties what the log can be searched for to the signature. cosign 2 makes this check for signature tags alone, cosign 3 for bundles, too.",
			"When it fails, see `sigwalk explain log-payload-mismatch`.",
		},
		"log-set": {
			"Did the log sign body, index and time of the entry (signed entry timestamp)?",
			"Without it, index and time are claims of whoever stored them.",
			"When it fails, see `sigwalk explain log-set-invalid` and `log-unknown`.",
		},
		"log-proof": {
			"Is the entry in the tree whose root hash the log signed (inclusion proof and checkpoint)?",
			"A promise can be broken; a proof shows that it was kept.",
			"When it fails, see `sigwalk explain log-proof-invalid`; signature tags carry none: `log-proof-not-carried`.",
		},
		"timestamp": {
			"Did a timestamp authority of the trust root stamp the signature (RFC 3161)?",
			"It proves the time of signing without the transparency log.",
			"When it fails, see `sigwalk explain timestamp-failed`.",
		},
		"time": {
			"Was the certificate valid when the signature was made?",
			"Its key lives for minutes; a later signature was made with a key that should be gone.",
			"When it fails, see `sigwalk explain time-outside-certificate` and `certificate-expired`.",
		},
		"subject": {
			"Did the expected identity sign?",
			"A valid signature by somebody else proves nothing about this image.",
			"When it fails, see `sigwalk explain subject-mismatch`.",
		},
		"issuer": {
			"Did the expected identity provider vouch for that identity?",
			"Another provider can hand out the same name to anybody.",
			"When it fails, see `sigwalk explain issuer-mismatch`.",
		},
	}
}
