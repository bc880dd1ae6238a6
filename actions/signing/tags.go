package signing

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
)

// The endings of the tags sha256-<hex>... at which something is kept that belongs to an image.
const (
	signatureSuffix   = ".sig"
	attestationSuffix = ".att"
	referrerSuffix    = "" // an index of what refers to the image, where the registry keeps no such list itself
)

// attachedTagPattern matches the tags that hold lists which several signers write.
var attachedTagPattern = regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.sig|\.att)?$`)

// tagOf is where something that belongs to an image is kept.
func tagOf(digest name.Digest, suffix string) (name.Tag, error) {
	hash, err := v1.NewHash(digest.DigestStr())
	if err != nil {
		return name.Tag{}, err
	}
	return digest.Context().Tag(fmt.Sprintf("%s-%s%s", hash.Algorithm, hash.Hex, suffix)), nil
}

// elsewhere is the same tag in Options.Repository.
func (s *Signer) elsewhere(tag name.Tag) (name.Tag, error) {
	if s.opts.Repository == "" {
		return tag, nil
	}
	repository, err := name.NewRepository(s.opts.Repository)
	if err != nil {
		return name.Tag{}, &actions.Error{
			Code: actions.CodeReference, What: "COSIGN_REPOSITORY names no repository: " + s.opts.Repository, Why: err.Error(), Err: err,
			Next: "write it as REGISTRY/NAME, without a tag",
		}
	}
	return repository.Tag(tag.TagStr()), nil
}

// listsReferrers reports whether a tag names an index of referrers and not an image of signatures or attestations.
func listsReferrers(tag name.Tag) bool { return !strings.Contains(tag.TagStr(), ".") }

// nounOf names n of what a tag holds.
func nounOf(tag name.Tag, n int) string {
	noun := "signature"
	switch {
	case listsReferrers(tag):
		noun = "bundle"
	case strings.HasSuffix(tag.TagStr(), attestationSuffix):
		noun = "attestation"
	}
	if n != 1 {
		noun += "s"
	}
	return noun
}

// notAList says that a tag holds something else than a list to which can be added.
func notAList(tag name.Tag, err error) error {
	return &actions.Error{
		Code: actions.CodeNotAnImage,
		What: tag.Name() + " holds something else than " + nounOf(tag, 0),
		Why:  err.Error(),
		Next: "nothing was changed. Look what it is (crane manifest " + tag.Name() + "); whoever put it there must move it",
		Err:  err,
	}
}
