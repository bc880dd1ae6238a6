package cosign

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"

	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// keyFiles is the directory in which a line works, as key pairs are written to it.
type keyFiles struct{ call *builtin.Call }

// Exists implements keys.Directory.
func (k keyFiles) Exists(name string) (bool, error) {
	_, err := k.call.Files.Lstat(k.call.Dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Write implements keys.Directory. A file that is replaced is written beside it first.
func (k keyFiles) Write(name string, content []byte, perm fs.FileMode, replace bool) (err error) {
	target := name
	if replace {
		target += ".new-" + rand.Text()[:8]
	}
	file, err := k.call.Files.OpenFile(k.call.Dir, target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // half a key is worse than none
			_ = k.call.Files.Remove(k.call.Dir, target, false)
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil || !replace {
		return err
	}
	return k.call.Files.Rename(k.call.Dir, target, name)
}
