package changes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
)

// Store keeps the last look at each image in a directory of its own.
type Store struct{ Dir string }

// file is where the look at an image is kept.
func (s Store) file(image string) string {
	sum := sha256.Sum256([]byte(image))
	return filepath.Join(s.Dir, hex.EncodeToString(sum[:12])+".json")
}

// Last returns the last look at an image; ok is false where there was none.
func (s Store) Last(image string) (look Look, ok bool, err error) {
	name := s.file(image)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Look{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &look)
	}
	if err == nil && look.Image != image {
		err = fmt.Errorf("it is about %q", look.Image)
	}
	if err != nil {
		return Look{}, false, &actions.Error{
			Code: actions.CodeStateUnwritable, What: "the last look at " + image + " cannot be read", Why: err.Error(), Err: err,
			Next: "remove " + name + " to begin anew",
		}
	}
	return look, true, nil
}

// Keep keeps a look in place of the last one at the image. One who reads at the same time gets the one or the other.
func (s Store) Keep(look Look) error {
	text, err := json.MarshalIndent(look, "", "  ")
	if err == nil {
		err = os.MkdirAll(s.Dir, 0o700)
	}
	if err == nil {
		err = replace(s.file(look.Image), append(text, '\n'))
	}
	if err != nil {
		return &actions.Error{
			Code: actions.CodeStateUnwritable, What: "the look at " + look.Image + " could not be kept", Why: err.Error(), Err: err,
			Next: "make " + s.Dir + " writable, or name another directory with --dir",
		}
	}
	return nil
}

func replace(name string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".look-*")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
