package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/sigwalk/sigwalk/workshop/sandbox/internal/state"
)

// format is the version of the state that this program writes and reads.
const format = 1

// record is what a sandbox decides at its first start and keeps to ever after.
type record struct {
	Format  int       `json:"format"`
	Created time.Time `json:"created"`
	Bare    bool      `json:"bare"`
	// Ports maps the name of a server to its port: certificates and signatures name them.
	Ports            map[string]int `json:"ports"`
	RegistryPassword string         `json:"registryPassword"`
	UserPassword     string         `json:"userPassword"`
	UploadSecret     string         `json:"uploadSecret"`
	// Issuers are the identity providers beside the sandbox's own that Fulcio trusts.
	Issuers []Issuer `json:"issuers,omitempty"`
}

// openRecord reads the record of the sandbox in home; isNew says that there is none and that this one is to be saved.
func openRecord(home string, bare bool) (held record, isNew bool, err error) {
	path := filepath.Join(home, recordFile)
	text, err := state.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return record{
			Format: format, Created: time.Now().UTC().Truncate(time.Second), Bare: bare,
			RegistryPassword: password(), UserPassword: password(), UploadSecret: rand.Text(),
		}, true, nil
	}
	if err != nil {
		return record{}, false, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&held); err != nil {
		return record{}, false, fmt.Errorf("%w: %s: %w", state.ErrUnreadable, path, err)
	}
	switch {
	case held.Format > format:
		err = fmt.Errorf("%w: %s was written by a newer sigwalk", state.ErrUnreadable, path)
	case held.Format < 1, held.RegistryPassword == "", held.UserPassword == "", len(held.Ports) == 0:
		err = fmt.Errorf("%w: %s lacks what it must hold", state.ErrUnreadable, path)
	}
	return held, false, err
}

// id is what Settings.ID says. It is derived, so that sandboxes of earlier versions have one too.
func (r record) id() string {
	sum := sha256.Sum256([]byte("sandbox " + r.UploadSecret))
	return hex.EncodeToString(sum[:16])
}

func (r record) save(home string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return state.Write(filepath.Join(home, recordFile), append(text, '\n'))
}

// password returns one that a person can type: 10 letters and digits, 50 bits.
func password() string { return rand.Text()[:10] }
