package own

import (
	"path/filepath"

	"github.com/sigwalk/sigwalk/workshop/shell/confine"
)

// newFile is the name on the machine of a file of the lesson's directory that may not be there yet. The directory that it
// will lie in is there, and inside; what has the name already may be a link, and whoever writes must replace it and not
// follow it.
func (c *command) newFile(name string) (string, error) {
	rel, err := c.call.Files.Resolve(c.call.Dir, name)
	if err != nil {
		return "", err
	}
	if _, err := c.call.Files.Stat(c.call.Dir, name); confine.Outside(err) {
		return "", err // a link that leads out
	}
	dir, err := c.call.Files.Host(c.call.Files.Dir(), filepath.Dir(rel))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(rel)), nil
}
