package trust

import (
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
)

// roles reads the metadata of the four roles as it lies there, in the layout of today or the older one.
func (l layout) roles() (raw [rolesOnDisk][]byte, err error) {
	for i, file := range roleFiles {
		raw[i], err = os.ReadFile(l.role(file))
		if i == 0 && errors.Is(err, fs.ErrNotExist) {
			return readLegacy(l.home)
		}
		if err != nil {
			return raw, err
		}
	}
	return raw, nil
}

// local reads and verifies the metadata on disk as of now, without the network and without writing.
func (l layout) local(now time.Time) (*trustedmetadata.TrustedMetadata, error) {
	raw, err := l.roles()
	if err != nil {
		return nil, err
	}
	set, err := trustedmetadata.New(raw[0])
	if err != nil {
		return nil, err
	}
	set.RefTime = now.UTC()
	if _, err := set.UpdateTimestamp(raw[1]); err != nil {
		return nil, err
	}
	if _, err := set.UpdateSnapshot(raw[2], false); err != nil {
		return nil, err
	}
	if _, err := set.UpdateTargets(raw[3]); err != nil {
		return nil, err
	}
	return set, nil
}

// targetsOf are the targets that the verified set vouches for.
func targetsOf(set *trustedmetadata.TrustedMetadata) map[string]*metadata.TargetFiles {
	return set.Targets[metadata.TARGETS].Signed.Targets
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

// targetFiles are where a target may lie: in the layout of today, and in the older one.
func (l layout) targetFiles(name string) [2]string {
	return [2]string{
		filepath.Join(l.role("targets"), url.PathEscape(name)),
		filepath.Join(l.home, legacyTargets, url.PathEscape(name)),
	}
}

// readTarget reads a target from the cache and compares it with what the verified set says of it.
func (l layout) readTarget(set *trustedmetadata.TrustedMetadata, name string) ([]byte, error) {
	info, ok := targetsOf(set)[name]
	if !ok {
		return nil, fmt.Errorf("%s is no target of %s", name, l.remote.Mirror)
	}
	var failed error
	for _, file := range l.targetFiles(name) {
		data, err := os.ReadFile(file)
		if err == nil {
			err = info.VerifyLengthHashes(data)
		}
		if err == nil {
			return data, nil
		}
		if failed == nil || errors.Is(failed, fs.ErrNotExist) {
			failed = err
		}
	}
	return nil, failed
}

// trustedRoot reads the trusted root that the verified set vouches for.
func (l layout) trustedRoot(set *trustedmetadata.TrustedMetadata) (*root.TrustedRoot, error) {
	if _, ok := targetsOf(set)[trustedRootTarget]; !ok {
		return l.assemble(set)
	}
	data, err := l.readTarget(set, trustedRootTarget)
	if err != nil {
		return nil, err
	}
	return root.NewTrustedRootFromJSON(data)
}

// print is a fingerprint of the files that a trusted root is read from, cheap enough for every verification.
func (l layout) print() string {
	files := []string{filepath.Join(l.home, remoteFile), filepath.Join(l.home, legacyMetadata, "CURRENT")}
	for _, file := range roleFiles {
		files = append(files, l.role(file))
	}
	for _, file := range l.targetFiles(trustedRootTarget) {
		files = append(files, file)
	}
	var b strings.Builder
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
