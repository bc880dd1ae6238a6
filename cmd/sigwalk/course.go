package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/assets"
	"github.com/sigwalk/sigwalk/workshop"
)

// courseFiles is the folder of the course that --workshop names, or of the built-in one. It is read through a root, so that
// no link in it leads out of it.
func (a *app) courseFiles() (fs.FS, error) {
	if a.flags.workshop == "" {
		return assets.FS(), nil
	}
	root, err := os.OpenRoot(a.flags.workshop)
	if err != nil {
		typed := "--workshop " + a.flags.workshop
		if a.flags.folder {
			typed = "the folder " + a.flags.workshop
		}
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: typed + " cannot be opened", Why: reasonOf(err), Err: err,
			Next: "name the folder of a course; `sigwalk workshop new NAME` makes one",
		}
	}
	return root.FS(), nil
}

// course reads the course.
func (a *app) course() (*workshop.Course, error) {
	files, err := a.courseFiles()
	if err != nil {
		return nil, err
	}
	return workshop.ParseCourse(files)
}

// courseHome is where the files that belong to the course lie: the state directory itself for the built-in one, and a
// directory below it for any other, so that none sees what another left.
func (a *app) courseHome(dir string) string {
	if a.flags.workshop == "" {
		return dir
	}
	path, err := filepath.Abs(a.flags.workshop)
	if err != nil {
		path = a.flags.workshop
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, "courses", filepath.Base(path)+"-"+hex.EncodeToString(sum[:4]))
}
