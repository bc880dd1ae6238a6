package workshop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/sigwalk/sigwalk/actions"
)

// Edition is a course's folder after somebody saved a file of it.
type Edition struct {
	// Course is what the folder holds now; nil when that is no course, and then Err says why: mostly it wraps Problems.
	Course *Course
	Err    error
}

// settle is how long a folder must be left alone before it is read: an editor writes a file in several moves.
const settle = 150 * time.Millisecond

// Follow tells of each new edition of the course in the folder dir, whose files are course.Files, until ctx ends: once for
// one that was saved since course was read, and then whenever a file is saved, or was mended. An edition that says nothing
// new is not told. It returns nil at the end of ctx, and an error where the folder cannot be watched.
//
// Folders are watched, not files: most editors write beside a file and rename.
func Follow(ctx context.Context, dir string, course *Course, told func(Edition)) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return unwatched(dir, err)
	}
	defer func() { _ = watcher.Close() }()
	if err := watcher.Add(dir); err != nil {
		return unwatched(dir, err)
	}
	last := course.print
	quiet := time.NewTimer(0) // something may have been saved since the course was read
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-watcher.Events:
			if !open {
				return nil
			}
			quiet.Reset(settle)
		case err, open := <-watcher.Errors:
			if !open {
				return nil
			}
			// Events were lost, mostly: then the folder itself says what is in it.
			if err != nil {
				quiet.Reset(settle)
			}
		case <-quiet.C:
			if err := watchBelow(watcher, dir); err != nil {
				return unwatched(dir, err)
			}
			if print := printOf(course.Files); print != last {
				last = print
				edition, err := ParseCourse(course.Files)
				told(Edition{edition, err})
			}
		}
	}
}

// watchBelow watches the folders in a course's folder, which come and go; what is watched already stays so.
func watchBelow(watcher *fsnotify.Watcher, dir string) error {
	for _, name := range []string{lessonsDir, scriptsDir} {
		if err := watcher.Add(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func unwatched(dir string, err error) error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "the folder " + dir + " cannot be watched for what is saved in it", Err: err,
		Next: "start sigwalk anew after a change; where the system watches no more files, raise fs.inotify.max_user_watches",
	}
}

// printOf tells whether the files of a course changed.
func printOf(course fs.FS) (print [sha256.Size]byte) {
	var all bytes.Buffer
	add := func(part []byte) {
		all.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		all.Write(part)
	}
	for _, pattern := range []string{courseFile, lessonsDir + "/*.md", scriptsDir + "/*.sh"} {
		names, _ := fs.Glob(course, pattern) // the patterns are good
		for _, name := range names {
			content, err := readLesson(course, name) // bounded
			if err != nil {
				content = []byte(err.Error())
			}
			add([]byte(name))
			add(content)
		}
	}
	return sha256.Sum256(all.Bytes())
}
