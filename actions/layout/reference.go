package layout

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// The transports, with skopeo's names and spelling (containers-transports(5)).
const (
	Directory = "oci"         // oci:DIR[:NAME], an OCI image layout in a directory
	Archive   = "oci-archive" // oci-archive:FILE[:NAME], the same in a tar, which may be compressed with gzip
)

// Reference names an image on the disk.
type Reference struct {
	Transport string // Directory or Archive
	Path      string
	// Name is the tag (org.opencontainers.image.ref.name) or the digest ("sha256:HEX") of an image in it; empty where it
	// holds one image only.
	Name string
}

// String is the reference as it is written.
func (r Reference) String() string {
	switch {
	case r.Name == "":
		return r.Transport + ":" + r.Path
	case digest.MatchString(r.Name):
		return r.Transport + ":" + r.Path + "@" + r.Name
	}
	return r.Transport + ":" + r.Path + ":" + r.Name
}

var (
	digest     = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	atDigest   = regexp.MustCompile(`@(sha256:[0-9a-f]{64})$`)
	driveOfDOS = regexp.MustCompile(`^[A-Za-z]:[\\/]`)

	hostWithPort = regexp.MustCompile(`^oci:\d+/`)
)

// IsReference is true for what names an image on the disk and not in a registry.
func IsReference(text string) bool {
	transport, _, ok := strings.Cut(text, ":")
	return ok && (transport == Directory || transport == Archive) && !looksLikeRegistry(text)
}

// looksLikeRegistry is true for oci:5000/app, which is a host with a port: a path on the disk would be written ./5000/app.
func looksLikeRegistry(text string) bool {
	return hostWithPort.MatchString(text)
}

// Parse reads oci:DIR, oci-archive:FILE, and either followed by :TAG or @sha256:HEX. It fails with CodeReference.
func Parse(text string) (Reference, error) {
	transport, rest, _ := strings.Cut(text, ":")
	if !IsReference(text) {
		return Reference{}, &actions.Error{
			Code: actions.CodeReference, What: fmt.Sprintf("%q names no image on the disk", text),
			Next: "write it as oci:DIR or oci-archive:FILE, and :TAG behind it where there is more than one image",
		}
	}
	r := Reference{Transport: transport, Path: rest}
	if found := atDigest.FindStringSubmatch(rest); found != nil {
		r.Path, r.Name = strings.TrimSuffix(rest, found[0]), found[1]
	} else {
		start := 0
		if driveOfDOS.MatchString(rest) {
			start = 2
		}
		if i := strings.IndexByte(rest[start:], ':'); i >= 0 {
			r.Path, r.Name = rest[:start+i], rest[start+i+1:]
		}
	}
	if r.Path == "" {
		return Reference{}, &actions.Error{
			Code: actions.CodeReference, What: fmt.Sprintf("%q names no %s", text, map[string]string{Directory: "directory", Archive: "file"}[transport]),
			Next: "write it as oci:DIR or oci-archive:FILE; if a variable was meant, it has no value yet",
		}
	}
	return r, nil
}
