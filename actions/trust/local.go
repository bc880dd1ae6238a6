package trust

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

const lockPoll = 20 * time.Millisecond

// local reads and verifies the metadata on disk as of now, without the network and without writing. The set that comes
// back with an error holds what could be verified.
func (l layout) local(now time.Time) (*trustedmetadata.TrustedMetadata, error) {
	var raw [rolesOnDisk][]byte
	for i, file := range roleFiles {
		data, err := os.ReadFile(l.role(file))
		if err != nil {
			return nil, err
		}
		raw[i] = data
	}
	set, err := trustedmetadata.New(raw[0])
	if err != nil {
		return nil, err
	}
	set.RefTime = now.UTC()
	if _, err := set.UpdateTimestamp(raw[1]); err != nil {
		return set, err
	}
	if _, err := set.UpdateSnapshot(raw[2], false); err != nil {
		return set, err
	}
	if _, err := set.UpdateTargets(raw[3]); err != nil {
		return set, err
	}
	return set, nil
}

// expiry is when the first of the verified roles expires.
func expiry(set *trustedmetadata.TrustedMetadata) time.Time {
	first := set.Root.Signed.Expires
	for _, t := range []time.Time{set.Timestamp.Signed.Expires, set.Snapshot.Signed.Expires, set.Targets[metadata.TARGETS].Signed.Expires} {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

// readTarget reads a target of the verified set from the cache.
func (l layout) readTarget(set *trustedmetadata.TrustedMetadata, name string) ([]byte, error) {
	info, ok := set.Targets[metadata.TARGETS].Signed.Targets[name]
	if !ok {
		return nil, fmt.Errorf("%s is no target of %s", name, l.remote.Mirror)
	}
	data, err := os.ReadFile(filepath.Join(l.role("targets"), url.PathEscape(name)))
	if err != nil {
		return nil, err
	}
	return data, info.VerifyLengthHashes(data)
}

// trustedRoot reads the trusted root of the verified set.
func (l layout) trustedRoot(set *trustedmetadata.TrustedMetadata) (*root.TrustedRoot, error) {
	data, err := l.readTarget(set, trustedRootTarget)
	if err != nil {
		return nil, err
	}
	return root.NewTrustedRootFromJSON(data)
}

// print is a fingerprint of the files that a trusted root is read from, cheap enough for every verification.
func (l layout) print() string {
	var b strings.Builder
	files := []string{filepath.Join(l.home, remoteFile), filepath.Join(l.role("targets"), trustedRootTarget)}
	for _, file := range roleFiles {
		files = append(files, l.role(file))
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			b.WriteString("-;")
			continue
		}
		fmt.Fprintf(&b, "%d,%d;", info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}

// explain says what a failure to fetch, verify or store the trust root means.
func (c *Client) explain(ctx context.Context, err error, l layout, what string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var (
		known   *actions.Error
		status  *metadata.ErrDownloadHTTP
		path    *fs.PathError
		linkErr *os.LinkError
	)
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &path), errors.As(err, &linkErr):
		return unwritable(c.opts.Homes.TUF, err)
	case errors.As(err, &status):
		code, next := actions.CodeTrustRoot, "check the address of the mirror: it must serve root.json, timestamp.json and the targets of a TUF repository"
		if status.StatusCode >= 500 {
			code, next = actions.CodeServer, "try again in a while, or ask whoever runs the mirror"
		}
		return &actions.Error{Code: code, What: what, Why: fmt.Sprintf("the answer to GET %s was HTTP status %d", status.URL, status.StatusCode), Next: next, Err: err}
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		explained := web.Explain(err, l.remote.Mirror)
		if errors.As(explained, &known) {
			return explained
		}
		return &actions.Error{
			Code: actions.CodeUnreachable, What: what, Why: l.remote.Mirror + " gave no answer that can be read: " + transport.Err.Error(),
			Next: "check the address of the mirror; if it is right, try again", Err: err,
		}
	}
	next := "nothing was changed. Ask whoever runs the trust root; a mirror whose metadata has expired must be signed anew by its keepers"
	if !errors.Is(err, &metadata.ErrExpiredMetadata{}) {
		next = "nothing was changed. Check that the initial root and the mirror belong together; if they do, ask whoever runs the trust root"
	}
	return &actions.Error{Code: actions.CodeTrustRoot, What: what, Why: firstLine(err.Error()), Next: next, Err: err}
}
