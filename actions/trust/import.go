package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// importedFile is where an imported trust root lies in the directory of the cache. cosign does not know it.
const importedFile = "sigwalk-imported.json"

// Imported says where a trust root came from that was brought by hand.
type Imported struct {
	Source string    `json:"source"` // as the person named it
	SHA256 string    `json:"sha256"` // of the trusted_root.json, in hex
	At     time.Time `json:"at"`
}

// imported is importedFile.
type imported struct {
	Imported
	Root []byte `json:"trustedRoot"` // base64: its checksum is over these bytes
}

// ImportRequest is a trust root that comes by hand: out of a pack, from a colleague, on a stick.
type ImportRequest struct {
	Source  string // where it came from, for people
	Content []byte // trusted_root.json
	// SHA256 is the checksum that the person was told by another way, in hex; empty to trust on sight.
	SHA256 string
	// Replace allows to put it in the place of a trust root that is there.
	Replace bool
}

// Import makes a trusted root the one that is used, until the next Initialize. It fails with CodeRootChecksum when it is not
// the one that was pinned, CodeTrustRoot when it is none, and CodeFileInTheWay when there is one already.
func (c *Client) Import(ctx context.Context, req ImportRequest) (*Status, error) {
	home := c.opts.Homes.TUF
	if home == "" {
		return nil, noHome()
	}
	if pin := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(req.SHA256), "sha256:")); pin != "" && pin != sum(req.Content) {
		return nil, &actions.Error{
			Code: actions.CodeRootChecksum, What: "the trust root " + req.Source + " is not the one that was pinned",
			Why:  fmt.Sprintf("its SHA256 is %s, and %s was pinned", sum(req.Content), pin),
			Next: "nothing was changed. Ask whoever runs the signing service for the checksum of its trusted_root.json, by another way than the file",
		}
	}
	trusted, err := Parse(req.Source, req.Content)
	if err != nil {
		return nil, err
	}
	if d := Describe(trusted); len(d.Authorities) == 0 && len(d.Logs) == 0 {
		return nil, noTrustedRoot(req.Source, errors.New("it names neither a certificate authority nor a log"))
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, unwritable(home, err)
	}
	lock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Unlock() //nolint:errcheck // the lock goes with the file descriptor at the latest
	if before, err := c.Status(ctx); actions.CodeOf(err) != actions.CodeNoTrustRoot && !req.Replace {
		from := ""
		if err == nil {
			from = "it came from " + before.origin()
		}
		return nil, &actions.Error{
			Code: actions.CodeFileInTheWay, What: "there is a trust root in " + home + " already", Why: from,
			Next: "compare the two with `sigwalk trust diff`, then give --force to use the new one; or use it once, with --trusted-root",
		}
	}
	text, err := json.Marshal(imported{Imported{req.Source, sum(req.Content), c.opts.Clock.Now().UTC()}, req.Content})
	if err != nil {
		return nil, noTrustedRoot(req.Source, err)
	}
	if err := writeFile(filepath.Join(home, importedFile), text); err != nil {
		return nil, unwritable(home, err)
	}
	return c.Status(ctx)
}

// origin says where a trust root came from.
func (s *Status) origin() string {
	if s.Imported != nil {
		return s.Imported.Source
	}
	return s.Remote
}

// readImported returns what was imported; nil where nothing was.
func readImported(home string) (*imported, *root.TrustedRoot, error) {
	text, err := os.ReadFile(filepath.Join(home, importedFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && home == "" {
		return nil, nil, nil
	}
	var found imported
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return nil, nil, unreadable(home, fmt.Errorf("%s: %w", importedFile, err))
	}
	trusted, err := Parse(filepath.Join(home, importedFile), found.Root)
	return &found, trusted, err
}

// importedPrint is a fingerprint of importedFile, cheap enough for every verification; empty where nothing was imported.
func importedPrint(home string) string {
	info, err := os.Stat(filepath.Join(home, importedFile))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("imported %d,%d", info.ModTime().UnixNano(), info.Size())
}

// forgetImported lets the trust root of the mirror count again.
func forgetImported(home string) error {
	err := os.Remove(filepath.Join(home, importedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
