package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sigstore/sigstore-go/pkg/tuf"
)

const (
	remoteFile        = "remote.json"
	trustedRootTarget = "trusted_root.json"
	rolesOnDisk       = 4
)

// roleFiles are the four top-level roles in the order in which each vouches for the next.
var roleFiles = [rolesOnDisk]string{"root.json", "timestamp.json", "snapshot.json", "targets.json"}

// remote is remote.json. Cosign reads "mirror" from it as a map of strings and writes nothing else, so that a cache which
// another tool filled afterwards loses the other fields by itself.
type remote struct {
	Mirror   string `json:"mirror"`
	Root     string `json:"root,omitempty"`     // where the initial root came from
	Checksum string `json:"checksum,omitempty"` // SHA-256 of the initial root, in hex
	Pinned   string `json:"pinned,omitempty"`   // "true" when the person gave the checksum
}

// layout is where one mirror's part of a cache lies.
type layout struct {
	home   string
	remote remote
}

// dir is the directory of the metadata, named as sigstore-go names it.
func (l layout) dir() string { return filepath.Join(l.home, tuf.URLToPath(l.remote.Mirror)) }

func (l layout) role(file string) string { return filepath.Join(l.dir(), file) }

// stamp is where sigstore-go remembers when it last refreshed.
func (l layout) stamp() string {
	return filepath.Join(l.home, tuf.URLToPath(l.remote.Mirror)+".json")
}

// open finds out which mirror the cache belongs to.
func (c *Client) open() (layout, error) {
	home := c.opts.Homes.TUF
	if home == "" {
		return layout{}, noHome()
	}
	raw, err := os.ReadFile(filepath.Join(home, remoteFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return layout{}, noTrustRoot(home, nil)
	case err != nil:
		return layout{}, unreadable(home, err)
	}
	l := layout{home: home}
	if err := json.Unmarshal(raw, &l.remote); err != nil || l.remote.Mirror == "" {
		return layout{}, unreadable(home, fmt.Errorf("%s does not name a mirror", remoteFile))
	}
	return l, nil
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// writeFile replaces path in one step.
func writeFile(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already when all went well
	if _, err := temporary.Write(data); err != nil {
		_ = temporary.Close()
		return err
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
