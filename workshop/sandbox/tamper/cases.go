// Package tamper does to an image of the sandbox what somebody hostile, careless or unlucky does to images in the world:
// changed bytes, swapped parts, forged certificates and entries. Nothing is painted: what it makes is pushed to the real
// registry, logged in the real log, and issued with the keys of the sandbox's own certificate authority, which lie on the
// learner's disk. The image that it starts from is left as it is.
package tamper

import (
	"context"
	"slices"
)

// NoSignatures is what Case.Breaks says where no check turns red because nothing is there to be checked.
const NoSignatures = "no-signatures"

// Case is one thing that goes wrong.
type Case struct {
	Name string // lower case, for the command line
	// Does is one sentence on what is done.
	Does string
	// Breaks is the check that the case is about (a name of the matrix of `sigwalk verify --explain`), or NoSignatures.
	Breaks string
	// Because is one sentence on why.
	Because string

	apply func(context.Context, *work) error
}

// Cases are all there are, in the order in which they are told.
func Cases() []Case {
	return []Case{
		{
			Name: "layer", Does: "one byte of a layer is flipped, and the image pushed with the old signature under its new digest",
			Breaks: "claims", Because: "a layer's bytes decide the image's digest, and the signed payload names the digest from before",
			apply: flipLayer,
		},
		{
			Name: "payload", Does: "the payload is swapped for the one of another image",
			Breaks: "signature", Because: "the signature is over the payload's bytes, and these are others",
			apply: swapPayload,
		},
		{
			Name: "annotation", Does: "an annotation is added to the signed payload",
			Breaks: "signature", Because: "annotations are signed with the digest: whoever changes one breaks the signature",
			apply: changeAnnotation,
		},
		{
			Name: "foreign-certificate", Does: "somebody else's authority issues a certificate for the same name, and signs with it",
			Breaks: "chain", Because: "a certificate is worth what its issuer is worth, and the trust root does not name this one",
			apply: foreignCertificate,
		},
		{
			Name: "expired-certificate", Does: "a certificate of the right authority is used after its end",
			Breaks: "time", Because: "the log saw the signature when the certificate's life was over: the key may have been anybody's by then",
			apply: expiredCertificate,
		},
		{
			Name: "other-entry", Does: "the log entry of another signature is put beside this one",
			Breaks: "log-entry", Because: "the entry is real and in the log, and records another signature",
			apply: otherEntry,
		},
		{
			Name: "foreign-log", Does: "the log's promise is replaced by one that another log signed",
			Breaks: "log-set", Because: "the trust root does not know that log's key",
			apply: foreignLog,
		},
		{
			Name: "no-sct", Does: "the right authority issues a certificate in secret, without the certificate log's timestamp",
			Breaks: "sct", Because: "nobody could have noticed that this certificate exists",
			apply: withoutSCT,
		},
		{
			Name: "moved-tag", Does: "the tag is moved to another image, which nobody signed",
			Breaks: NoSignatures, Because: "signatures belong to a digest: the old one has them still, and the tag names another",
			apply: moveTag,
		},
		{
			Name: "deleted-signature", Does: "the tag with the signature is deleted, as an eager pruner does",
			Breaks: NoSignatures, Because: "an image without its signature is an unsigned image; the log remembers that there was one (sigwalk recover)",
			apply: deleteSignature,
		},
		{
			Name: "unsigned-badge", Does: "an unsigned image is pushed under the name of the signature tag, for which Quay draws the badge of a signed image",
			Breaks: "format", Because: "Quay looks at the name of the tag alone, and nothing in it is a signature",
			apply: unsignedBadge,
		},
	}
}

// Find returns the case with a name.
func Find(name string) (Case, bool) {
	all := Cases()
	i := slices.IndexFunc(all, func(c Case) bool { return c.Name == name })
	if i < 0 {
		return Case{}, false
	}
	return all[i], true
}
