// Package assets holds what is built into the program: the course, its lessons in Markdown, and the scripts that they source.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed course.yaml lessons/*.md scripts/*.sh
var files embed.FS

//go:embed template
var template embed.FS

// FS returns everything that is built in: course.yaml, lessons/NAME.md and scripts/NAME.sh.
func FS() fs.FS { return files }

// Template returns a small course that works, for authors to begin with. Its folders are those of FS.
func Template() fs.FS {
	sub, err := fs.Sub(template, "template")
	if err != nil {
		panic(err) // the name is good
	}
	return sub
}
