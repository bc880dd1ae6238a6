// Package assets holds what is built into the program: the lessons, in Markdown, and the scripts that they source.
package assets

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed lessons/*.md scripts/*.sh
var files embed.FS

// FS returns everything that is built in: lessons/NAME.md and scripts/NAME.sh.
func FS() fs.FS { return files }

// lessonOrder is the order of the course. Lessons that are not named here follow by name.
var lessonOrder = []string{"sign-an-image"}

// Lessons returns the names of the lessons in the order of the course, without their ending.
func Lessons() ([]string, error) {
	names, err := namesIn("lessons", ".md")
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names, nil
}

func rank(name string) int {
	if i := slices.Index(lessonOrder, name); i >= 0 {
		return i
	}
	return len(lessonOrder)
}

// Scripts returns the file names of the scripts, sorted.
func Scripts() ([]string, error) {
	names, err := namesIn("scripts", ".sh")
	for i := range names {
		names[i] += ".sh"
	}
	return names, err
}

func namesIn(dir, ending string) ([]string, error) {
	matches, err := fs.Glob(files, dir+"/*"+ending)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(matches))
	for i, match := range matches {
		names[i] = strings.TrimSuffix(path.Base(match), ending)
	}
	slices.Sort(names)
	return names, nil
}
