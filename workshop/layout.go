package workshop

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
)

// pageDirectory is where the workshop's page has the scripts; lines that name it work here too.
const pageDirectory = "/workspace/l3-enablement-helpers/security-concepts"

// Layout is where the files of the lessons lie on disk.
type Layout struct {
	// Dir is the lessons' directory: where lines start, with the scripts in it. What a learner makes lies there too.
	Dir string
	// Aliases maps the directories that the page names to Dir, for shell.Options.
	Aliases map[string]string
}

// LayOut puts the scripts of a course's folder on disk below the state directory dir, so that `cat` shows what a line
// sources. A script that the learner changed is kept as it is; one that came with another version of the course is
// replaced. It fails with CodeStateUnwritable.
func LayOut(dir string, course fs.FS) (Layout, error) {
	layout := Layout{Dir: filepath.Join(dir, "workspace")}
	layout.Aliases = map[string]string{pageDirectory: layout.Dir}
	if err := layOut(layout.Dir, filepath.Join(dir, "laid-out"), course); err != nil {
		return Layout{}, &actions.Error{
			Code: actions.CodeStateUnwritable, What: "the lessons' scripts cannot be written below " + dir,
			Next: "make room or give write permission, or name another directory with --dir", Err: err,
		}
	}
	return layout, nil
}

// layOut writes the scripts to dir, and to originals what they were like: a script that equals its original was not
// changed by the learner.
func layOut(dir, originals string, course fs.FS) error {
	scripts, err := fs.Glob(course, scriptsDir+"/*.sh")
	if err != nil {
		return err
	}
	for _, directory := range []string{dir, originals} {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return err
		}
	}
	for _, script := range scripts {
		content, err := fs.ReadFile(course, script)
		if err != nil {
			return err
		}
		name := path.Base(script)
		if err := layOutOne(filepath.Join(dir, name), filepath.Join(originals, name), content); err != nil {
			return err
		}
	}
	return nil
}

// layOutOne writes one script unless the learner changed it, and then its original: after a crash between the two the
// script equals content, and the original is made up for.
func layOutOne(path, original string, content []byte) error {
	there, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before, errBefore := os.ReadFile(original)
	isNew := err != nil
	isOurs := errBefore == nil && bytes.Equal(there, before)
	if !bytes.Equal(there, content) {
		if !isNew && !isOurs {
			return nil
		}
		if err := writeWhole(path, content, 0o600); err != nil {
			return err
		}
	}
	if errBefore == nil && bytes.Equal(before, content) {
		return nil
	}
	return writeWhole(original, content, 0o600)
}
