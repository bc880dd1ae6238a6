package registry

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
)

// Parse reads an image reference, by tag or by digest; without either the tag is latest, and without a registry it is
// Docker Hub's. It fails with CodeReference. Plain HTTP is used for loopback hosts only.
func Parse(reference string) (name.Reference, error) {
	if err := elsewhere(reference); err != nil {
		return nil, err
	}
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, malformed(reference, err)
	}
	return ref, nil
}

// elsewhere refuses what names an image that is in no registry, as skopeo does, or begins with a scheme: the library takes some of it
// for a host or a repository.
func elsewhere(reference string) error {
	transport, rest, _ := strings.Cut(reference, ":")
	switch {
	case strings.HasPrefix(rest, "//"):
		return malformed(reference, errors.New(reference))
	case transport == "dir" && strings.Contains(rest, "/"), transport == "docker-archive", transport == "docker-daemon", transport == "containers-storage":
		return &actions.Error{
			Code: actions.CodeReference, What: fmt.Sprintf("%q is in no registry", reference),
			Why:  transport + ": is skopeo's name for another place; of those places oci:DIR and oci-archive:FILE are read",
			Next: "copy it to a registry, where its signatures come along, and name that: `skopeo copy " + transport + ":... docker://REGISTRY/REPOSITORY:TAG`",
		}
	}
	return nil
}

// parseRepository reads a repository; a tag or digest behind it is dropped.
func parseRepository(repository string) (name.Repository, error) {
	ref, err := Parse(repository)
	if err != nil {
		return name.Repository{}, err
	}
	return ref.Context(), nil
}

// malformed says why reference cannot be read; the usual slips of the pen each have their own remedy.
func malformed(reference string, err error) error {
	e := &actions.Error{
		Code: actions.CodeReference,
		What: fmt.Sprintf("%q is not an image reference", reference),
		Why:  strings.TrimPrefix(err.Error(), "could not parse reference: "),
		Next: "write it as REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST, such as quay.io/org/app:1.0",
		Err:  err,
	}
	if e.Why == reference {
		e.Why = "it has a character or a form that no reference has"
	}
	repository, digest, hasDigest := strings.Cut(reference, "@")
	scheme, rest, hasScheme := strings.Cut(reference, "://")
	switch {
	case strings.TrimSpace(reference) == "":
		e.Why = "it is empty"
		e.Next = "name an image; if a variable such as $IMAGE was meant, it has no value yet"
	case hasScheme:
		e.Why = scheme + ":// is not part of a reference"
		e.Next = "leave it out: " + rest
	case strings.ContainsFunc(reference, unicode.IsSpace):
		e.Why = "it contains white space"
		e.Next = "remove the space, or put quotes around the variable it comes from"
	case strings.Contains(reference, "$"):
		e.Why = "it contains a $, so a variable in it was not replaced by its value"
		e.Next = "put double quotes around it, or none: in single quotes a shell replaces nothing"
	case strings.HasPrefix(reference, "/"):
		e.Why = "nothing stands before the first slash, where the registry belongs"
		e.Next = "put the registry's host there; if a variable such as $QUAY was meant, it has no value yet"
	case hasDigest && strings.HasPrefix(digest, "sha256:") && len(digest) != len("sha256:")+64:
		e.Why = fmt.Sprintf("a SHA-256 digest has 64 hexadecimal digits and this one has %d", len(digest)-len("sha256:"))
		e.Next = "copy the whole digest"
	case strings.ToLower(repository) != repository:
		if _, err := name.ParseReference(lowerPath(reference)); err == nil {
			e.Why = "a repository's name is written in lower case"
			e.Next = "write " + lowerPath(reference)
		}
	}
	return e
}

// lowerPath puts the repository of a reference into lower case and leaves tag and digest as they are.
func lowerPath(reference string) string {
	end := len(reference)
	if i := strings.IndexByte(reference, '@'); i >= 0 {
		end = i
	}
	if i := strings.LastIndexByte(reference[:end], ':'); i > strings.LastIndexByte(reference[:end], '/') {
		end = i
	}
	return strings.ToLower(reference[:end]) + reference[end:]
}
