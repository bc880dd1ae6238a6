package signing

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// maxSignatures is how many cosign reads: with one more it verifies none (its pkg/oci/remote).
const maxSignatures = 1000

func tooMany(tag name.Tag, total int) error {
	return &actions.Error{
		Code: actions.CodeManifestTooLarge,
		What: fmt.Sprintf("%s would hold %d %s", tag.Name(), total, nounOf(tag, total)),
		Why:  fmt.Sprintf("cosign reads %d at the most and refuses the whole tag when there are more", maxSignatures),
		Next: "nothing was changed; remove signatures that are no longer wanted, or sign under another repository",
	}
}

// tooLarge tells a refusal for the size of the manifest from the others.
func tooLarge(err error, tag name.Tag, size int) error {
	const usual = 4 << 20 // the limit of distribution, and the least that the OCI distribution specification asks for
	var refusal *transport.Error
	if !errors.As(err, &refusal) || size <= usual && refusal.StatusCode != http.StatusRequestEntityTooLarge {
		return err
	}
	if refusal.StatusCode < http.StatusBadRequest || refusal.StatusCode >= http.StatusInternalServerError {
		return err
	}
	return &actions.Error{
		Code: actions.CodeManifestTooLarge,
		What: fmt.Sprintf("the registry does not take %s with one more %s", tag.Name(), nounOf(tag, 1)),
		Why:  fmt.Sprintf("the manifest would be %d bytes, and many registries take %d at the most", size, usual),
		Next: "nothing at the tag was changed; remove signatures that are no longer wanted, or sign under another repository",
		Err:  err,
	}
}

func lostForGood(tag name.Tag, pushes int) error {
	return &actions.Error{
		Code: actions.CodeSignatureLost,
		What: fmt.Sprintf("others overwrote %s faster than the %s could be put back", tag.Name(), nounOf(tag, 1)),
		Why:  fmt.Sprintf("it was pushed %d times, and each time a tool that had not read it replaced the tag", pushes),
		Next: "the signature is in the transparency log; sign again when fewer are at this image",
	}
}

// transient reports whether an answer may be another one in a moment.
func transient(err error) bool {
	var known *actions.Error
	var refusal *transport.Error
	switch {
	case errors.As(err, &known), errors.Is(err, errNoSignatures):
		return false
	case errors.As(err, &refusal):
		return refusal.StatusCode >= http.StatusInternalServerError || refusal.StatusCode == http.StatusTooManyRequests
	}
	return web.CutOff(err)
}
